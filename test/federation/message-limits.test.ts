// Messages at each limit and one over it, pushed by hand to a real host: what its own node would not send, too.
import t, { type Test } from 'tap';
import type { Cap, SlotGrant } from '../../src/protocol/agreement/terms.ts';
import type { SlotMessageBody } from '../../src/protocol/slot/message.ts';
import { createApiClient } from '../support/api.ts';
import { ask, craft, put, requestToken } from '../support/craft.ts';
import { openCustomer } from '../support/customer.ts';
import { png } from '../support/png.ts';
import { inDays, message, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const LINK = 'https://bank.example/credit';
const MONTH_MS = 30 * 86_400_000;

async function startPusher(t: Test, grant: Partial<SlotGrant>) {
  const pair = await startSlotPair(t, { grant });
  const { guest, host, link, agreement: agr } = pair;
  /** `placed`, or the reason of the receipt. */
  const push = async (
    more: Partial<SlotMessageBody>,
    image?: { content: Buffer; contentType: string },
  ): Promise<string> => {
    const crafted = await craft(guest, host, {
      ...{ act: 'slot.message', link, claims: { agr }, content: null, ...image },
      body: message(more) as unknown as Record<string, unknown>,
    });
    const { status, type, json } = await put(host, crafted);
    if (type === 'application/problem+json') return `${status} ${json()['code']}`;
    const [row] = await sql(host, 'select outcome, reason from inbound_exchanges where jti = $1', [
      crafted.jti,
    ]);
    return String(row?.['reason'] ?? row?.['outcome']);
  };
  return { ...pair, push };
}

const words = (title: number, body: number, more: object = {}) => ({
  texts: [{ language: 'fr', title: 'é'.repeat(title), body: '🙂'.repeat(body), ...more }],
});

t.test('words, actions and times', async (t) => {
  const { push, host } = await startPusher(t, { titleMaxChars: 30, bodyMaxChars: 100, links: [LINK] });
  const limits: [string, Partial<SlotMessageBody>, string][] = [
    ['a title as long as the slot takes', words(30, 1), 'accepted'],
    ['a title over it', words(31, 1), 'message.too_long'],
    ['a title over that of any slot', words(81, 1), 'manifest.invalid'],
    ['a body as long as the slot takes', words(1, 100), 'accepted'],
    ['a body over it', words(1, 101), 'message.too_long'],
    ['a body over that of any slot', words(1, 2001), 'manifest.invalid'],
    [
      'a second text over it',
      { texts: [...words(1, 1).texts, { ...words(31, 1).texts[0]!, language: 'de' }] },
      'message.too_long',
    ],
    ['ten texts', { texts: Array(10).fill(words(1, 1).texts[0]) }, 'accepted'],
    ['eleven texts', { texts: Array(11).fill(words(1, 1).texts[0]) }, 'manifest.invalid'],
    ['words for no image', words(1, 1, { imageAlt: 'Une maison' }), 'message.image'],
    [
      'two actions, of 40 characters',
      { actions: Array(2).fill({ kind: 'reply', label: 'x'.repeat(40) }) },
      'accepted',
    ],
    ['three actions', { actions: Array(3).fill({ kind: 'reply', label: 'x' }) }, 'manifest.invalid'],
    [
      'a label of 41 characters',
      { actions: [{ kind: 'callback', label: 'x'.repeat(41) }] },
      'manifest.invalid',
    ],
    ['a link of the grant', { actions: [{ kind: 'link', label: 'x', url: LINK }] }, 'accepted'],
    ['a link beside it', { actions: [{ kind: 'link', label: 'x', url: `${LINK}#42` }] }, 'message.link'],
    [
      '30 days, less what passes here',
      { expiresAt: new Date(Date.now() + MONTH_MS - 1000).toISOString() },
      'accepted',
    ],
    [
      'over 30 days',
      { expiresAt: new Date(Date.now() + MONTH_MS + 60_000).toISOString() },
      'message.lifetime',
    ],
    ['an end that has come', { expiresAt: new Date(Date.now() - 1).toISOString() }, 'message.lifetime'],
    ['a beginning at the end', { notBefore: inDays(7), expiresAt: inDays(7) }, 'message.lifetime'],
    ['a beginning before the end', { notBefore: inDays(6), expiresAt: inDays(7) }, 'accepted'],
    ['a slot beside it', { slot: 'away-card' }, 'slot.unknown'],
    ['a category without consent', { category: 'survey' }, 'link.scope'],
    ['another language', { texts: [{ language: 'de', title: 'x', body: 'x' }] }, 'message.locale'],
  ];
  for (const [name, more, code] of limits) t.equal(await push(more), code, name);
  const kept = limits.filter(([, , code]) => code === 'accepted').length;
  t.equal((await sql(host, 'select 1 from hosted_messages')).length, kept, 'what is refused is not kept');
});

t.test('the largest message there can be', async (t) => {
  const pair = await startSlotPair(t, { grant: { titleMaxChars: 80, bodyMaxChars: 2000 } });
  const languages = ['fr', 'en', 'de', 'es', 'it', 'pt', 'nl', 'pl', 'cs', 'sv'];
  const text = { title: '🙂'.repeat(80), body: '🙂'.repeat(2000) };
  const sent = await sendAndWait(pair, {
    texts: languages.map((language) => ({ language, ...text })),
    actions: Array(2).fill({ kind: 'reply', label: '🙂'.repeat(40) }),
  });
  t.match(sent, { state: 'placed' });
  const [item] = await (await openCustomer(pair)).feed('?locale=sv');
  t.match(item, { title: text.title, bodyHtml: `<p>${text.body}</p>`, language: 'sv' });
});

t.test('images', async (t) => {
  const { push, host } = await startPusher(t, { imageMaxBytes: 100_000 });
  const shown = words(5, 5, { imageAlt: 'Une maison' });
  const weighing = (bytes: number) => {
    const image = png(8, 8);
    return { content: Buffer.concat([image, Buffer.alloc(bytes - image.length)]), contentType: 'image/png' };
  };
  const sized = (width: number, height: number) => ({
    content: png(width, height),
    contentType: 'image/png',
  });
  const images: [string, Partial<SlotMessageBody>, { content: Buffer; contentType: string }, string][] = [
    ['as many bytes as the grant takes', shown, weighing(100_000), 'accepted'],
    ['a byte more', shown, weighing(100_001), 'message.image'],
    ['a byte more than any slot takes', shown, weighing(256 * 1024 + 1), 'content.too_large'],
    ['no byte', shown, { content: Buffer.alloc(0), contentType: 'image/png' }, 'content.empty'],
    ['4,096 pixels to a side', shown, sized(4096, 1), 'accepted'],
    ['a pixel more, wide', shown, sized(4097, 1), 'message.image'],
    ['a pixel more, high', shown, sized(1, 4097), 'message.image'],
    ['no words', words(5, 5), sized(8, 8), 'message.image'],
    ['another type than it says', shown, { content: png(8, 8), contentType: 'image/jpeg' }, 'content.type'],
    [
      'a document',
      shown,
      { content: Buffer.from('%PDF-1.7\n%%EOF\n'), contentType: 'application/pdf' },
      'message.image',
    ],
  ];
  for (const [name, more, image, code] of images) t.equal(await push(more, image), code, name);
  t.equal(
    (await sql(host, `select 1 from bodies where state = 'kept' and content_size is not null`)).length,
    2,
  );
});

t.test('each cap: its last contact, one more, and again once the window has passed', async (t) => {
  const hours = { hour: 1, day: 24, week: 168 };
  for (const scope of ['category', 'slot', 'guest'] as const) {
    for (const unit of ['hour', 'day', 'week'] as const) {
      const cap: Cap = { scope, max: 2, per: 1, unit, counts: 'placed' };
      const pair = await startSlotPair(t, { grant: { caps: [cap] } });
      const name = `${scope} by the ${unit}`;
      for (let n = 0; n < 2; n++) t.match(await sendAndWait(pair), { state: 'placed' }, name);
      const capped = await sendAndWait(pair);
      t.match(capped, { state: 'refused', code: 'message.cap' }, name);
      const waitH = ((capped.nextEligibleAt?.getTime() ?? 0) - Date.now()) / 3_600_000;
      t.ok(waitH > hours[unit] - 1 && waitH <= hours[unit] + 1, `${name}: told to the hour`);
      const other = await sendAndWait(pair, { category: 'offer' });
      t.equal(other.state, scope === 'category' ? 'placed' : 'refused', `${name}: another category`);
      t.match(await sendAndWait(pair, { category: 'service' }), { state: 'placed' }, `${name}: service`);
      const pass = (seconds: number) =>
        sql(pair.host, `update hosted_messages set placed_at = placed_at - $1 * interval '1 second'`, [
          seconds,
        ]);
      await pass(hours[unit] * 3600 - 60);
      t.match(await sendAndWait(pair), { code: 'message.cap' }, `${name}: a minute before`);
      await pass(60);
      t.match(await sendAndWait(pair), { state: 'placed' }, `${name}: the window has rolled`);
    }
  }
});

t.test('caps on displays put off, where the customer agreed to tell', async (t) => {
  for (const [engagement, state] of [
    ['individual', 'deferred'],
    ['aggregate', 'placed'],
  ] as const) {
    const cap: Cap = { scope: 'slot', max: 1, per: 1, unit: 'day', counts: 'displayed' };
    const pair = await startSlotPair(t, { engagement, grant: { caps: [cap] } });
    const { feed, tell } = await openCustomer(pair);
    const first = await sendAndWait(pair);
    t.match(first, { state: 'placed' }, engagement);
    const [item] = await feed();
    await tell({ message: item?.id, kind: 'displayed' });
    t.match(await sendAndWait(pair), { state }, engagement);
    t.equal((await feed()).length, 1, `${engagement}: one display a day, whatever is placed`);
    const over = await sendAndWait(pair, { expiresAt: inDays(0.5) });
    t.match(
      over,
      engagement === 'individual' ? { code: 'message.cap' } : { state: 'placed' },
      'over by then',
    );
  }
});

t.test('ten service messages a day, over which nothing goes', async (t) => {
  const pair = await startSlotPair(t);
  for (let n = 0; n < 10; n++) t.match(await sendAndWait(pair, { category: 'service' }), { state: 'placed' });
  t.match(await sendAndWait(pair, { category: 'service' }), { state: 'refused', code: 'message.cap' });
  t.match(await sendAndWait(pair), { state: 'placed' }, 'nor do they use up what others have');
});

t.test('a preflight that is too large, and what was never said', async (t) => {
  const { guest, host, link, agreement: agr } = await startSlotPair(t);
  const target = '/federation/v1/preflight';
  const asked = async (bytes: number) => {
    const json = Buffer.from(JSON.stringify({ link, agr, message: message() }));
    const token = await requestToken(guest, host, 'POST', `${host.url}${target}`);
    return ask(host, 'POST', target, {
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: Buffer.concat([json, Buffer.alloc(bytes - json.length, ' ')]),
    });
  };
  t.same((await asked(257 * 1024)).json(), { outcome: 'placed' });
  t.match((await asked(257 * 1024 + 1)).json(), { status: 413, code: 'request.too_large' });
  const crm = await createApiClient(guest, 'integrator');
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/answers'],
  ] as const)
    t.match(
      await crm.call(method, `/v1/replies/01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70${path}`, {
        ...(method === 'POST' && { json: { handledBy: 'human', text: 'Oui', language: 'fr' } }),
      }),
      { status: 404, body: { code: 'reply.not_found' } },
    );
});
