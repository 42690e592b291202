import { accessSync, constants } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';

/** Where Chromium is looked for, after what CHROMIUM names. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** No call home, and none to any name but this machine's: what a page asks of elsewhere fails, and is seen by the tests. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  return [...(named === undefined ? [] : [named]), ...PLACES].find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** For `t.test`: skips, saying so, on a machine without Chromium. */
export const inBrowser = {
  skip: findChromium() === undefined && 'no Chromium: install it, or name it in CHROMIUM',
  timeout: 110_000,
};

export async function startBrowser(t: Test): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium');
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  t.teardown(() => browser.close());
  return browser;
}

/** What a page did that it never should: each in words, none is expected. */
export type Misdeeds = string[];

/** A page of its own context, watched: dialogs, errors, breaches of its CSP, and requests to anywhere but `origins`. */
export async function openPage(
  browser: Browser,
  origins: readonly string[],
  options: BrowserContextOptions = {},
): Promise<{ page: Page; misdeeds: Misdeeds; requests: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const misdeeds: Misdeeds = [];
  const requests: string[] = [];
  context.on('request', (request) => {
    const url = request.url();
    requests.push(`${request.method()} ${url}`);
    const { protocol, origin } = new URL(url);
    if (protocol !== 'blob:' && !origins.includes(origin)) misdeeds.push(`a request to ${url}`);
  });
  page.on('dialog', (dialog) => {
    misdeeds.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => misdeeds.push(`an error: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted|script/i.test(message.text())) misdeeds.push(message.text());
  });
  return { page, misdeeds, requests };
}
