// Every view of the slot, in both languages and both colour schemes, under axe-core.
import type { Page } from 'playwright-core';
import t from 'tap';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { type StubNode, startStubNode } from '../support/stub-node.ts';
import { axeFindings } from './axe.ts';
import { GUEST, item } from './items.ts';

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const AT = '2026-11-20T10:00:00Z';

function fill(node: StubNode): void {
  node.image = { type: 'image/png', bytes: PIXEL };
  node.items = [
    item('long', {
      bodyHtml: `<p>${'Un texte qui se poursuit. '.repeat(30)}</p>`,
      actions: [
        { kind: 'link', label: 'Voir les garanties', url: 'https://b.example/garanties' },
        { kind: 'callback', label: 'Être rappelé' },
      ],
      human: { kind: 'web', url: 'https://b.example/contact' },
      image: { type: 'image/png', alt: 'Un graphique' },
    }),
    item('short', {
      category: 'service',
      actions: [
        { kind: 'reply', label: 'Répondre' },
        { kind: 'document', label: 'Ouvrir', document: 'x' },
      ],
      human: { kind: 'phone', number: '+33123456789' },
    }),
  ];
  node.threads = [
    { thread: 'thread-long', from: GUEST, entries: 3, lastAt: AT, waitingForHuman: true },
    { thread: 'thread-short', from: GUEST, entries: 1, lastAt: AT, waitingForHuman: false, answered: true },
  ];
  node.thread = {
    thread: 'thread-long',
    from: GUEST,
    entries: [
      { id: 'a', by: 'guest', kind: 'message', at: AT, title: 'Un conseil', bodyHtml: '<p>Un conseil.</p>' },
      { id: 'b', by: 'customer', kind: 'reply', at: AT, body: 'Merci.\nEt ensuite ?', state: 'sending' },
      { id: 'c', by: 'guest', kind: 'answer', at: AT, bodyHtml: '<p>Un moment.</p>', handledBy: 'bot' },
      { id: 'd', by: 'customer', kind: 'ask_human', at: AT },
      { id: 'e', by: 'guest', kind: 'answer', at: AT, bodyHtml: '<p>Me voici.</p>', handledBy: 'human' },
    ],
  };
  node.learned = {
    events: ['individual', 'unconfirmed', 'aggregate', 'perhaps_aggregate', 'never'].map((told) => ({
      from: GUEST,
      message: 'long',
      kind: 'dismissed',
      at: AT,
      told,
      undo: 'restored',
      ...(told === 'individual' && { toldAt: AT }),
    })),
    next: 'more',
  };
  node.contact = {
    calm: { max: 7, per: 2, unit: 'day' },
    quiet: { from: '21:00', to: '07:30', zone: 'Europe/Paris' },
    mutes: [{ peer: GUEST.id, until: '2026-12-22T10:00:00Z' }],
  };
}

/** Ways to every state the slot can be in. Each begins at the messages. */
const STATES: Record<string, (page: Page) => Promise<unknown>> = {
  messages: (page) => page.locator('article img').waitFor(),
  menu: (page) => page.locator('.menu button').first().click(),
  unfolded: async (page) => {
    // On a phone the open menu lies over it.
    await page.keyboard.press('Escape');
    await page.locator('.fold').click();
  },
  form: (page) => page.locator('article').nth(1).locator('.actions button').first().click(),
  'form, nothing written': (page) => page.locator('form button[type=submit]').click(),
  sent: async (page) => {
    await page.locator('textarea').fill('Bonjour');
    await page.locator('form button[type=submit]').click();
    await page.locator('.strip').waitFor();
  },
  hidden: async (page) => {
    await page.locator('.menu button').first().click();
    await page.locator('.menu-entry').first().click();
    await page.locator('.cards > li > .strip').waitFor();
  },
  conversations: async (page) => {
    await page.locator('.navigation button').nth(0).click();
    await page.locator('.row-button').first().waitFor();
  },
  conversation: async (page) => {
    await page.locator('.row-button').first().click();
    await page.locator('.said').first().waitFor();
    await page.locator('.view-body .actions button').first().click();
  },
  learned: async (page) => {
    await page.locator('.back').click();
    await page.locator('.back').click();
    await page.locator('.navigation button').nth(1).click();
    await page.locator('.learned').first().waitFor();
  },
  'put back': async (page) => {
    await page.locator('.learned button').first().click();
    await page.locator('.learned .note').waitFor();
  },
  settings: async (page) => {
    await page.locator('.back').click();
    await page.locator('.navigation button').nth(2).click();
    await page.locator('select').waitFor();
  },
  'settings saved': async (page) => {
    await page.locator('form button[type=submit]').click();
    await page.locator('form .strip').waitFor();
  },
  'a mute ended': async (page) => {
    await page.locator('.muted button').click();
    await page.locator('.muted .strip').waitFor();
  },
};

for (const lang of ['fr', 'en'])
  for (const colorScheme of ['light', 'dark'] as const)
    t.test(`${lang}, ${colorScheme}`, inBrowser, async (t) => {
      const browser = await startBrowser(t);
      const node = await startStubNode(t);
      fill(node);
      const { page, misdeeds } = await openPage(browser, [node.url], {
        colorScheme,
        reducedMotion: 'reduce',
      });
      await page.goto(node.page({ lang }));
      for (const [name, reach] of Object.entries(STATES)) {
        await reach(page);
        t.same(await axeFindings(page), [], name);
      }
      node.instead.set('GET /feed', { status: 500 });
      await page.reload();
      await page.locator('.failure').waitFor();
      t.same(await axeFindings(page), [], 'an error');
      t.same(
        misdeeds.filter((misdeed) => !misdeed.includes('status')),
        [],
      );
    });

t.test('axe-core finds what is wrong', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  fill(node);
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page
    .locator('.menu button')
    .first()
    .evaluate((button) => button.removeAttribute('aria-label'));
  t.match(await axeFindings(page), [/button-name/], 'inside of the shadow tree too');
});

t.test('phones, zoom and forced colours lose nothing', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  fill(node);
  for (const options of [
    { viewport: { width: 320, height: 640 } },
    { viewport: { width: 640, height: 480 }, deviceScaleFactor: 2, forcedColors: 'active' as const },
  ]) {
    const { page } = await openPage(browser, [node.url], options);
    await page.goto(node.page());
    for (const reach of Object.values(STATES)) {
      await reach(page);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      t.ok(width <= options.viewport.width, `${width} px wide`);
    }
  }
});
