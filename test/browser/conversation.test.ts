// What a customer says on the page arrives at the guest, and what the guest's people answer is shown.
import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { sendAndWait, sql } from '../support/slot.ts';
import { startShownVault } from '../support/vault-page.ts';
import { axeFindings } from './axe.ts';

t.test('a reply, a person who is asked for, and their answers', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  const crm = await createApiClient(vault.guest, 'integrator');
  const words = async () =>
    (await crm.call('GET', '/v1/replies?by=customer')).body['replies'] as { id: string; kind: string }[];
  await sendAndWait(vault, {
    texts: [{ language: 'fr', title: 'Votre épargne', body: 'Un conseiller peut vous rappeler.' }],
    actions: [
      { kind: 'reply', label: 'Répondre' },
      { kind: 'callback', label: 'Être rappelé' },
    ],
  });
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/fr`);
  const card = page.getByRole('article', { name: 'Votre épargne' });
  await card.getByRole('button', { name: 'Répondre' }).click();
  await card.getByLabel('Votre message à Banque Aubépine').fill('Trop\tvite');
  await card.getByRole('button', { name: 'Envoyer' }).click();
  await card.getByText('Message envoyé à Banque Aubépine.').waitFor();
  await card.getByRole('button', { name: 'Annuler' }).click();
  await card.getByLabel('Votre message à Banque Aubépine').waitFor();
  await eventually(
    async () => (await sql(vault.host, `select state from replies`))[0]?.['state'] === 'undone',
  );

  await card.getByLabel('Votre message à Banque Aubépine').fill('Oui, <b>volontiers</b>.\nDemain ?');
  await card.getByRole('button', { name: 'Envoyer' }).click();
  await card.getByText('Message envoyé à Banque Aubépine.').waitFor();
  const sent = await sql(vault.host, `select jti from replies where state = 'sending'`);
  await eventually(async () => (await card.getByRole('button', { name: 'Annuler' }).count()) === 0);
  await card.getByText('Message envoyé à Banque Aubépine.').waitFor();
  await vault.host.outbox.retryNow(String(sent[0]?.['jti']));
  const [reply] = await eventually(async () => {
    const found = await words();
    return found.length === 1 && found;
  });
  t.match((await crm.call('GET', `/v1/replies/${reply?.id}`)).body, {
    kind: 'reply',
    text: 'Oui, <b>volontiers</b>.\nDemain ?',
    language: 'fr',
  });

  await card.getByRole('button', { name: 'Parler à une personne' }).click();
  await card.getByRole('button', { name: 'Demander une personne' }).click();
  await card.getByText('une personne de Banque Aubépine vous répondra ici').first().waitFor();
  const asked = await eventually(async () => {
    const [row] = await sql(vault.host, `select jti from replies where kind = 'ask_human'`);
    if (row !== undefined) await vault.host.outbox.retryNow(String(row['jti']));
    return (await words()).find(({ kind }) => kind === 'ask_human');
  });

  const answer = async (json: object) =>
    (await crm.call('POST', `/v1/replies/${asked.id}/answers`, { json: { language: 'fr', ...json } })).status;
  t.equal(
    await answer({ handledBy: 'bot', text: 'Quelqu’un va vous répondre. <script>alert(1)</script>' }),
    201,
  );
  t.equal(await answer({ handledBy: 'human', text: 'Je vous **appelle** demain.' }), 201);
  await eventually(
    async () => (await sql(vault.host, `select 1 from replies where said_by = 'guest'`)).length === 2,
  );
  await card.getByRole('button', { name: 'Voir l’échange' }).click();
  await page.getByText('Je vous appelle demain.').waitFor();
  const said = await page.locator('.said').allInnerTexts();
  t.match(said, [
    /Banque Aubépine[\s\S]*Votre épargne[\s\S]*Un conseiller/,
    /Vous[\s\S]*Oui, <b>volontiers<\/b>\.\s+Demain \?/,
    /Vous[\s\S]*Je souhaite parler à une personne\./,
    /Banque Aubépine, réponse automatique[\s\S]*<script>alert\(1\)<\/script>/,
    /Banque Aubépine, une personne[\s\S]*Je vous appelle demain\./,
  ]);
  t.equal(await page.getByText('appelle', { exact: true }).evaluate(({ localName }) => localName), 'strong');
  t.same(await axeFindings(page), []);

  await page.getByRole('button', { name: 'Répondre', exact: true }).click();
  await page.getByLabel('Votre message à Banque Aubépine').fill('Merci');
  await page.getByRole('button', { name: 'Envoyer' }).click();
  await page.locator('.said', { hasText: 'Merci' }).getByText('En chemin').waitFor();
  await page.getByRole('button', { name: 'Retour aux échanges' }).click();
  await page.locator('.row-button').first().waitFor();
  t.match(await page.locator('.row-button').allInnerTexts(), [/Banque Aubépine\s+\d messages/]);
  t.same(misdeeds, []);
});

t.test('what is late to be undone is said', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  await sendAndWait(vault, { actions: [{ kind: 'callback', label: 'Être rappelé' }] });
  const { page } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/en`);
  const card = page.getByRole('article');
  await card.getByRole('button', { name: 'Être rappelé' }).click();
  await card.getByLabel(/When, and at what number/).fill('Mornings');
  await card.getByRole('button', { name: 'Ask to be called' }).click();
  await card.getByText('Banque Aubépine was asked to call you.').first().waitFor();
  await page.route('**/undo', (route) => route.fulfill({ status: 409, json: { code: 'reply.sent' } }));
  await card.getByRole('button', { name: 'Undo' }).click();
  await card.getByText('Too late: it has already left.').waitFor();
  await page.unroute('**/undo');
  await page.route('**/replies', (route) => route.fulfill({ status: 429, json: { code: 'reply.limit' } }));
  await card.getByRole('button', { name: 'Talk to a person' }).click();
  await card.getByRole('textbox').fill('Please');
  await card.getByRole('button', { name: 'Ask for a person' }).click();
  await card.getByText('You have already written a lot to it today; try again tomorrow.').waitFor();
  t.equal(await card.getByRole('textbox').inputValue(), 'Please', 'the text is still there');
});

t.test('a person can be asked for where there is no message', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  const { page, misdeeds } = await openPage(browser, vault.origins);
  await page.goto(`${vault.url}/fr`);
  await page.locator('intervault-slot[state="empty"]').waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Écrire à Banque Aubépine' }).click();
  await page.getByRole('heading', { name: 'Banque Aubépine' }).waitFor();
  t.same(await axeFindings(page), []);
  await page.getByRole('button', { name: 'Parler à une personne' }).click();
  await page.getByLabel('Votre demande à une personne de Banque Aubépine').fill('Une question');
  await page.getByRole('button', { name: 'Demander une personne' }).click();
  await page.getByRole('button', { name: 'Annuler' }).waitFor();
  const [row] = await sql(vault.host, 'select kind, peer, state from replies');
  t.match(row, { kind: 'ask_human', peer: vault.guest.url, state: 'sending' });
  await page.getByRole('button', { name: 'Voir l’échange' }).click();
  await page.locator('.said', { hasText: 'Une question' }).waitFor();
  t.same(misdeeds, []);
});
