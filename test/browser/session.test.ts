// How the page gets its session, renews it, and what it says where there is none.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { startStubNode } from '../support/stub-node.ts';
import { item } from './items.ts';

t.test('renewed before it ends, and when the node says it has', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('one')];
  node.sessionMs = 5_000;
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').waitFor();
  await eventually(async () => node.told('one').length > 0);
  t.equal(node.sessions.length, 1, 'one for all that the page asks');
  await sleep(3_000);
  const refresh = () =>
    page
      .locator('intervault-slot')
      .evaluate((slot) => (slot as HTMLElement & { refresh(): Promise<void> }).refresh());
  await refresh();
  t.equal(node.sessions.length, 2, 'its time is almost over');
  t.equal(node.calls.findLast(({ path }) => path === '/feed')?.token, 'session-1');

  node.sessionMs = 600_000;
  node.instead.set('GET /feed', ({ token }) =>
    token === 'session-1' ? { status: 401, body: { code: 'auth.expired' } } : undefined,
  );
  await refresh();
  t.equal(node.sessions.length, 3, 'refused, it is asked for anew, and the request made again');
  t.equal(node.calls.findLast(({ path }) => path === '/feed')?.token, 'session-2');
  await eventually(async () => (await page.locator('article').count()) === 1);
});

t.test('where there is none, it says so in plain words', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('one')];
  const { page, misdeeds } = await openPage(browser, [node.url]);
  const slot = page.locator('intervault-slot');
  node.instead.set('POST /session', { status: 403 });
  await page.goto(node.page({ lang: 'en' }));
  await slot.getByText('Your session has ended; reload the page.').waitFor();

  node.instead.clear();
  node.instead.set('GET /feed', { status: 403, body: { code: 'session.origin' } });
  await slot.getByRole('button', { name: 'Try again' }).click();
  await slot.getByText('This site is not allowed to show them.').waitFor();

  node.instead.set('GET /feed', { status: 429, body: { code: 'rate.limited' } });
  await page.goto(node.page({ lang: 'fr' }));
  await slot.getByText('Trop de demandes à la fois ; réessayez dans un instant.').waitFor();
  t.equal(await slot.getAttribute('state'), 'error');
  node.instead.clear();
  await slot.getByRole('button', { name: 'Réessayer' }).click();
  await page.locator('article').waitFor();
  t.equal(await slot.getAttribute('state'), 'ready');
  t.same(
    misdeeds.filter((misdeed) => !misdeed.includes('status')),
    [],
  );
});

t.test('given by the page itself', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('one')];
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').waitFor();
  const before = node.sessions.length;
  const states = await page.evaluate(async (api) => {
    type Slot = HTMLElement & { session?: object; getSession?: () => Promise<object> };
    const later = (ms: number) => new Date(Date.now() + ms).toISOString();
    const seen: string[] = [];
    const show = async (prepare: (slot: Slot) => void) => {
      const slot = document.createElement('intervault-slot') as Slot;
      slot.setAttribute('api', api);
      const done = new Promise<string>((resolve) => {
        slot.addEventListener('intervault-state', (event) => {
          const { state } = (event as CustomEvent<{ state: string }>).detail;
          if (state !== 'loading') resolve(state);
        });
      });
      prepare(slot);
      document.body.append(slot);
      seen.push(await done);
    };
    await show((slot) => {
      slot.getSession = async () => ({ token: 'by-function', expiresAt: later(60_000) });
    });
    await show((slot) => {
      slot.session = { token: 'by-property', expiresAt: later(60_000) };
    });
    await show((slot) => {
      slot.addEventListener('intervault-session', () => {
        slot.session = { token: 'asked-for', expiresAt: later(60_000) };
      });
      slot.session = { token: 'over', expiresAt: later(60_000) };
    });
    return seen;
  }, `${node.url}/v1/customers/self`);
  t.same(states, ['ready', 'ready', 'ready']);
  const tokens = node.calls.filter(({ path }) => path === '/feed').map(({ token }) => token);
  t.same(tokens.slice(1), ['by-function', 'by-property', 'over']);
  t.equal(node.sessions.length, before, 'nobody else was asked');

  node.instead.set('GET /feed', ({ token }) =>
    token === 'over' ? { status: 401, body: { code: 'auth.expired' } } : undefined,
  );
  await page
    .locator('intervault-slot')
    .last()
    .evaluate((slot) => (slot as HTMLElement & { refresh(): Promise<void> }).refresh());
  t.equal(node.calls.findLast(({ path }) => path === '/feed')?.token, 'asked-for');
});

t.test('an empty feed shows nothing', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('intervault-slot[state="empty"]').waitFor({ state: 'attached' });
  const slot = page.locator('intervault-slot');
  t.equal(await slot.isVisible(), false);
  t.equal(await slot.evaluate((element) => element.getBoundingClientRect().height), 0);
  await slot.evaluate((element) =>
    (element as HTMLElement & { open(view: string): void }).open('conversations'),
  );
  await page.getByText('Vous n’avez pas encore d’échange.').waitFor();
  await page.getByRole('button', { name: 'Retour aux messages' }).click();
  await slot.waitFor({ state: 'hidden' });
});
