// What a customer is shown of what guests learned stays true when they change what they agree to.
import t from 'tap';
import { CONSENT } from '../links/sides.ts';
import { agree } from '../support/agreement.ts';
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

const agreeTo = ({ guest, host, link }: SlotPair, engagement: Engagement) =>
  host.links.change(link, {
    kind: 'scopes',
    scopes: contactScopes(guest, host, engagement),
    consent: CONSENT,
  });

const tellings = (events: Record<string, unknown>[]) =>
  events.map(({ kind, told }) => `${kind} ${told}`).sort();

t.test('a month that was told of stays told, whatever is agreed to later', async (t) => {
  const [guest, host] = [
    await startTestNode(t),
    await startTestNode(t, { env: { INTERVAULT_MIN_GROUP_SIZE: '10' } }),
  ];
  await peerNodes(guest, host);
  await agree(guest, host, { grant: grantWith(slotGrant()) });
  const links: string[] = [];
  for (let count = 0; count < 22; count++)
    links.push(
      await seedLink(guest, host, {
        scopes: contactScopes(guest, host, count === 21 ? 'none' : 'individual'),
      }),
    );
  const pairs = links.map((link) => ({ guest, host, link, agreement: '' }) as unknown as SlotPair);
  for (const pair of pairs.slice(0, 21)) await agreeTo(pair, 'aggregate');
  const { priority: _priority, ...given } = message();
  for (const link of links) await guest.slots.messages.send({ link, ...given }, 'test');
  await eventually(async () => (await sql(host, 'select 1 from hosted_messages')).length === 22);
  const customers = await Promise.all(
    pairs.map(async (pair, index) => {
      const customer = await openCustomer(pair);
      const [item] = await customer.feed();
      if (index < 10 || index === 21) await customer.tell({ message: item?.id, kind: 'opened' });
      if (index === 0) await customer.tell({ message: item?.id, kind: 'clicked' });
      return customer;
    }),
  );
  const [first, second, outside] = [customers[0], customers[1], customers[21]];
  const seen = async () => [
    tellings((await first?.learned()) ?? []),
    tellings((await second?.learned()) ?? []),
    tellings((await outside?.learned()) ?? []),
  ];
  t.same(
    await seen(),
    [
      ['clicked aggregate', 'displayed aggregate', 'opened aggregate'],
      ['displayed aggregate', 'opened aggregate'],
      ['displayed never', 'opened never'],
    ],
    'to be counted when the month is over',
  );
  await agreeTo(pairs[1] as SlotPair, 'individual');
  t.same((await seen())[1], ['displayed never', 'opened never'], 'whom it knows one by one is not counted');
  await agreeTo(pairs[1] as SlotPair, 'aggregate');

  const now = new Date();
  await host.slots.months.close(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 8)));
  await reportEngagement(pairs[0] as SlotPair);
  await eventually(async () => (await sql(guest, 'select 1 from received_engagement_months')).length === 1);
  await agreeTo(pairs[0] as SlotPair, 'none');
  await agreeTo(pairs[1] as SlotPair, 'individual');
  await agreeTo(pairs[21] as SlotPair, 'none');
  t.same(await seen(), [
    ['clicked never', 'displayed aggregate', 'opened aggregate'],
    ['displayed aggregate', 'opened aggregate'],
    ['displayed never', 'opened never'],
  ]);
  t.match(
    (await first?.learned())?.find(({ kind }) => kind === 'opened'),
    { toldAt: String },
    'with when it was told',
  );
  await sql(host, 'delete from engagement_groups');
  t.same((await seen())[0], ['clicked never', 'displayed perhaps_aggregate', 'opened perhaps_aggregate']);
  await host.links.erase(links[0] as never, 'customer.request');
  t.same((await seen())[0], [], 'of an erased link nothing is known');
});

t.test('an event from before the consent to each, beside one that was told', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, learned, known } = await openCustomer(pair);
  await agreeTo(pair, 'none');
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'opened' });
  await agreeTo(pair, 'individual');
  await tell({ message: item?.id, kind: 'clicked' });
  t.same(tellings(await learned()), ['clicked individual', 'displayed never', 'opened never']);
  await reportEngagement(pair);
  t.same(
    (await known(sent.id)).map(({ kind }) => kind),
    ['clicked'],
  );
  await agreeTo(pair, 'aggregate');
  t.same(tellings(await learned()), ['clicked individual', 'displayed never', 'opened never']);
});

t.test('a word that nobody answered for', async (t) => {
  const pair = await startSlotPair(t, { engagement: 'none' });
  const { sayNow, learned } = await openCustomer(pair);
  const said = await sayNow({ kind: 'reply', peer: pair.guest.url, text: 'Bonjour', language: 'fr' });
  t.same(tellings(await learned()), ['reply individual']);
  const set = (state: string, code: string) =>
    sql(pair.host, 'update replies set state = $2, code = $3, decided_at = null where jti = $1', [
      said.id,
      state,
      code,
    ]);
  await set('failed', 'exchange.unconfirmed');
  t.same(tellings(await learned()), ['reply unconfirmed']);
  await set('failed', 'time.expired');
  t.same(await learned(), [], 'the guest signed that it did not take it');
});
