// What a customer's page shows, and what it tells back, at a real host under a real agreement.
import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { openCustomer, type ShownItem } from '../support/customer.ts';
import { eventually } from '../support/node.ts';
import { png } from '../support/png.ts';
import { message, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const titled = (title: string, body = 'Un conseil.') => ({ texts: [{ language: 'fr', title, body }] });

t.test('what is placed is shown, in the customer’s language, safely', async (t) => {
  const pair = await startSlotPair(t);
  const { feed } = await openCustomer(pair);
  t.same(await feed(), []);
  await sendAndWait(pair, {
    texts: [
      {
        language: 'fr',
        title: 'Bonjour',
        body: '**Gras** <script>alert(1)</script>\n\n- un\n- [lien](https://x.example)',
      },
      { language: 'en', title: 'Hello', body: 'Text.' },
    ],
    actions: [{ kind: 'reply', label: 'Répondre' }],
  });
  const items = await feed();
  t.match(items, [
    {
      title: 'Bonjour',
      language: 'fr',
      bodyHtml:
        '<p><strong>Gras</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n<ul>\n<li>un</li>\n<li>[lien](https://x.example)</li>\n</ul>',
      actions: [{ kind: 'reply', label: 'Répondre' }],
      human: { kind: 'thread' },
      from: { id: pair.guest.url },
      displayed: false,
      leasedUntil: String,
    },
  ]);
  t.match(await feed('?locale=en-GB'), [{ title: 'Hello' }], 'another form of the language');
  t.match(await feed('?locale=de'), [{ title: 'Bonjour' }], 'the first where there is none');
  t.same(await feed('?placement=inbox'), []);
  t.equal((await feed('?placement=home')).length, 1);
});

t.test('two devices that fetch the last allowed message get it once', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, vault, path: customer } = await openCustomer(pair);
  const calm = { max: 1, per: 1, unit: 'day' };
  await vault.call('PUT', `${customer}/contact`, { json: { calm } });
  for (const title of ['un', 'deux', 'trois']) await sendAndWait(pair, titled(title));
  const feeds = await Promise.all(Array.from({ length: 12 }, () => feed()));
  const handed = new Set(feeds.flatMap((items) => items.map((item) => item.id)));
  t.equal(handed.size, 1, 'the same one, however many fetch at once');
  t.equal((await sql(pair.host, 'select 1 from message_displays')).length, 1);

  const [first] = [...handed];
  t.match(await tell({ message: first, kind: 'displayed' }), { recorded: 1, ignored: [] });
  t.match(await feed(), [{ id: first, displayed: true }], 'seen, and still there');
  await tell({ message: first, kind: 'dismissed' });
  t.same(await feed(), [], 'its place is used up');
  await tell({ message: first, kind: 'restored' });
  t.match(await feed(), [{ id: first }], 'undone');

  await sql(
    pair.host,
    `update message_displays set leased_at = leased_at - interval '25 hours', displayed_at = displayed_at - interval '25 hours'`,
  );
  t.equal((await feed()).length, 2, 'a day later there is room for another');
  const refused = await sendAndWait(pair);
  t.match(refused, { state: 'refused', code: 'message.calm_budget' }, 'and the guest is told');
});

t.test('a short page shows what was seen, though what may not be shown stands before it', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, vault, path: customer } = await openCustomer(pair);
  await sendAndWait(pair, titled('vu'));
  const [seen] = await feed();
  for (const title of ['un', 'deux', 'trois']) await sendAndWait(pair, titled(title));
  await vault.call('PUT', `${customer}/contact`, { json: { calm: { max: 1, per: 1, unit: 'day' } } });
  await sql(pair.host, `update hosted_messages set priority = 'high' where id <> $1`, [seen?.id]);
  t.match(await feed('?limit=1'), [{ id: seen?.id }]);
  await vault.call('PUT', `${customer}/contact`, { json: {} });
  t.match(await feed('?limit=3'), [{ title: 'un' }, { title: 'deux' }, { title: 'trois' }], 'allowed again');
});

t.test('a lease that ends unused gives its place back', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, vault, path: customer } = await openCustomer(pair);
  await vault.call('PUT', `${customer}/contact`, { json: { calm: { max: 1, per: 1, unit: 'week' } } });
  await sendAndWait(pair, titled('un'));
  await sendAndWait(pair, titled('deux'));
  const [first] = await feed();
  const pass = (what: string) =>
    sql(
      pair.host,
      `update message_displays set leased_at = leased_at - interval '${what}', leased_until = leased_until - interval '${what}'`,
    );
  await pass('5 minutes 10 seconds');
  const [renewed] = await feed();
  t.equal(renewed?.id, first?.id, 'held for a report: the same one again, with new time');
  t.ok(Date.parse(renewed?.leasedUntil ?? '') > Date.now());
  await pass('7 minutes');
  t.match(await tell({ message: first?.id, kind: 'displayed' }), {
    recorded: 0,
    ignored: [{ index: 0, code: 'event.late' }],
  });
  t.equal((await feed()).length, 1);
  t.equal((await sql(pair.host, 'select 1 from message_displays where leased_until > now()')).length, 1);
});

