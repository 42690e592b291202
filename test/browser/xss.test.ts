// The corpus as real messages, from a real guest into a real vault: it stays words.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { sendAndWait } from '../support/slot.ts';
import { startShownVault } from '../support/vault-page.ts';
import { XSS_PAYLOADS } from '../support/xss-payloads.ts';

const NAME = '<img src=x onerror=alert(1)>';

t.test('the corpus as messages', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const vault = await startShownVault(t, {
    env: { guest: { INTERVAULT_ORGANIZATION_NAME: NAME } },
    grant: { titleMaxChars: 80 },
  });
  const answers = await Promise.all(
    XSS_PAYLOADS.map((payload) => {
      const line = payload
        .replaceAll(/[\n\u202e]/g, ' ')
        .slice(0, 80)
        .trim();
      return sendAndWait(vault, {
        texts: [{ language: 'fr', title: line, body: payload }],
        actions: [
          { kind: 'reply', label: line.slice(0, 40).trim() },
          { kind: 'callback', label: line.slice(-40).trim() },
        ],
      });
    }),
  );
  const placed = answers.filter(({ state }) => state === 'placed').length;
  t.equal(placed, XSS_PAYLOADS.length, 'all of them were taken');

  const { page, misdeeds, requests } = await openPage(browser, vault.origins);
  await page.addInitScript(() => {
    for (const name of ['alert', 'confirm', 'prompt'] as const)
      Object.defineProperty(window, name, { value: () => Reflect.set(window, 'struck', name) });
  });
  await page.goto(`${vault.url}/fr`);
  await page.locator('intervault-slot').evaluate((slot) => slot.setAttribute('limit', '50'));
  await page
    .locator('article')
    .nth(placed - 1)
    .waitFor();
  const shown = await page.locator('article').evaluateAll((cards) =>
    cards.map((card) => ({
      words: (card.querySelector('.body') as HTMLElement).innerText.replaceAll(/\s+/g, ' '),
      from: card.querySelector('.from')?.textContent,
      elements: [...card.querySelectorAll('.body *')].map(({ localName }) => localName),
      attributes: [...card.querySelectorAll('.body *')].flatMap((element) => element.getAttributeNames()),
    })),
  );
  t.equal(shown.length, placed);
  for (const { words, from, elements, attributes } of shown) {
    t.same(
      elements.filter((name) => !['p', 'br', 'em', 'strong', 'ul', 'ol', 'li'].includes(name)),
      [],
      words,
    );
    t.same({ from, attributes }, { from: NAME, attributes: [] });
  }
  const words = shown.map((card) => card.words);
  for (const payload of [
    '<script>alert(1)</script>',
    '[x](javascript:alert(1))',
    '&lt;script&gt;alert(1)&lt;/script&gt;',
  ])
    t.ok(words.includes(payload), `${payload} is shown as it was written`);

  // Whoever looks at all of it, points at all of it and goes through all of it with the keyboard.
  for (let y = 0; y < 20_000; y += 2_500) {
    await page.mouse.wheel(0, 2_500);
    await page.mouse.move(300, 400 + (y % 100));
    await sleep(50);
  }
  for (let i = 0; i < 40; i++) await page.keyboard.press('Tab');
  await page.locator('.actions button').first().click();
  await sleep(300);
  t.equal(await page.evaluate(() => Reflect.get(window, 'struck')), undefined, 'no script ran');
  t.same(misdeeds, [], 'no dialog, no foreign request, no breach of the policy');
  const own = new Set([vault.url, vault.host.url]);
  t.ok(
    requests.every((request) => own.has(new URL(request.split(' ')[1] ?? '').origin)),
    'the vault and its node alone',
  );
});
