// Everybody, for admins: where each stands, what comes, and stopping somebody's.

const PEOPLE_EVERY = 30;
let peopleTimer;

async function everybody() {
  clearTimeout(peopleTimer);
  if (at('everybody') === null || document.hidden) return;
  try {
    const [{ body }, used] = await Promise.all([ask('GET', '/api/workspaces'), usedByAll()]);
    succeed('everybody');
    drawPeople(body, used);
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    fail('everybody', failure);
  }
  peopleTimer = setTimeout(everybody, PEOPLE_EVERY * 1000);
}

/** What everybody has used this month, by member. Where that is not known, the rest is shown all the same. */
async function usedByAll() {
  try {
    const { body } = await ask('GET', '/api/usage?all=true');
    return new Map(body.members.map((one) => [one.member, `${spent(one.hours)}, ${money(one.cost, body.currency)}`]));
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    return null;
  }
}

function drawPeople({ brake, comparison, people }, used) {
  put('brake', brake?.says);
  put('machines', comparison?.machines?.map(({ node, says, next }) => `${node}: ${says} ${next}`).join(' '));
  const on = people.filter((person) => isOn(person)).length;
  const compared = comparison ? ` Last compared with the group ${ago(comparison.at)}${comparison.fault ? `: ${comparison.fault}` : ''}.` : '';
  put('everybody-says', `${people.length} ${people.length === 1 ? 'person' : 'people'}, ${on} on.${compared}`);
  show('people-box', people.length > 0);
  // whoever is about to press a button keeps it
  const focused = document.activeElement?.dataset?.member;
  at('people').replaceChildren(...people.map((one) => person(one, used)));
  if (focused) document.querySelector(`[data-member="${focused}"]`)?.focus();
}

function isOn({ phase }) {
  return ['sign-in', 'starting', 'running', 'failed'].includes(phase);
}

function person(of, used) {
  const name = of.name ?? of.member;
  const [word] = PHASES[of.phase] ?? [of.phase];
  const row = make('tr', {},
    make('th', { scope: 'row', title: of.member }, name),
    make('td', {}, word + (isOn(of) && of.profile ? `, ${of.profile}` : '')),
    make('td', {}, plain(of.says) + (isOn(of) ? verdict(of) : '')),
    make('td', { class: 'number' }, used === null ? 'not known' : (used.get(of.member) ?? 'none')),
    make('td', {}));
  if (isOn(of)) row.lastChild.append(stopOf(of.member, name));
  return row;
}

/** What a sweep of now would say: when it ends by itself, and why not sooner. */
function verdict({ life, session }) {
  if (life !== undefined) {
    return ` ${life.warned ? 'It will be stopped' : 'It stops by itself'} at ${clock(life.ends)}: ${plain(life.why)}.`;
  }
  return session?.why ? ` ${sentence(session.why)}` : '';
}

function stopOf(member, name) {
  const button = make('button', { type: 'button', 'data-member': member, 'aria-label': `Stop the workspace of ${name}` }, 'Stop');
  button.addEventListener('click', async () => {
    if (!(await sure(`Stop the workspace of ${name}?`))) return;
    button.disabled = true;
    try {
      await ask('POST', `/api/stop?member=${encodeURIComponent(member)}`, {});
      succeed('everybody');
      tell(`The workspace of ${name} ends.`);
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      fail('everybody', failure);
    }
    await everybody();
    // the button has gone with what it stopped
    if (document.activeElement === document.body) at('everybody-title').focus();
  });
  return button;
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) everybody(); });
