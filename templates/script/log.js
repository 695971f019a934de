// The log as it comes, from where it broke off.

const KEPT = 2000;
let following = null;

async function follow() {
  const own = new AbortController();
  following = own;
  at('lines').textContent = '';
  let from = 'tail=200';
  while (!own.signal.aborted) {
    try {
      put('log-says', 'New lines appear here as they come.');
      const since = await stream(from, own.signal);
      from = `since=${encodeURIComponent(since)}`;
    } catch (failure) {
      if (own.signal.aborted) return;
      // nothing is lost: the next answer begins with the last lines
      const told = failure instanceof Problem ? `${sentence(failure.says)} ${plain(failure.next)}` : 'It broke off, and is asked for again.';
      put('log-says', told);
      await new Promise((resolve) => setTimeout(resolve, 5000));
      at('lines').textContent = '';
      from = 'tail=200';
    }
  }
}

/** One answer, which ends with the cursor that the next one goes on from. */
async function stream(from, signal) {
  const answer = await fetch(`/api/logs?follow=true&${from}`, { credentials: 'same-origin', cache: 'no-store', signal });
  if (!answer.ok) throw await problem(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let cursor;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    cursor = lines.reduce((last, line) => cursorOf(line) ?? last, cursor);
    write(lines.filter((line) => !line.startsWith('{"dcaas":')));
  }
  if (cursor === undefined) throw new Error('it broke off');
  return cursor;
}

function cursorOf(line) {
  return line.startsWith('{"dcaas":"cursor"') ? JSON.parse(line).since : undefined;
}

function write(lines) {
  if (lines.length === 0) return;
  const box = at('lines');
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  box.append(...lines.map((line) => `${line}\n`));
  while (box.childNodes.length > KEPT) box.firstChild.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function stopFollowing() {
  following?.abort();
  following = null;
}

function openLog(wanted) {
  if (at('log-box').hidden === !wanted) return;
  show('log-box', wanted);
  at('follow').setAttribute('aria-expanded', String(wanted));
  at('follow').textContent = wanted ? 'Hide it' : 'Show it';
  if (wanted) follow();
  else stopFollowing();
}

at('follow').addEventListener('click', () => openLog(at('log-box').hidden));

/** There is a log as soon as something runs, also where it can not be reached yet, and until its end. */
function logOf({ phase, activity }) {
  const runs = ['running', 'failed', 'stopping'].includes(phase) || activity !== undefined;
  show('log', runs);
  if (!runs) openLog(false);
}

document.addEventListener('visibilitychange', () => {
  if (at('log-box').hidden) return;
  stopFollowing();
  if (!document.hidden) follow();
});
