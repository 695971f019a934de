// Does in a real browser what a test says, line by line: `{"do", …}` comes in, `{"ok"}` or `{"error"}` goes out.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { DCAAS_BROWSER: program, DCAAS_BROWSER_DRIVER: folder, DCAAS_SHOTS: shots } = process.env;
const require = createRequire(`${folder}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// how long anything may take that the page does by itself: it looks once a minute, and may see a change at its second look
const PATIENCE = 180000;
const WIDE = { width: 1100, height: 900 };
const PHONE = { width: 375, height: 800 };

const browser = await chromium.launch({
  // a program without a path is looked for as the shell does
  executablePath: require('node:child_process').execFileSync('sh', ['-c', `command -v ${program}`]).toString().trim(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
// the world's certificates are its own
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: WIDE, colorScheme: 'light' });
context.setDefaultTimeout(PATIENCE);

// what the page did that it must not: errors of its script, and what its policy kept from it
const wrong = [];
const asked = new Map();
let page = await another();

async function another() {
  const page = await context.newPage();
  page.on('pageerror', (error) => wrong.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted Type/i.test(message.text())) wrong.push(message.text());
  });
  page.on('request', (request) => {
    const path = new URL(request.url()).pathname;
    asked.set(path, (asked.get(path) ?? 0) + 1);
  });
  return page;
}

const find = ({ role, name, label, css, text }) => {
  if (css) return page.locator(css, text ? { hasText: text } : {});
  return label ? page.getByLabel(label) : page.getByRole(role, { name, exact: true });
};

const deeds = {
  open: async ({ url }) => (await page.goto(url)).status(),
  see: async (what) => find(what).first().waitFor({ state: 'visible' }),
  gone: async (what) => find(what).first().waitFor({ state: 'hidden' }),
  click: async (what) => find(what).first().click(),
  fill: async (what) => find(what).first().fill(what.value),
  press: async ({ key }) => page.keyboard.press(key),
  // key by key, as somebody does who can type
  type: async ({ text }) => page.keyboard.type(text, { delay: 50 }),
  // the page is left, as by its cross: it may say goodbye
  leave: async () => {
    await page.close({ runBeforeUnload: false });
    page = await another();
  },
  text: async (what) => (await find(what).first().textContent()).trim(),
  attribute: async (what) => find(what).first().getAttribute(what.attribute),
  count: async (what) => find(what).count(),
  // whoever uses the keyboard alone is here
  focused: async () => page.evaluate(() => {
    const one = document.activeElement;
    return one.getAttribute('aria-label') ?? (one.id || one.value || one.textContent).trim();
  }),
  allow: async ({ what, url }) => context.grantPermissions(what, { origin: new URL(url).origin }),
  clipboard: async () => page.evaluate(() => navigator.clipboard.readText()),
  // so many requests at least; what comes without being waited for is told by a later count
  asked: async ({ path, least }) => {
    await until(() => (asked.get(path) ?? 0) >= least);
    return asked.get(path) ?? 0;
  },
  wrong: async () => wrong,
  // the browser shows an error of its own in place of a page inside this one
  refuses: async () => until(() => page.frames().some((frame) => frame.url().startsWith('chrome-error:'))),
  cookies: async () => (await context.cookies()).map(({ name, httpOnly, secure, sameSite }) => ({ name, httpOnly, secure, sameSite })),
  forget: async () => context.clearCookies(),
  // a page of somebody else's, which no server has
  elsewhere: async ({ url, html }) => {
    await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(url);
  },
  // the pages that are opened from now on have a time that stands still
  clock: async () => {
    const time = Date.now();
    await page.clock.install({ time });
    await page.clock.pauseAt(time + 1000);
  },
  passes: async ({ seconds }) => page.clock.runFor(seconds * 1000),
  hide: async ({ hidden }) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden),
  state: async ({ name }) => state(name),
};

/** Waits for what the browser tells by itself. */
async function until(holds) {
  const end = Date.now() + PATIENCE;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What the page looks like, and what the checker of accessibility finds: in light, in dark, and on a phone. */
async function state(name) {
  const found = [];
  for (const [look, colorScheme, viewport] of [['light', 'light', WIDE], ['dark', 'dark', WIDE], ['phone', 'light', PHONE]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await page.screenshot({ path: `${shots}/${name}-${look}.png`, fullPage: true, animations: 'disabled' });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) found.push(`${look}: ${wide} pixels stand out to the side`);
    const result = await page.evaluate(`${axe}; axe.run({ resultTypes: ['violations'] })`);
    for (const { id, help, nodes } of result.violations) {
      found.push(`${look}: ${id}: ${help}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WIDE);
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  const wish = JSON.parse(line);
  let told;
  try {
    told = { ok: (await deeds[wish.do](wish)) ?? null };
  } catch (error) {
    await page.screenshot({ path: `${shots}/failure-${process.pid}.png`, fullPage: true }).catch(() => {});
    told = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
await browser.close();
