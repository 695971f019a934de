// Why a workspace is still on, until when, and keeping it.

const SIGNALS = {
  presence: 'A window of VS Code', editor: 'Editing', terminal: 'Terminals', gpu: 'GPU', cpu: 'Processor', disk: 'Disk',
  network: 'Network',
};

function use(status) {
  const { life } = status;
  show('life', life !== undefined);
  if (life === undefined) return;
  drawEnd(status);
  put('why', `Why then: ${plain(life.why)}.`);
  const signals = status.activity ?? [];
  show('activity', signals.length > 0);
  at('signals').replaceChildren(...signals.map(signal));
}

/** When it stops, if nothing else happens. */
function drawEnd({ life }) {
  if (life === undefined) return;
  const left = Date.parse(life.ends) - now();
  const then = left > 0 ? `at ${clock(life.ends)}, in ${lasts(left)}` : 'soon';
  put('ends', life.warned ? `It will be stopped ${then}. Use it, or keep it.` : `It stops by itself ${then}, if nothing else happens.`);
}

function signal({ signal, state, at: seen, value, why }) {
  const last = {
    seen: () => make('time', { datetime: seen, title: clock(seen) }, ago(seen)),
    nothing: () => 'not since the start',
    unknown: () => `not known: ${why}`,
  }[state]();
  return make('tr', {}, make('th', { scope: 'row' }, SIGNALS[signal] ?? signal), make('td', {}, last), make('td', {}, value ?? ''));
}

/** Keeps the workspace for a length of time, or until a moment. */
async function keep(wish) {
  const status = await act('keep', () => ask('POST', '/api/keep', wish));
  if (status) tell(status.life?.keep ? `It is kept until ${clock(status.life.keep)}.` : 'It is kept.');
}

for (const button of document.querySelectorAll('[data-for]')) {
  button.addEventListener('click', () => keep({ for: button.dataset.for }));
}

at('keep').addEventListener('submit', (event) => {
  event.preventDefault();
  keep({ until: new Date(at('until').value).toISOString().replace(/\.\d+/, '') });
});

/** The field proposes the evening of today, or two hours from now. */
function propose() {
  const evening = new Date(now());
  evening.setHours(20, 0, 0, 0);
  const wished = evening.getTime() - now() > 3600000 ? evening : new Date(now() + 2 * 3600000);
  wished.setMinutes(0, 0, 0);
  const local = new Date(wished.getTime() - wished.getTimezoneOffset() * 60000);
  at('until').value = local.toISOString().slice(0, 16);
}