t.test('what a page may not tell', async (t) => {
  const [pair, other] = [await startSlotPair(t), await startSlotPair(t)];
  const { feed, tell, vault, path: customer } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const stranger = await openCustomer(other);
  await sendAndWait(other);
  const [theirs] = await stranger.feed();
  const [row] = await sql(pair.host, 'select id from hosted_messages where jti = $1', [sent.id]);
  t.match(
    await tell({ message: theirs?.id, kind: 'displayed' }, { message: row?.['id'], kind: 'displayed' }),
    { recorded: 0, ignored: [{ code: 'event.unknown' }, { index: 1, code: 'event.unknown' }] },
    'another’s, and one that was never handed out',
  );
  const [item] = await feed();
  const future = new Date(Date.now() + 120_000).toISOString();
  t.match(await tell({ message: item?.id, kind: 'opened', at: future }), {
    ignored: [{ code: 'event.future' }],
  });
  const many = Array.from({ length: 100 }, () => ({ message: item?.id, kind: 'clicked' }));
  for (let i = 0; i < 20; i++) t.match(await tell(...many), { recorded: 100 });
  t.equal(
    (await sql(pair.host, 'select 1 from message_displays')).length,
    1,
    'told two thousand times, kept once',
  );
  const tooMany = await vault.call('POST', `${customer}/engagement`, {
    json: { events: [...many, many[0]].map((event) => ({ ...event, at: new Date().toISOString() })) },
  });
  t.match(tooMany.body, { code: 'request.invalid' });
  t.match((await vault.call('GET', '/v1/customers/01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70/feed')).body, {
    code: 'customer.not_found',
  });
});

t.test('what is over or not wanted any more is not shown', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, vault, path: customer } = await openCustomer(pair);
  const first = await sendAndWait(pair, titled('un'));
  t.equal((await feed()).length, 1);
  for (const [state, back] of [
    [`update link_halves set state = 'paused'`, `update link_halves set state = 'active'`],
    [
      `update hosted_messages set expires_at = now()`,
      `update hosted_messages set expires_at = now() + interval '1 day'`,
    ],
    [
      `update hosted_messages set eligible_at = now() + interval '1 hour'`,
      `update hosted_messages set eligible_at = now()`,
    ],
  ] as const) {
    await sql(pair.host, state);
    t.same(await feed(), [], state);
    await sql(pair.host, back);
    t.equal((await feed()).length, 1, back);
  }
  const ref = Buffer.from(pair.guest.url).toString('base64url');
  const operator = await createApiClient(pair.host, 'operator');
  await operator.call('POST', `/v1/slots/${ref}/home-card/pause`, { json: { reason: 'a test' } });
  t.same(await feed(), [], 'a paused slot');
  await operator.call('POST', `/v1/slots/${ref}/home-card/resume`);

  const edit = await sendAndWait(pair, { ...titled('un bis'), replaces: first.id });
  t.match(await feed(), [{ title: 'un bis' }], 'an edit of what nobody saw takes its place');
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'displayed' });
  const again = await sendAndWait(pair, { ...titled('un ter'), replaces: edit.id });
  t.same(await feed(), [], 'an edit of what was seen is not shown again');
  await sendAndWait(pair, { ...titled('un quater'), replaces: again.id });
  t.same(await feed(), [], 'nor an edit of that');

  await sendAndWait(pair, titled('deux'));
  await vault.call('POST', `${customer}/mute`, { json: { peer: pair.guest.url } });
  t.same(await feed(), [], 'muted before it was seen');
  await vault.call('POST', `${customer}/unmute`, { json: { peer: pair.guest.url } });
  t.equal((await feed()).length, 1);
});

t.test('an image comes with its message, from the host', async (t) => {
  const pair = await startSlotPair(t, { grant: { imageMaxBytes: 200_000 } });
  const { feed, vault, path: customer } = await openCustomer(pair);
  const guest = await createApiClient(pair.guest, 'integrator');
  const content = png(640, 400);
  const { priority: _priority, ...given } = message({
    texts: [{ language: 'fr', title: 'Votre maison', body: 'Bien assurée ?', imageAlt: 'Une maison' }],
  });
  const send = (image: object, more: object = {}) =>
    guest.call('POST', '/v1/messages', { json: { link: pair.link, ...given, image, ...more } });
  const image = { type: 'image/png', data: content.toString('base64') };
  const preflight = { json: { link: pair.link, ...given, image } };
  t.match((await guest.call('POST', '/v1/messages/preflight', preflight)).body, { outcome: 'placed' });
  t.equal((await send(image)).status, 201);
  const [item] = await eventually(async () => {
    const items = await feed();
    return items.length === 1 ? (items as (ShownItem & { image: object })[]) : undefined;
  });
  t.same(item?.image, { type: 'image/png', alt: 'Une maison' });
  const path = `${customer}/messages/${item?.id}/image`;
  const shown = await vault.call('GET', path);
  t.equal(shown.headers.get('content-type'), 'image/png');
  t.match(shown.headers.get('cache-control'), /private/);
  t.ok(shown.bytes.equals(content));

  t.test('what is none', async (t) => {
    const data = (bytes: Buffer) => ({ type: 'image/png', data: bytes.toString('base64') });
    const refused = async (image: object, more: object = {}) =>
      t.match(await send(image, more), { status: 422, body: { code: 'message.image' } });
    await refused({ ...image, data: 'é' });
    await refused(data(Buffer.from('<svg onload="alert(1)"/>')));
    await refused({ ...image, type: 'image/jpeg' });
    await refused(data(png(4097, 1)));
    await refused(data(Buffer.concat([content, Buffer.alloc(200_000)])));
    await refused(image, { texts: [{ language: 'fr', title: 'Sans mots', body: 'Une image' }] });
    const wrong = await send({ ...image, type: 'image/svg+xml' });
    t.match(wrong, { status: 400, body: { code: 'request.invalid' } });
    const large = await send(data(Buffer.concat([content, Buffer.alloc(256 * 1024)])));
    t.match(large, { status: 400, body: { code: 'request.invalid', pointer: '/image/data' } });
    t.equal((await vault.call('GET', `${customer}/messages/${pair.link}/image`)).status, 404);
  });

  t.test('goes with the link', async (t) => {
    await pair.host.links.erase(pair.link, 'customer.request');
    t.match(await vault.call('GET', path), { status: 404 });
  });
});
