// Requests to the API, and what is said when they come to nothing.

class Problem extends Error {
  constructor(status, body) {
    super(body.detail);
    Object.assign(this, { status, code: body.code, says: body.detail, next: body.next });
  }
}

const unreachable = {
  code: 'unreachable',
  detail: 'this page can not reach its server just now',
  next: 'Your workspace is not touched by this. Look whether you are online; this page goes on by itself.',
};

/** Asks the API, with the session's cookie. Gives the answer's body, and its headers. */
async function ask(method, path, body) {
  const request = { method, headers: {}, credentials: 'same-origin', redirect: 'error', cache: 'no-store' };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers['content-type'] = 'application/json';
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch {
    throw new Problem(0, unreachable);
  }
  setClock(answer.headers.get('date'));
  if (!answer.ok) throw await problem(answer);
  return { body: await answer.json(), headers: answer.headers };
}

async function problem(answer) {
  const known = answer.headers.get('content-type')?.startsWith('application/problem+json');
  const body = known ? await answer.json() : { ...unreachable, detail: `the server answered with ${answer.status}` };
  return new Problem(answer.status, body);
}

/** What one part of the page last failed at is shown until that part succeeds. */
const failures = new Map();

function fail(part, problem) {
  failures.set(part, problem);
  showFailure();
}

function succeed(part) {
  if (failures.delete(part)) showFailure();
}

function showFailure() {
  const problem = [...failures.values()].pop();
  show('problem', problem !== undefined);
  if (problem === undefined) return;
  const over = problem.status === 401;
  put('problem-says', over ? 'Your sign-in to this page has ended.' : sentence(problem.says));
  put('problem-next', over ? 'What runs goes on. Sign in again to see it.' : plain(problem.next));
  show('problem-sign-in', over);
}
