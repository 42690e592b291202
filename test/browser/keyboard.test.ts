// Everything without a mouse, and with the focus where one expects it.
import type { Page } from 'playwright-core';
import t from 'tap';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { startStubNode } from '../support/stub-node.ts';
import { item } from './items.ts';

/** The words of what has the focus. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
    return element?.getAttribute('aria-label') ?? (element as HTMLElement | null)?.innerText.trim() ?? '';
  });

/** What screen readers were told last. */
const said = (page: Page) => page.locator('intervault-slot > *, .unseen[role=status]').last().textContent();

async function tabTo(page: Page, words: RegExp): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (words.test(await focused(page))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way to ${words} by Tab`);
}

t.test('by keyboard alone', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [
    item('one', { actions: [{ kind: 'reply', label: 'Répondre' }] }),
    item('two', { from: { id: 'https://c.example', organizationName: 'Mutuelle C' } }),
  ];
  const lastCall = (at: RegExp) => node.calls.findLast((call) => at.test(call.path));
  node.threads = [
    { thread: 'a', from: node.items[0]?.['from'], entries: 2, lastAt: new Date(), waitingForHuman: false },
  ];
  node.thread = { ...node.threads[0], entries: [] };
  const { page, misdeeds } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').first().waitFor();

  await tabTo(page, /Options du message : Un conseil \(one\)/);
  await page.keyboard.press('Enter');
  t.equal(await focused(page), 'Masquer ce message', 'the menu opens at its first entry');
  await page.keyboard.press('ArrowDown');
  t.equal(await focused(page), 'Mettre Banque Aubépine en sourdine');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  t.equal(await focused(page), 'Signaler comme publicité');
  await page.keyboard.press('Escape');
  t.match(await focused(page), /Options/, 'closed, back at its button');
  t.equal(await page.locator('.menu-list:visible').count(), 0);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  t.equal(await page.locator('.menu-list:visible').count(), 0, 'left, it closes');

  await tabTo(page, /Options du message : Un conseil \(one\)/);
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  t.equal(await focused(page), 'Annuler', 'what was done can be undone at once');
  await eventually(async () => (await said(page)) === 'Message masqué.');
  await page.keyboard.press('Enter');
  t.match(await focused(page), /Options du message : Un conseil \(one\)/, 'and one is back where one was');
  await eventually(async () => node.told('one').includes('restored'));

  await tabTo(page, /^Répondre$/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  t.equal(await page.locator('.note').innerText(), 'Écrivez votre message avant de l’envoyer.');
  t.equal(await page.locator('textarea').getAttribute('aria-invalid'), 'true');
  await page.keyboard.type('Bonjour');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('Message envoyé à Banque Aubépine.').first().waitFor();
  t.equal(await focused(page), 'Annuler');
  t.match(lastCall(/^\/replies$/), {
    path: '/replies',
    body: { kind: 'reply', message: 'one', text: 'Bonjour', language: 'fr' },
  });
  await page.keyboard.press('Enter');
  await page.locator('textarea').waitFor();
  t.match(lastCall(/undo$/), { method: 'POST', path: '/replies/a-reply/undo' });
  t.equal(await page.locator('textarea').inputValue(), 'Bonjour', 'taken back, the text is still there');

  await tabTo(page, /^Échanges$/);
  await page.keyboard.press('Enter');
  t.equal(await focused(page), 'Échanges', 'its heading');
  await tabTo(page, /^Banque Aubépine/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^Répondre$/);
  await tabTo(page, /Retour aux échanges/);
  await page.keyboard.press('Enter');
  await tabTo(page, /Retour aux messages/);
  await page.keyboard.press('Enter');
  t.equal(await focused(page), 'Messages de vos institutions');
  t.same(misdeeds, []);
});

t.test('settings, and what was learned, by keyboard alone', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('one')];
  const from = node.items[0]?.['from'] as { id: string };
  const event = { from, message: 'gone', at: '2026-11-20T10:00:00Z', told: 'never' };
  node.learned = {
    events: [
      { ...event, kind: 'dismissed', undo: 'restored' },
      { ...event, kind: 'displayed' },
    ],
    next: null,
  };
  node.contact = { calm: { max: 1, per: 1, unit: 'day' }, mutes: [{ peer: from.id }] };
  const { page, misdeeds } = await openPage(browser, [node.url]);
  await page.clock.install();
  await page.goto(node.page());
  await page.locator('article').waitFor();
  await tabTo(page, /^Ce qu’elles apprennent$/);
  await page.keyboard.press('Enter');
  await page.locator('.learned').first().waitFor();
  await tabTo(page, /^Remettre : message masqué/);
  node.instead.set('POST /engagement', { status: 200, body: { recorded: 0, ignored: [] } });
  await page.keyboard.press('Enter');
  await page.getByText('Le changement n’a pas pu être enregistré.').waitFor();
  t.match(await focused(page), /^Remettre/, 'what was not done can be tried again');
  node.instead.clear();
  await page.keyboard.press('Enter');
  await eventually(async () => node.told('gone').includes('restored'));
  await eventually(async () => (await focused(page)) === 'Le message est de nouveau affiché.');
  t.equal(await page.locator('.learned button').count(), 0);

  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await tabTo(page, /^Réglages$/);
  await page.keyboard.press('Enter');
  await page.locator('form').waitFor();
  await page.getByLabel('Messages montrés, au plus').selectOption('none');
  await tabTo(page, /^Enregistrer$/);
  await page.keyboard.press('Enter');
  await eventually(async () => (await focused(page)) === 'Annuler');
  t.notOk('calm' in node.contact);
  await page.keyboard.press('Enter');
  await eventually(async () => (await focused(page)) === 'Enregistrer');
  t.match(node.contact, { calm: { max: 1, per: 1, unit: 'day' } });

  await tabTo(page, /^Rétablir Banque Aubépine$/);
  await page.keyboard.press('Enter');
  await eventually(async () => (await focused(page)) === 'Annuler');
  await page.keyboard.press('Enter');
  await eventually(async () => (await focused(page)) === 'Rétablir Banque Aubépine');
  await page.keyboard.press('Enter');
  await eventually(async () => (await focused(page)) === 'Annuler');
  t.same(
    node.calls.filter(({ path }) => path.endsWith('mute')).map(({ path }) => path),
    ['/unmute', '/mute', '/unmute'],
  );
  t.equal(await page.getByText('Aucune institution n’est en sourdine.').count(), 1);
  t.notOk(await page.getByText('Aucune institution n’est en sourdine.').isVisible(), 'it may yet be');
  await page.keyboard.press('Tab');
  await page.clock.runFor(13_000);
  await page.getByText('Aucune institution n’est en sourdine.').waitFor();
  t.same(misdeeds, []);
});

t.test('an undo waits for whoever is on it', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = [item('one'), item('two')];
  const { page } = await openPage(browser, [node.url]);
  await page.clock.install();
  await page.goto(node.page());
  await page.locator('article').first().waitFor();
  await page.getByRole('button', { name: /\(one\)/ }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.getByText('Message masqué.').first().waitFor();
  await page.clock.runFor(60_000);
  t.equal(await page.locator('.strip').count(), 1, 'the focus is on it');
  await page.keyboard.press('Tab');
  await page.clock.runFor(3_000);
  t.equal(await page.locator('.strip').count(), 1, 'there is time to come back');
  await page.clock.runFor(10_000);
  t.equal(await page.locator('.strip').count(), 0);
  t.equal(await page.locator('article').count(), 1);
});
