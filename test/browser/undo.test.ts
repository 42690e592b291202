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

  await choose('Premier', /Mettre Banque Aubépine en sourdine$/);
  await eventually(async () => (await mutes()) === 1);
  await undo.waitFor();
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

  await choose('Service', /Mettre Banque Aubépine en sourdine$/);
  await eventually(async () => (await mutes()) === 1);
  t.ok(await page.getByRole('article', { name: 'Service' }).isVisible(), 'nor does it leave by its own menu');
  await page.reload();
  await page.locator('article').first().waitFor();
  t.equal(await page.locator('article').count(), 3, 'what was seen stays, what comes is held back');

  await page.getByRole('button', { name: 'Réglages' }).last().click();
  const unmute = page.getByRole('button', { name: 'Rétablir Banque Aubépine' });
  await unmute.click();
  await eventually(async () => (await mutes()) === 0);
  await undo.click();
  await eventually(async () => (await mutes()) === 1);
  await unmute.click();
  await eventually(async () => (await mutes()) === 0);
  t.same(misdeeds, []);
});

t.test('settings that are saved, and put back as they were', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  const client = await createApiClient(vault.host, 'vault');
  const contact = `/v1/customers/${vault.customer}/contact`;
  const former = { locale: 'fr', zone: 'Europe/Paris', calm: { max: 7, per: 2, unit: 'day' } };
  await client.call('PUT', contact, { json: former });
  const held = async () => (await client.call('GET', contact)).body;
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/fr`);
  await page.getByRole('banner').getByRole('button', { name: 'Réglages' }).click();
  const calm = page.getByLabel('Messages montrés, au plus');
  const quiet = page.getByLabel('Me laisser tranquille');
  const save = page.getByRole('button', { name: 'Enregistrer' });
  const undo = page.getByRole('button', { name: 'Annuler' });
  await calm.selectOption('3/1/week');
  await quiet.check();
  await page.getByLabel('de', { exact: true }).fill('22:15');
  await save.click();
  await page.locator('.strip', { hasText: 'Réglages enregistrés.' }).waitFor();
  const quietHours = { from: '22:15', to: '08:00', zone: 'Europe/Paris' };
  const second = { ...former, calm: { max: 3, per: 1, unit: 'week' }, quiet: quietHours };
  t.same(await held(), { ...second, mutes: [] });
  await undo.click();
  await undo.waitFor({ state: 'detached' });
  t.same(await held(), { ...former, mutes: [] }, 'all of it');
  t.equal(await calm.inputValue(), '7/2/day');
  t.equal(await quiet.isChecked(), false);
  t.equal(await page.getByLabel('de', { exact: true }).isVisible(), false);

  await calm.selectOption('1/1/day');
  await save.click();
  await undo.waitFor();
  await calm.selectOption('none');
  await save.click();
  await eventually(async () => !('calm' in (await held())));
  await undo.click();
  await eventually(async () => 'calm' in (await held()));
  t.match(await held(), { calm: { max: 1, per: 1, unit: 'day' } }, 'what held before the last time');
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

t.test('put back where one sees what they learned, whenever that is', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  await sendAndWait(vault, text('Premier'));
  await sendAndWait(vault, text('Deuxième'));
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/fr`);
  const card = (title: string) => page.getByRole('article', { name: title });
  const choose = async (title: string, entry: RegExp) => {
    await page.getByRole('button', { name: `Options du message : ${title}` }).click();
    await page.getByRole('button', { name: entry }).click();
  };
  await card('Premier').waitFor();
  await choose('Premier', /Masquer/);
  await choose('Deuxième', /Signaler/);
  const standing = async () =>
    (await sql(vault.host, 'select 1 from message_displays where dismissed_at is not null')).length +
    (await sql(vault.host, 'select 1 from message_displays where reported_at is not null')).length;
  await eventually(async () => (await standing()) === 2);

  // Their undo still stands in their places.
  await page.getByRole('button', { name: 'Voir ce qui est transmis de moi' }).click();
  const putBack = page.getByRole('button', { name: /^Remettre : / });
  await putBack.first().waitFor();
  t.equal(await putBack.count(), 2, 'nothing else can be put back');
  await page.getByRole('button', { name: /^Remettre : message masqué/ }).click();
  await eventually(async () => (await standing()) === 1);
  await page.getByText('Le message est de nouveau affiché.').first().waitFor();
  t.equal(await putBack.count(), 1);
  await page.getByRole('button', { name: 'Retour aux messages' }).click();
  await card('Premier').waitFor();
  await eventually(async () => (await page.locator('.strip').count()) === 1);

  await page.reload();
  await card('Premier').waitFor();
  t.equal(await page.locator('article').count(), 1);
  await page.getByRole('button', { name: 'Voir ce qui est transmis de moi' }).click();
  await page.getByRole('button', { name: /^Remettre : message signalé comme publicité/ }).click();
  await eventually(async () => (await standing()) === 0);
  await page.getByRole('button', { name: 'Retour aux messages' }).click();
  await card('Deuxième').waitFor();

  await choose('Premier', /Masquer/);
  await eventually(async () => (await standing()) === 1);
  await sql(vault.host, `update hosted_messages set expires_at = now()`);
  await page.getByRole('button', { name: 'Voir ce qui est transmis de moi' }).click();
  await page.locator('.learned').first().waitFor();
  t.equal(await putBack.count(), 0, 'what is over is not shown again');
  t.same(misdeeds, []);
});

t.test('muted for thirty days', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  await sendAndWait(vault, text('Premier'));
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/en`);
  const mutes = () => sql(vault.host, 'select until from customer_mutes');
  const days = (until: unknown) => ((until as Date).getTime() - Date.now()) / 86_400_000;
  await page.getByRole('button', { name: 'Options for the message: Premier' }).click();
  await page.getByRole('button', { name: 'Mute Banque Aubépine for 30 days' }).click();
  await page
    .getByText(/Banque Aubépine is muted until \w+ \d+\. Its service messages/)
    .first()
    .waitFor();
  const [mute] = await mutes();
  t.equal(Math.round(days(mute?.['until'])), 30);
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(async () => (await mutes()).length === 0);
  await page.getByRole('button', { name: 'Options for the message: Premier' }).click();
  await page.getByRole('button', { name: 'Mute Banque Aubépine for 30 days' }).click();
  await eventually(async () => (await mutes()).length === 1);
  await page.getByRole('banner').getByRole('button', { name: 'Settings' }).click();
  await page.locator('.muted', { hasText: /Banque Aubépine until \w+ \d+/ }).waitFor();
  await page.getByRole('button', { name: 'Unmute Banque Aubépine' }).click();
  await eventually(async () => (await mutes()).length === 0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(async () => (await mutes()).length === 1);
  t.equal(Math.round(days((await mutes())[0]?.['until'])), 30, 'with the same end');

  await page.getByRole('button', { name: 'Back to messages' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Options for the message: Premier' }).click();
  await page.getByRole('button', { name: 'Mute Banque Aubépine', exact: true }).click();
  await eventually(async () => (await mutes())[0]?.['until'] === null);
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(async () => (await mutes())[0]?.['until'] !== null);
  t.equal(Math.round(days((await mutes())[0]?.['until'])), 30, 'what held before holds again');
  t.same(misdeeds, []);
});
