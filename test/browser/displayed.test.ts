// When a message counts as displayed: half of it in view for a second on end, in a page that is itself looked at.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import t from 'tap';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { type StubNode, startStubNode } from '../support/stub-node.ts';
import { item } from './items.ts';

/** Nothing that happens after a second takes longer than that to be told. */
const TOLD_MS = 2_000;

/** Headless Chromium shows every tab: what a page sees of being hidden is set in the page. */
function setVisibility(page: Page, state: 'visible' | 'hidden'): Promise<void> {
  return page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
}

/** When the page says it was displayed. */
function displayedMs(node: StubNode, message: string): number {
  const events = node.calls.flatMap(
    ({ body }) => (body['events'] ?? []) as { message: string; at: string }[],
  );
  return Date.parse(events.find((event) => event.message === message)?.at ?? '');
}

const scrollTo = (page: Page, y: number) => page.evaluate((top) => window.scrollTo(0, top), y);

t.test('in view for a second', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('seen')];
  const { page, misdeeds } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').waitFor();
  await eventually(async () => node.told('seen').length > 0);
  // By the node's clock, which is the page's once it has a feed.
  const waitedMs = displayedMs(node, 'seen') - (node.fedMs[0] ?? 0);
  t.ok(waitedMs >= 1_000 && waitedMs < 10_000, `${waitedMs} ms after the feed was given`);
  t.same(node.told('seen'), ['displayed']);
  await sleep(TOLD_MS);
  t.same(node.told('seen'), ['displayed'], 'once');
  t.same(misdeeds, []);
});

t.test('not below the fold, not in passing, not what was seen before', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('below'), item('known', { displayed: true, leasedUntil: undefined })];
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page({ before: 'tall' }));
  await page.locator('article').first().waitFor();
  await sleep(TOLD_MS);
  t.same(node.told('below'), [], 'below the fold');
  // Timed in the page itself, where the second is measured.
  await page.evaluate(async () => {
    for (let i = 0; i < 3; i++) {
      for (const [top, ms] of [
        [10_000, 500],
        [0, 400],
      ] as const) {
        window.scrollTo(0, top);
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    }
  });
  await sleep(TOLD_MS);
  t.same(node.told('below'), [], 'three times half a second is no second on end');
  const top = await page
    .locator('article')
    .first()
    .evaluate((card) => card.getBoundingClientRect().top);
  await scrollTo(page, top - 900 + 40);
  await sleep(TOLD_MS);
  t.same(node.told('below'), [], 'forty pixels of it');
  await scrollTo(page, 10_000);
  await eventually(async () => node.told('below').length > 0);
  t.same(node.told('known'), [], 'seen on another day');
});

t.test('not in a tab that is hidden', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('one')];
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').waitFor();
  await sleep(400);
  await setVisibility(page, 'hidden');
  await sleep(TOLD_MS);
  t.same(node.told('one'), []);
  const backMs = Date.now();
  await setVisibility(page, 'visible');
  await eventually(async () => node.told('one').length > 0);
  const waitedMs = displayedMs(node, 'one') - backMs;
  t.ok(waitedMs > 900, `the second begins anew: ${waitedMs} ms`);
});
