// What a guest learns of customers: each event of those who agreed to it, figures of the others, and nothing else.
import t from 'tap';
import { agree } from '../support/agreement.ts';
import { createApiClient } from '../support/api.ts';
import { openCustomer, reportEngagement } from '../support/customer.ts';
import { eventually, peerNodes, seedLink, startTestNode } from '../support/node.ts';
import {
  contactScopes,
  type Engagement,
  grantWith,
  message,
  type SlotPair,
  sendAndWait,
  slotGrant,
  sql,
  startSlotPair,
} from '../support/slot.ts';

t.test('events of a customer who agreed to tell each one', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, learned, known, vault, path } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  const at = new Date(Date.now() - 1500).toISOString();
  await sql(pair.host, `update message_displays set leased_at = leased_at - interval '1 minute'`);
  await tell({ message: item?.id, kind: 'displayed', at }, { message: item?.id, kind: 'opened' });
  await tell({ message: item?.id, kind: 'opened' }, { message: item?.id, kind: 'dismissed' });
  t.same((await learned()).map(({ kind, told }) => `${kind} ${told}`).sort(), [
    'dismissed individual',
    'displayed individual',
    'opened individual',
  ]);
  t.notOk(
    (await learned()).some((event) => 'toldAt' in event),
    'before anybody is told',
  );
  await pair.host.slots.reporter.sweep();
  await eventually(async () => (await known(sent.id)).length > 0);
  t.match(await known(sent.id), [{ kind: 'displayed', at: `${at.slice(0, 19)}.000Z` }, { kind: 'opened' }]);
  t.equal((await known(sent.id)).length, 2, 'what can be undone waits');
  await eventually(async () => (await learned()).filter((event) => 'toldAt' in event).length === 2);

  await tell({ message: item?.id, kind: 'restored' });
  await reportEngagement(pair);
  t.equal((await known(sent.id)).length, 2, 'undone in time, never told');
  t.equal((await learned()).length, 2);

  await tell({ message: item?.id, kind: 'reported' });
  t.same(await feed(), [], 'what is reported is out of sight');
  await reportEngagement(pair);
  t.match((await known(sent.id)).at(-1), { kind: 'reported' });
  await tell({ message: item?.id, kind: 'unreported' });
  t.equal((await feed()).length, 1);
  t.match(
    (await learned()).find(({ kind }) => kind === 'reported'),
    { told: 'individual', toldAt: String },
    'taken back after it was told: the customer still sees that it was',
  );

  await vault.call('POST', `${path}/mute`, { json: { peer: pair.guest.url } });
  await vault.call('POST', `${path}/unmute`, { json: { peer: pair.guest.url } });
  t.notOk(
    (await learned()).some(({ kind }) => kind === 'muted'),
    'a mute undone in time',
  );
  await vault.call('POST', `${path}/mute`, { json: { peer: pair.guest.url } });
  await reportEngagement(pair);
  t.match(await sql(pair.guest, 'select kind, link_id from received_engagement where message is null'), [
    { kind: 'muted', link_id: pair.link },
  ]);
  const page = await vault.call('GET', `${path}/learned?limit=2`);
  const rest = await vault.call('GET', `${path}/learned?limit=200&cursor=${page.body['next']}`);
  t.same([...(page.body['events'] as []), ...(rest.body['events'] as [])], await learned(), 'in pages');
  t.match(await vault.call('GET', `${path}/learned?cursor=x`), {
    status: 400,
    body: { code: 'contact.input' },
  });
});

t.test('a customer who did not agree', async (t) => {
  for (const engagement of ['none', 'aggregate'] as const satisfies Engagement[]) {
    const pair = await startSlotPair(t, { engagement });
    const { feed, tell, learned, known } = await openCustomer(pair);
    const sent = await sendAndWait(pair);
    const [item] = await feed();
    await tell({ message: item?.id, kind: 'opened' });
    await reportEngagement(pair);
    t.same(await known(sent.id), [], engagement);
    t.same(await sql(pair.host, `select 1 from outbound_exchanges where act = 'slot.engagement'`), []);
    t.match(await learned(), [
      { told: engagement === 'none' ? 'never' : 'aggregate' },
      { told: engagement === 'none' ? 'never' : 'aggregate' },
    ]);
  }
});

t.test('a consent that is withdrawn holds for what was not told yet', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, known } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'opened' });
  await pair.host.links.change(pair.link, { kind: 'pause' });
  await reportEngagement(pair);
  t.same(await known(sent.id), []);
  t.same(await sql(pair.host, 'select 1 from engagement_reports'), [], 'and is forgotten');
});

