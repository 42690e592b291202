// The second wall by itself: whatever a node were to hand out as `bodyHtml`, nothing but text and seven tags reaches the page.
import t from 'tap';
import { inBrowser, openPage, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/node.ts';
import { startStubNode } from '../support/stub-node.ts';
import { XSS_PAYLOADS } from '../support/xss-payloads.ts';
import { item } from './items.ts';

const HARMLESS = ['P', 'EM', 'STRONG', 'UL', 'OL', 'LI', 'BR'];

t.test('hostile HTML from the node itself stays text', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  node.items = XSS_PAYLOADS.map((payload, index) =>
    item(`m-${index}`, {
      from: { id: 'https://b.example', organizationName: payload },
      title: payload,
      category: payload,
      bodyHtml: `<p>${payload}</p>`,
      actions: [
        { kind: 'link', label: payload, url: 'javascript:alert(1)' },
        { kind: 'link', label: payload, url: ' data:text/html,<script>alert(1)</script>' },
        { kind: 'reply', label: payload },
        { kind: payload, label: 'x' },
      ],
      human: index % 2 === 0 ? { kind: 'web', url: payload } : { kind: 'phone', number: `${payload}+33` },
      image: { type: 'image/png', alt: payload },
    }),
  );
  node.image = {
    type: 'image/svg+xml',
    bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
  };
  const { page, misdeeds } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').last().waitFor();
  await eventually(async () => (await page.locator('article img').count()) === 0);
  const found = await page.locator('article').evaluateAll((cards) =>
    cards.map((card) => ({
      tags: [...new Set([...card.querySelectorAll('.body *')].map(({ tagName }) => tagName))],
      attributes: [...card.querySelectorAll('.body *')].flatMap((element) => element.getAttributeNames()),
      title: card.querySelector('.title')?.textContent,
      addresses: [...card.querySelectorAll('a')].map(({ href }) => href),
      handlers: [...card.querySelectorAll('*')].flatMap((element) =>
        element.getAttributeNames().filter((name) => name.startsWith('on')),
      ),
    })),
  );
  t.equal(found.length, XSS_PAYLOADS.length);
  for (const [index, { tags, ...card }] of found.entries()) {
    t.same(
      tags.filter((tag) => !HARMLESS.includes(tag)),
      [],
      String(XSS_PAYLOADS[index]),
    );
    t.same(card, { attributes: [], addresses: [], handlers: [], title: XSS_PAYLOADS[index] });
  }
  for (const control of await page.locator('.menu > button').all()) {
    await control.hover();
    await control.focus();
  }
  t.same(misdeeds, [], 'no script, no dialog, no request, no breach of the policy');
});

t.test('what is meant to be there is', inBrowser, async (t) => {
  const browser = await startBrowser(t);
  const node = await startStubNode(t);
  const html =
    '<p>Un <strong>conseil <em>important</em></strong><br />\n3 &lt; 4 &amp; 5 &gt; 2 &quot;x&quot; &#39;y&#39;</p>\n<ul>\n<li>un</li>\n<li>deux</li>\n</ul>\n<ol>\n<li>a</li>\n</ol>';
  node.items = [
    item('good', { bodyHtml: html }),
    item('broken', { bodyHtml: '</p><em>a</strong>b</em></em><p x="1">c&nope;&lt' }),
  ];
  const { page } = await openPage(browser, [node.url]);
  await page.goto(node.page());
  await page.locator('article').last().waitFor();
  const inner = (index: number) =>
    page
      .locator('.body')
      .nth(index)
      .evaluate((body) => body.innerHTML);
  t.equal(await inner(0), html.replace('<br />', '<br>').replaceAll('&quot;', '"').replaceAll('&#39;', "'"));
  t.equal(await inner(1), '&lt;/p&gt;<em>a&lt;/strong&gt;b</em>&lt;/em&gt;&lt;p x="1"&gt;c&amp;nope;&amp;lt');
});
