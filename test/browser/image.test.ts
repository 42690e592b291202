// A message's image comes from the vault's own node, with the session, and nothing else is asked for it.
import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { message } from '../support/slot.ts';
import { startStubNode } from '../support/stub-node.ts';
import { startShownVault } from '../support/vault-page.ts';
import { item } from './items.ts';

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

t.test('fetched with the session, shown from memory', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.image = { type: 'image/png', bytes: PIXEL };
  node.items = [item('one', { image: { type: 'image/png', alt: 'Un graphique' } })];
  const { page, misdeeds } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  const image = page.getByRole('img', { name: 'Un graphique' });
  await image.waitFor();
  await page.waitForFunction(
    () => document.querySelector('intervault-slot')?.shadowRoot?.querySelector('img')?.naturalWidth === 1,
  );
  t.match(await image.evaluate((element) => (element as HTMLImageElement).src), /^blob:/);
  t.match(
    node.calls.find(({ path }) => path === '/messages/one/image'),
    { method: 'GET', token: 'session-0' },
  );
  t.same(misdeeds, []);
});

t.test('one that cannot be had leaves its words', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [
    item('one', { image: { type: 'image/png', alt: 'Un graphique' } }),
    item('two', { image: { type: 'image/png', alt: '' } }),
  ];
  node.instead.set('GET /messages/one/image', { status: 404, body: { code: 'message.not_found' } });
  node.instead.set('GET /messages/two/image', { status: 404, body: { code: 'message.not_found' } });
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.getByText('Un graphique').waitFor();
  await page.waitForFunction(
    () => document.querySelector('intervault-slot')?.shadowRoot?.querySelector('img') === null,
  );
});

t.test('from a guest to the page, by way of the vault’s node', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t, { grant: { imageMaxBytes: 200_000 } });
  const { priority: _priority, ...given } = message({
    texts: [{ language: 'fr', title: 'Votre maison', body: 'Bien assurée ?', imageAlt: 'Une maison' }],
  });
  const integrator = await createApiClient(vault.guest, 'integrator');
  const image = { type: 'image/png', data: PIXEL.toString('base64') };
  const { body } = await integrator.call('POST', '/v1/messages', {
    json: { link: vault.link, ...given, image },
  });
  await eventually(
    async () => (await vault.guest.slots.messages.show(String(body['id']))).state === 'placed',
  );
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/fr`);
  await page.getByRole('img', { name: 'Une maison' }).waitFor();
  await page.waitForFunction(
    () => document.querySelector('intervault-slot')?.shadowRoot?.querySelector('img')?.naturalWidth === 1,
  );
  t.same(misdeeds, [], 'no policy is in its way, and no other server was asked');
});
