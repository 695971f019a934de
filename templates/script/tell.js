// Words, times and elements: what the other parts tell people with.

const at = (id) => document.getElementById(id);
const facts = at('main').dataset;

/** Writes a text, or hides its element where there is none. What has not changed is left alone. */
function put(id, text) {
  const element = at(id);
  const wanted = text ?? '';
  if (element.textContent !== wanted) element.textContent = wanted;
  element.hidden = wanted === '';
}

function show(id, wanted) {
  at(id).hidden = !wanted;
}

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Says something to those who hear the page. */
function tell(text) {
  at('told').textContent = text;
}

/** The API's sentences name its routes for programs; a person here has buttons. */
function plain(text) {
  return text?.replace(/ \((GET|POST) \/api\/[^)]*\)/g, '');
}

function sentence(text) {
  const told = plain(text).trim();
  return told.charAt(0).toUpperCase() + told.slice(1) + (/[.!?]$/.test(told) ? '' : '.');
}

// how far this computer's clock is from the server's, in milliseconds
let ahead = 0;

function now() {
  return Date.now() - ahead;
}

function setClock(header) {
  const server = Date.parse(header ?? '');
  // the header has whole seconds: less than that is no difference
  if (!Number.isNaN(server) && Math.abs(Date.now() - server - ahead) > 1500) ahead = Date.now() - server;
}

/** `14:05`, with the day where it is not today. */
function clock(text) {
  const time = new Date(text);
  const today = time.toDateString() === new Date(now()).toDateString();
  const day = today ? {} : { weekday: 'short', day: 'numeric', month: 'short' };
  return time.toLocaleString([], { hour: '2-digit', minute: '2-digit', ...day });
}

/** A length of time in words: `45 s`, `2 min 5 s`, `3 h 20 min`, `2 days 4 h`. */
function lasts(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (days >= 2) return `${days} days ${hours % 24} h`;
  if (hours >= 1) return `${hours} h ${minutes % 60} min`;
  if (minutes >= 10) return `${minutes} min`;
  if (minutes >= 1) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

function ago(text) {
  const passed = now() - Date.parse(text);
  return passed < 60000 ? 'just now' : `${lasts(passed)} ago`;
}

/** A text whose web addresses can be followed. */
function linked(text) {
  return text.split(/(https:\/\/[^\s)]+)/).map((part) =>
    part.startsWith('https://')
      ? make('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, part)
      : part);
}