t.test('events are told again until they arrive, and once', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, known } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'displayed' });
  await pair.host.slots.reporter.sweep();
  const [first] = await sql(pair.host, `select jti from outbound_exchanges where act = 'slot.engagement'`);
  await eventually(async () => (await known(sent.id)).length === 1);
  await eventually(async () => {
    const [under] = await sql(pair.host, 'select 1 from engagement_peers where exchange_jti is not null');
    return under === undefined ? true : undefined;
  });
  // Its receipt was lost, and the exchange given up: the same events go out in another one.
  await sql(pair.host, `update engagement_reports set told_at = null, exchange_jti = null`);
  await reportEngagement(pair);
  const exchanges = await sql(pair.host, `select jti from outbound_exchanges where act = 'slot.engagement'`);
  t.equal(exchanges.length, 2);
  t.ok(first);
  t.equal((await known(sent.id)).length, 1, 'told twice, known once');
});

t.test('what a host says of messages that are not its own is passed over', async (t) => {
  const pair = await startSlotPair(t);
  const other = await startTestNode(t);
  await peerNodes(pair.guest, other);
  const sent = await sendAndWait(pair);
  const exchange = other.exchange;
  const { saltedManifest } = await import('../../src/exchange/index.ts');
  const at = new Date().toISOString();
  const body = {
    events: [
      { message: sent.id, kind: 'opened', at },
      { link: pair.link, kind: 'muted', at },
    ],
  };
  const [jti] = await other.db.transact((tx) =>
    exchange.outbound.say(
      tx,
      [
        {
          aud: pair.guest.url as never,
          act: 'slot.engagement',
          manifest: saltedManifest(body),
          submitted: false,
          windowS: 600,
        },
      ],
      new Date(),
    ),
  );
  await eventually(async () => {
    const [row] = await sql(other, 'select state from outbound_exchanges where jti = $1', [jti]);
    return row?.['state'] === 'accepted' ? true : undefined;
  });
  t.same(await sql(pair.guest, 'select 1 from received_engagement'), []);
});

t.test('a month of many customers', async (t) => {
  const env = { INTERVAULT_MIN_GROUP_SIZE: '10' };
  const [guest, host] = [await startTestNode(t), await startTestNode(t, { env })];
  await peerNodes(guest, host);
  await agree(guest, host, { grant: grantWith(slotGrant()) });
  const scopes = (engagement: Engagement) => contactScopes(guest, host, engagement);
  const links: string[] = [];
  for (let count = 0; count < 32; count++)
    links.push(await seedLink(guest, host, { scopes: scopes(count === 31 ? 'none' : 'aggregate') }));
  const { priority: _priority, ...given } = message();
  for (const link of links) await guest.slots.messages.send({ link, ...given }, 'test');
  await eventually(async () => (await sql(host, 'select 1 from hosted_messages')).length === 32);
  const pair = { guest, host, link: links[0], agreement: '' } as unknown as SlotPair;
  for (const [index, link] of links.entries()) {
    const { feed, tell } = await openCustomer(pair, link);
    const [item] = await feed();
    if (index < 15) await tell({ message: item?.id, kind: 'displayed' });
    if (index < 9) await tell({ message: item?.id, kind: 'clicked' });
  }
  const later = (months: number) => {
    const now = new Date();
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 8));
  };
  await host.slots.months.close(new Date());
  t.same(await sql(host, 'select 1 from engagement_months'), [], 'not before it is over');
  await host.slots.months.close(later(1));
  await host.slots.months.close(later(1));
  await reportEngagement(pair);
  const client = await createApiClient(guest, 'auditor');
  const months = async () => (await client.call('GET', '/v1/engagement')).body['months'] as object[];
  const [told] = await eventually(async () => ((await months()).length === 1 ? await months() : undefined));
  t.match(told, { peer: host.url, customers: 31, figures: { displayed: 15 } });
  t.notOk('clicked' in (told as { figures: object }).figures, 'nine are too few');

  // The month after, all but one get a message: the difference would be one customer.
  await sql(
    host,
    `update hosted_messages set placed_at = placed_at + interval '1 month' where link_id <> $1`,
    [links[0]],
  );
  await host.slots.months.close(later(2));
  await reportEngagement(pair);
  const [second] = await eventually(async () => ((await months()).length === 2 ? await months() : undefined));
  t.notOk('customers' in (second as object), 'nothing is told of it');
  t.equal((await sql(host, 'select 1 from engagement_groups')).length, 31);
  await host.links.erase(links[3] as string, 'customer.request');
  t.equal((await sql(host, 'select 1 from engagement_groups')).length, 31);
  const [gone] = await sql(host, 'select customer_id from hosted_messages where link_id = $1', [links[3]]);
  t.equal(gone?.['customer_id'], null);

  // Thirty months told of before: what no new group is held against any more is forgotten.
  await sql(
    host,
    `insert into engagement_groups (peer, month, member)
     select peer, to_char(to_date(month, 'YYYY-MM') - n * interval '1 month', 'YYYY-MM'), member
     from engagement_groups, generate_series(1, 30) as n`,
  );
  await sql(host, `update hosted_messages set placed_at = placed_at + interval '1 month'`);
  await host.slots.months.close(later(3));
  const [kept] = await sql(host, 'select count(distinct month)::int as months from engagement_groups');
  t.equal(kept?.['months'], 24);
});
