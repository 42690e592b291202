// How what happened is told to the node: in order, again where it fails, as the page goes, and under a lease that holds.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { startStubNode } from '../support/stub-node.ts';
import { item } from './items.ts';

t.test('what is told as the page goes arrives', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('last')];
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').waitFor();
  // In one breath: hidden, and gone to another page.
  await page.evaluate(() => {
    const slot = document.querySelector('intervault-slot')?.shadowRoot;
    slot?.querySelector<HTMLElement>('.menu-entry')?.click();
    location.href = 'about:blank';
  });
  await eventually(async () => node.told('last').includes('dismissed'));
});

t.test('telling that fails is tried again, and nothing waits for it', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('one'), item('two')];
  let failures = 0;
  node.instead.set('POST /engagement', () => {
    failures += 1;
    return failures <= 2 ? { status: 503, body: { code: 'node.draining' } } : undefined;
  });
  const { page, misdeeds } = await openPage(browser, [node.url]);
  await page.goto(node.page({ lang: 'en' }));
  await page.locator('article').first().waitFor();
  await eventually(async () => failures > 0);
  await page.getByRole('button', { name: /Options for the message: Un conseil \(one\)/ }).click();
  await page.getByRole('button', { name: 'Hide this message' }).click();
  await page.locator('.strip').waitFor();
  await eventually(async () => node.told('one').includes('dismissed'));
  t.same(node.told('one'), ['displayed', 'dismissed'], 'in order');
  t.same(node.told('two'), ['displayed']);
  t.ok(failures >= 3);
  node.instead.set('POST /engagement', { status: 400, body: { code: 'request.invalid' } });
  await page.getByRole('button', { name: /\(two\)/ }).click();
  await page.getByRole('button', { name: 'Hide this message' }).click();
  await sleep(1_000);
  await eventually(async () => (await page.locator('.strip').count()) === 2);
  t.same(
    misdeeds.filter((misdeed) => !misdeed.includes('status')),
    [],
  );
});

t.test('a message whose lease has ended is fetched again', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  const ended = new Date(Date.now() + 3_000).toISOString();
  node.items = [item('gone', { leasedUntil: ended }), item('kept', { leasedUntil: ended })];
  const feeds = () => node.calls.filter(({ path }) => path === '/feed').length;
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page({ before: 'tall' }));
  await page.locator('article').first().waitFor();
  await sleep(3_500);
  t.equal(feeds(), 1, 'nobody looked: nothing is fetched, and no lease is taken');
  // Another device got the place of one of them.
  node.items = [item('kept')];
  await page.evaluate(() => window.scrollTo(0, 10_000));
  await eventually(async () => node.told('kept').length > 0);
  t.equal(feeds(), 2);
  t.same(node.told('gone'), []);
  await eventually(async () => (await page.locator('article').count()) === 1);

  node.items = [item('kept', { displayed: true }), item('late')];
  await page.reload();
  await page.locator('article').nth(1).waitFor();
  await page.evaluate(() => window.scrollTo(0, 10_000));
  node.instead.set('POST /engagement', {
    status: 200,
    body: { recorded: 0, ignored: [{ index: 0, code: 'event.late' }] },
  });
  node.items = [item('kept', { displayed: true })];
  await eventually(async () => (await page.locator('article').count()) === 1);
  t.equal(feeds(), 4, 'told that it came late, the page asks again');
});
