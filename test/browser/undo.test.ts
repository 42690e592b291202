// What a customer takes away and takes back, as the node keeps it.
import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { sendAndWait, sql } from '../support/slot.ts';
import { startShownVault } from '../support/vault-page.ts';

const text = (title: string) => ({ texts: [{ language: 'fr', title, body: 'Un conseil.' }] });

t.test('hide, mute, and take it back', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  await sendAndWait(vault, text('Premier'));
  await sendAndWait(vault, text('Deuxième'));
  await sendAndWait(vault, { ...text('Service'), category: 'service' });
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/fr`);
  await page.locator('article').nth(2).waitFor();
  const choose = async (title: string, entry: RegExp) => {
    await page.getByRole('button', { name: `Options du message : ${title}` }).click();
    await page.getByRole('button', { name: entry }).click();
  };
  const undo = page.getByRole('button', { name: 'Annuler' });
  const kept = async (column: string) =>
    (await sql(vault.host, `select 1 from message_displays where ${column} is not null`)).length;
  const mutes = async () => (await sql(vault.host, 'select 1 from customer_mutes')).length;

  await choose('Premier', /Masquer/);
  await eventually(async () => (await kept('dismissed_at')) === 1);
  t.equal(await page.locator('article').count(), 2);
  await undo.click();
  await eventually(async () => (await kept('dismissed_at')) === 0);
  await page.getByRole('article', { name: 'Premier' }).waitFor();

  await choose('Premier', /Mettre Banque Aubépine en sourdine/);
  await eventually(async () => (await mutes()) === 1);
  t.same(
    await page
      .getByRole('article')
      .allInnerTexts()
      .then((all) => all.length),
    1,
    'both are gone',
  );
  t.ok(await page.getByRole('article', { name: 'Service' }).isVisible(), 'service messages stay');
  await undo.click();
  await eventually(async () => (await mutes()) === 0);
  await eventually(async () => (await page.locator('article:visible').count()) === 3);

  await choose('Service', /Mettre Banque Aubépine en sourdine/);
  await eventually(async () => (await mutes()) === 1);
  t.ok(await page.getByRole('article', { name: 'Service' }).isVisible(), 'nor does it leave by its own menu');
  await page.reload();
  await page.locator('article').first().waitFor();
  t.equal(await page.locator('article').count(), 3, 'what was seen stays, what comes is held back');

  await page.getByRole('button', { name: 'Réglages' }).last().click();
  await page.getByRole('button', { name: 'Rétablir Banque Aubépine' }).click();
  await eventually(async () => (await mutes()) === 0);
  await page.getByText('Aucune institution n’est en sourdine.').waitFor();
  await page.getByLabel('Messages montrés, au plus').selectOption('3/1/week');
  await page.getByLabel('Me laisser tranquille').check();
  await page.getByLabel('de', { exact: true }).fill('22:15');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.locator('.note', { hasText: 'Réglages enregistrés.' }).waitFor();
  const [wishes] = await sql(vault.host, 'select * from customer_contact');
  t.match(JSON.stringify(wishes), /22:15/);
  t.same(misdeeds, []);
});

t.test('what is reported as advertising, and what the customer sees of it all', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  await sendAndWait(vault, text('Premier'));
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/en`);
  const card = page.getByRole('article', { name: 'Premier' });
  const kept = async () => (await sql(vault.host, 'select * from message_displays'))[0] ?? {};
  const report = async () => {
    await card.getByRole('button', { name: 'Options for the message: Premier' }).click();
    await page.getByRole('button', { name: 'Report as advertising' }).click();
  };
  await report();
  await eventually(async () => (await kept())['reported_at'] != null);
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(async () => (await kept())['reported_at'] == null);
  await card.waitFor();
  await report();
  await eventually(async () => (await kept())['reported_at'] != null);
  await page.reload();
  await page.locator('intervault-slot[state="empty"]').waitFor({ state: 'attached' });

  await page.getByRole('button', { name: 'See what is passed on about me' }).click();
  await page.locator('.learned').first().waitFor();
  const rows = await page.locator('.learned').allInnerTexts();
  t.equal(rows.length, 2);
  t.match(rows.join('\n'), /Banque Aubépine\s+message reported as advertising[\s\S]*Passed on as it is/i);
  t.match(rows.join('\n'), /message displayed/i);

  const client = await createApiClient(vault.host, 'vault');
  await client.call('POST', `/v1/customers/${vault.customer}/mute`, { json: { peer: vault.guest.url } });
  await page.getByRole('banner').getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Unmute Banque Aubépine' }).waitFor();
  t.same(misdeeds, []);
});
