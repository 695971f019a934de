// This month's hours, day by day, and what they cost.

const HOURS_EVERY = 300;
let hoursTimer;

async function hours() {
  clearTimeout(hoursTimer);
  if (document.hidden) return;
  try {
    const { body } = await ask('GET', '/api/usage');
    drawHours(body);
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    // what is wrong with all of it, the status says; this part says only what it lacks
    show('hours', status !== null);
    put('hours-says', 'Your hours of this month are not known just now. They are counted all the same; look again later.');
    at('chart').replaceChildren();
    put('hours-budget', undefined);
  }
  hoursTimer = setTimeout(hours, HOURS_EVERY * 1000);
}

function money(sum, currency) {
  return `${sum.toFixed(2)} ${currency}`;
}

/** `2.5 hours`, and minutes below one. */
function spent(hours) {
  return hours < 1 ? `${Math.max(1, Math.round(hours * 60))} min` : `${hours.toFixed(1)} hours`;
}

function drawHours({ month, currency, members: [own] }) {
  show('hours', true);
  const sessions = own.sessions === 1 ? '1 session' : `${own.sessions} sessions`;
  put('hours-says', own.sessions === 0
    ? 'You have used no hours yet.'
    : `${spent(own.hours)} in ${sessions}: ${money(own.cost, currency)}.`);
  put('hours-budget', own.budget?.says);
  at('hours-budget').className = own.budget?.state === 'spent' ? 'problem' : 'quiet';
  at('chart').replaceChildren(...(own.sessions === 0 ? [] : [chart(month, own.days), table(own.days, currency)]));
}

const WIDTH = 640;
const HEIGHT = 120;
const FOOT = 18;

/** A bar for each day of the month. Those who do not see it have the table. */
function chart(month, days) {
  const [year, number] = month.split('-').map(Number);
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const most = Math.max(8, ...days.map((day) => day.hours));
  const wide = WIDTH / last;
  const bars = days.filter((day) => day.day.startsWith(month)).map(({ day, hours }) => {
    const high = Math.max(2, (hours / most) * HEIGHT);
    const x = (Number(day.slice(-2)) - 1) * wide + wide * 0.15;
    return shape('rect', { class: 'bar', x, y: HEIGHT - high, width: wide * 0.7, height: high, rx: 2 });
  });
  const words = [1, 8, 15, 22, 29].filter((day) => day <= last).map((day) =>
    shape('text', { x: (day - 0.5) * wide, y: HEIGHT + FOOT - 4, 'text-anchor': 'middle' }, String(day)));
  const axis = shape('line', { class: 'axis', x1: 0, x2: WIDTH, y1: HEIGHT + 0.5, y2: HEIGHT + 0.5 });
  return shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`, 'aria-hidden': 'true' }, ...bars, axis, ...words);
}

function shape(name, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function table(days, currency) {
  const number = (text) => make('td', { class: 'number' }, text);
  const rows = days.map(({ day, hours, cost }) => make('tr', {},
    make('th', { scope: 'row' }, new Date(`${day}T12:00:00Z`).toLocaleDateString([], { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' })),
    number(spent(hours)), number(money(cost, currency))));
  const head = make('tr', {}, make('th', { scope: 'col' }, 'Day'), make('th', { scope: 'col', class: 'number' }, 'Time'),
    make('th', { scope: 'col', class: 'number' }, 'Cost'));
  return make('details', {}, make('summary', {}, 'Day by day'),
    make('table', { 'aria-label': 'Hours of this month, day by day' }, make('thead', {}, head), make('tbody', {}, ...rows)));
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) hours(); });
