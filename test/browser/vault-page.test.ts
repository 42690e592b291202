// The example vault's page in front of a real node: what a browser gets, what it never gets, in both languages.
import t from 'tap';
import { startVaultPage, type VaultPageOptions } from '../../examples/vault-page/vault-page.ts';
import { createApiClient, submissionForm } from '../support/api.ts';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { type SlotPair, sendAndWait, sql } from '../support/slot.ts';
import { pdfOf } from '../support/vault.ts';
import { type ShownVault, startShownVault } from '../support/vault-page.ts';
import { axeFindings } from './axe.ts';

const GARANTIES = 'https://b.example/garanties';

const TEXTS = [
  { language: 'fr', title: 'Votre logement est-il bien assuré ?', body: '**Trois points** à vérifier.' },
  { language: 'en', title: 'Is your home well insured?', body: '**Three things** to check.' },
];

async function sendDocument(pair: SlotPair, title: string): Promise<string> {
  const integrator = await createApiClient(pair.guest, 'integrator');
  const metadata = {
    link: pair.link,
    type: 'billing.invoice',
    title,
    issuedAt: '2026-11-01',
    language: 'fr',
  };
  const { body } = await integrator.call('POST', '/v1/documents', {
    body: submissionForm(metadata, pdfOf(5_000)),
  });
  await eventually(async () => (await sql(pair.host, 'select 1 from received_documents')).length > 0);
  return String(body['id']);
}

const displayedAt = (vault: ShownVault) =>
  sql(vault.host, 'select displayed_at, opened_at, clicked_at from message_displays');

t.test('in French and in English, for phones and at night', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t, { grant: { links: [GARANTIES] } });
  const invoice = await sendDocument(vault, 'Facture <d’assurance>');
  await sendAndWait(vault, {
    texts: TEXTS,
    actions: [
      { kind: 'link', label: 'Voir les garanties', url: GARANTIES },
      { kind: 'document', label: 'La facture', document: invoice },
    ],
  });
  const { page, misdeeds, requests } = await openPage(browser, vault.origins, { locale: 'fr-FR' });
  const answers: Promise<string>[] = [];
  page.on('response', (response) => {
    answers.push(response.text().catch(() => ''));
  });
  await page.goto(vault.url);
  t.equal(page.url(), `${vault.url}/fr`, 'as the browser likes it');
  await page.getByRole('heading', { name: 'Bonjour Camille' }).waitFor();
  const card = page.getByRole('article', { name: 'Votre logement est-il bien assuré ?' });
  await card.waitFor();
  t.equal(await card.getByText('Trois points').evaluate(({ localName }) => localName), 'strong');
  t.match(await card.innerText(), /Banque Aubépine[\s\S]*Conseil/);
  await page.getByRole('link', { name: /Facture <d’assurance>/ }).waitFor();
  await eventually(async () => (await displayedAt(vault))[0]?.['displayed_at'] != null);

  const link = card.getByRole('link', { name: 'Voir les garanties (b.example, nouvel onglet)' });
  t.match(
    await link.evaluate((element) => ({
      href: element.getAttribute('href'),
      target: element.getAttribute('target'),
      rel: element.getAttribute('rel'),
      referrerpolicy: element.getAttribute('referrerpolicy'),
    })),
    { href: GARANTIES, target: '_blank', rel: 'noopener noreferrer', referrerpolicy: 'no-referrer' },
  );
  const download = page.waitForEvent('download');
  await card.getByRole('button', { name: 'La facture' }).click();
  t.equal(await (await download).failure(), null, 'a message’s document is downloaded by the vault’s page');
  await eventually(async () => (await displayedAt(vault))[0]?.['clicked_at'] != null);

  t.same(await axeFindings(page), [], 'French');
  await page.getByRole('link', { name: 'English' }).click();
  await page.getByRole('article', { name: 'Is your home well insured?' }).waitFor();
  await page.emulateMedia({ colorScheme: 'dark' });
  t.same(await axeFindings(page), [], 'English, at night');
  await page.setViewportSize({ width: 360, height: 720 });
  t.same(await axeFindings(page), [], 'on a phone');
  t.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  await page.getByRole('button', { name: 'See what is passed on about me' }).click();
  await page.getByRole('heading', { name: 'What they learn' }).waitFor();

  t.same(misdeeds, []);
  const all = (await Promise.all(answers)).join('\n') + requests.join('\n');
  t.ok(all.includes('expiresAt'), 'the answers were read');
  t.notOk(all.includes(vault.token), 'no institution token');
  t.notOk(requests.join().includes(vault.customer), 'no id of the customer in any address');
  t.same(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), [
    '',
    0,
    0,
  ]);
});

t.test('nobody else’s page gets anything', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  await sendAndWait(vault, { texts: TEXTS });
  const session = await fetch(`${vault.url}/session`, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
  });
  t.equal(session.status, 403, 'the vault gives no session to another page');
  t.equal((await fetch(`${vault.url}/session`, { method: 'POST' })).status, 403);

  // A page that got hold of a session: of another origin, at another port of this machine.
  const client = await createApiClient(vault.host, 'vault');
  const opened = await client.call('POST', `/v1/customers/${vault.customer}/sessions`, {
    json: { origins: [vault.url] },
  });
  const thief = await startVaultPage({ ...thiefOptions(vault), port: 0 });
  t.teardown(() => thief.close());
  const { page } = await openPage(browser, [thief.url, ...vault.origins]);
  await page.route('**/session', (route) =>
    route.fulfill({ json: { ...opened.body, api: `${vault.host.url}/v1/customers/self` } }),
  );
  await page.goto(`${thief.url}/fr`);
  const slot = page.locator('intervault-slot');
  await slot.getByText('Vos messages n’ont pas pu être chargés.').waitFor();
  t.equal(await page.locator('article').count(), 0);
  const said = await page.evaluate(
    async ([api, token]) => {
      const answer = await fetch(`${api}/feed`, { headers: { authorization: `Bearer ${token}` } }).catch(
        String,
      );
      return typeof answer === 'string' ? answer : answer.status;
    },
    [`${vault.host.url}/v1/customers/self`, String(opened.body['token'])],
  );
  t.match(said, /Failed to fetch/, 'the browser is not even shown the answer');
  const plain = await fetch(`${vault.host.url}/v1/customers/self/feed`, {
    headers: { authorization: `Bearer ${opened.body['token']}`, origin: thief.url },
  });
  t.match([plain.status, await plain.json()], [403, { code: 'session.origin' }]);
  t.same(await displayedAt(vault), [], 'nothing was handed out');
});

const thiefOptions = (vault: ShownVault): Omit<VaultPageOptions, 'port'> => ({
  node: vault.host.url,
  token: vault.token,
  name: 'Evil',
  user: { reference: 'nobody', name: 'Evil' },
});

t.test('a session is renewed while the page stays open', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t);
  await sendAndWait(vault, { texts: TEXTS });
  const { page, requests } = await openPage(browser, vault.origins);
  const sessions = () => requests.filter((request) => request === `POST ${vault.url}/session`).length;
  await page.clock.install();
  await page.goto(`${vault.url}/fr`);
  await page.locator('article').waitFor();
  t.equal(sessions(), 1);
  await page.clock.fastForward('09:00');
  const answered = page.waitForResponse((response) => response.url().includes('/feed'));
  await page
    .locator('intervault-slot')
    .evaluate((slot) => void (slot as HTMLElement & { refresh(): Promise<void> }).refresh());
  t.equal((await answered).status(), 200);
  t.equal(sessions(), 2);
});
