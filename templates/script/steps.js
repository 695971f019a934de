// The start as a timeline: each thing that it waited for, how long, and how long that usually takes.

// what was seen of a start is kept as long as the tab, so that a reload does not lose it
let steps = { session: null, seen: [], done: null };

function remember() {
  try {
    sessionStorage.setItem('steps', JSON.stringify(steps));
  } catch {
    // without it, a reload begins the list anew
  }
}

function recall() {
  try {
    steps = JSON.parse(sessionStorage.getItem('steps')) ?? steps;
  } catch {
    // as if nothing had been seen
  }
}

/** Takes notice of a status. */
function step(status) {
  // a start that is stuck is not over
  const stuck = status.phase === 'failed' && steps.session === status.session && steps.done === null;
  const coming = status.phase === 'sign-in' || status.phase === 'starting' || stuck;
  if (!status.session || (steps.session !== status.session && !coming)) {
    steps = { session: null, seen: [], done: null };
  } else if (coming) {
    if (steps.session !== status.session) steps = { session: status.session, seen: [], done: null };
    const last = steps.seen.at(-1);
    // the sentence of a sign-in counts the minutes: that is one step all the same
    const says = status.phase === 'sign-in' ? 'You sign in.' : status.says;
    if (last?.says !== says) {
      const since = Date.parse(status.since ?? '') || now();
      // a step begins when the one before has ended
      const begins = Math.max(since, last?.at ?? 0);
      const first = last === undefined ? since : last.at === begins ? now() : begins;
      steps.seen.push({ says, at: first, usually: status.usually });
      tell(says);
    }
    steps.done = null;
  } else if (steps.done === null) {
    const connected = status.phase === 'running' ? Date.parse(status.since ?? '') : NaN;
    steps.done = Math.max(connected || now(), steps.seen.at(-1)?.at ?? 0);
  }
  remember();
  drawSteps(coming, status.phase);
}

function drawSteps(coming, phase) {
  const told = steps.seen.length > 0 && (coming || phase === 'running' || phase === 'failed');
  show('steps', told);
  if (!told) return;
  const box = at('steps');
  if (box.dataset.session !== steps.session || box.dataset.coming !== String(coming)) {
    box.open = coming;
    Object.assign(box.dataset, { session: steps.session, coming });
  }
  const list = at('step-list');
  const items = steps.seen.map((one, index) => {
    const item = list.children[index] ?? list.appendChild(make('li', {}, make('span'), make('span', { class: 'quiet' })));
    if (item.firstChild.textContent !== one.says) item.firstChild.textContent = one.says;
    const current = coming && index === steps.seen.length - 1;
    if (current) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
    return item;
  });
  while (list.children.length > items.length) list.lastChild.remove();
  tick();
}

/** The times of the steps; the last one's grows. */
function tick() {
  if (steps.seen.length === 0) return;
  const list = at('step-list');
  steps.seen.forEach((one, index) => {
    const ends = steps.seen[index + 1]?.at ?? steps.done ?? now();
    const usually = one.usually ? `, usually ${one.usually}` : '';
    const text = lasts(ends - one.at) + usually;
    const told = list.children[index]?.lastChild;
    if (told && told.textContent !== text) told.textContent = text;
  });
  const whole = lasts((steps.done ?? now()) - steps.seen[0].at);
  const title = steps.done === null ? `Starting for ${whole}` : `The start took ${whole}`;
  if (at('steps-title').textContent !== title) at('steps-title').textContent = title;
}
