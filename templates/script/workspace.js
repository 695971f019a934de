// One's own workspace: what it is, what can be done about it, and when to ask again.

const PHASES = {
  stopped: ['Off', ''], 'sign-in': ['Waiting for you', 'wait'], starting: ['Starting', 'wait'], running: ['Running', 'good'],
  stopping: ['Stopping', 'wait'], failed: ['Stuck', 'bad'], absent: ['None', ''],
};
const CHANGING = ['sign-in', 'starting', 'stopping'];
const PROVIDERS = { github: 'GitHub', microsoft: 'Microsoft' };
// in seconds; while something changes, the server says when to ask again
const QUIET = 60;
const STUCK = 15;
const PATIENCE = [5, 10, 20, 40, 60];

let status = null;
let failed = 0;
let timer;
// an answer that was asked for before a change must not be shown after it
let turn = 0;

function draw(next) {
  const before = status;
  status = next;
  const [word, mood] = PHASES[status.phase] ?? [status.phase, ''];
  put('phase', word);
  at('phase').dataset.mood = mood;
  document.title = `${word} – dcaas`;
  put('says', plain(status.says));
  // where there is a button or a code for it, that says enough
  const said = status.phase === 'stopped' || status.signIn !== undefined;
  put('next', said ? undefined : plain(status.next));
  if (before?.phase !== status.phase && before !== null) tell(`${word}. ${plain(status.says)}`);
  const off = status.phase === 'stopped' || status.phase === 'absent';
  show('start', off || status.phase === 'failed');
  put('go', status.phase === 'failed' ? 'Start with this size' : 'Start');
  show('stop-row', !off && status.phase !== 'stopping');
  put('stop', status.phase === 'running' || status.phase === 'failed' ? 'Stop' : 'Cancel the start');
  step(status);
  drawSignIn(status.signIn);
  drawAddress(status);
  use(status);
  logOf(status);
}

function drawSignIn(waits) {
  show('sign-in', waits !== undefined);
  if (waits === undefined) return;
  const name = PROVIDERS[waits.provider] ?? waits.provider;
  put('sign-in-says', `Open ${name}, enter this code there, and allow “Visual Studio Code”. Everything else goes on by itself.`);
  put('code', waits.code);
  put('provider', `Open ${name}`);
  at('provider').href = waits.page;
  put('expires', `The code is good until ${clock(waits.expires)}.`);
  if (at('licence').dataset.text !== waits.licence) {
    at('licence').dataset.text = waits.licence;
    at('licence').replaceChildren(...linked(waits.licence));
    show('licence', true);
  }
  const other = waits.provider === 'github' ? 'microsoft' : 'github';
  at('other-provider').dataset.provider = other;
  put('other-provider', `Sign in with ${PROVIDERS[other]} instead`);
}

/** It runs, and its tunnel does not. */
function unreached({ phase, address }) {
  return phase === 'running' && address === undefined;
}

function drawAddress(next) {
  const { address, account } = next;
  show('open', address !== undefined);
  // what it says then may be that the sign-in counts no more
  show('anew-row', unreached(next) && next.signIn === undefined);
  if (address === undefined) return;
  const tunnel = address.slice(address.lastIndexOf('/') + 1);
  at('browser').href = address + facts.home;
  at('desktop').href = `vscode://vscode-remote/tunnel+${tunnel}${facts.home}`;
  put('account', account && `VS Code will ask you to sign in: take the account of the tunnel, ${account}.`);
}

/** Asks how it is, and plans when to ask again: often while it changes, never while nobody looks. */
async function look() {
  clearTimeout(timer);
  const own = ++turn;
  let wait = QUIET;
  try {
    const { body, headers } = await ask('GET', '/api/status');
    if (own !== turn) return;
    failed = 0;
    succeed('status');
    draw(body);
    if (CHANGING.includes(body.phase) || body.signIn) wait = Number(headers.get('retry-after')) || PATIENCE[0];
    // it may go on by itself, and not soon: a start that is stuck, a tunnel that is lost
    if (body.phase === 'failed' || unreached(body)) wait = STUCK;
  } catch (failure) {
    if (own !== turn) return;
    if (!(failure instanceof Problem)) throw failure;
    fail('status', failure);
    if (status === null) put('says', failure.code === 'not-a-member' ? 'There is none for you yet.' : 'How it is, is not known.');
    wait = PATIENCE[Math.min(failed++, PATIENCE.length - 1)];
    // nobody is let in by asking often
    if (failure.status === 401 || failure.status === 403) wait = QUIET;
  }
  again(wait);
}

function again(seconds) {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, seconds * 1000);
}

/** Does what a button says: the answer is the new status. */
async function act(part, deed) {
  clearTimeout(timer);
  const own = ++turn;
  const held = document.activeElement;
  const buttons = [...document.querySelectorAll('main button')].filter((button) => !button.disabled);
  for (const button of buttons) button.disabled = true;
  let done = null;
  try {
    done = (await deed()).body;
    for (const one of ['start', 'stop', 'keep', 'sign-in', 'status']) succeed(one);
    if (own === turn) draw(done);
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    fail(part, failure);
  } finally {
    for (const button of buttons) button.disabled = false;
    // a button that is disabled loses the focus
    if (document.activeElement === document.body) held.focus();
  }
  again(PATIENCE[0]);
  return done;
}

at('start').addEventListener('submit', async (event) => {
  event.preventDefault();
  const profile = new FormData(event.target).get('profile');
  // the button goes away: whoever uses the keyboard is taken to what is said now
  if (await act('start', () => ask('POST', '/api/start', profile ? { profile } : {}))) at('says').focus();
});

at('other-provider').addEventListener('click', () =>
  act('sign-in', () => ask('POST', '/api/signin', { provider: at('other-provider').dataset.provider })));

at('anew').addEventListener('click', () => act('sign-in', () => ask('POST', '/api/signin', {})));

at('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(at('code').textContent);
    tell('The code is copied.');
    at('copy').textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(at('code'));
    tell('The code is selected.');
    at('copy').textContent = 'Selected: copy it now';
  }
  setTimeout(() => { at('copy').textContent = 'Copy the code'; }, 3000);
});

/** Asks whether they are sure; what runs would be lost. */
function sure(question) {
  at('sure-says').textContent = question;
  const box = at('sure');
  box.returnValue = '';
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener('close', () => resolve(box.returnValue === 'stop'), { once: true });
  });
}

at('stop').addEventListener('click', async () => {
  const asks = status?.phase === 'running';
  if (asks && !(await sure('Stop your workspace?'))) return;
  if (await act('stop', () => ask('POST', '/api/stop', {}))) at('says').focus();
});

document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : look()));
setInterval(() => {
  if (document.hidden || status === null) return;
  if (steps.done === null) tick();
  drawEnd(status);
}, 1000);

recall();
propose();
look();
hours();
everybody();
