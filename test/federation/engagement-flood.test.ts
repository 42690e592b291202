// Engagement that nobody should believe: of others, from the future, ten thousand times; from a customer's page to its
// host, and from a host to a guest.
import t, { type Test } from 'tap';
import { craft, put } from '../support/craft.ts';
import { openCustomer, reportEngagement } from '../support/customer.ts';
import { restartTestNode, seedLink, type TestNode } from '../support/node.ts';
import { contactScopes, type SlotPair, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const KINDS = ['displayed', 'opened', 'clicked', 'dismissed', 'reported'] as const;

type Told = { message: string; kind: string; at: string } | { link: string; kind: string; at: string };

/** What a host tells the guest, whatever it is. */
async function startTeller(t: Test) {
  const pair = await startSlotPair(t);
  const tellAt = async (to: TestNode, events: readonly Told[]) => {
    const { guest, host } = pair;
    const crafted = await craft(host, guest, {
      act: 'slot.engagement',
      content: null,
      body: { events },
    });
    const { status } = await put(to, crafted);
    const [row] = await sql(guest, 'select reason, body_id from inbound_exchanges where jti = $1', [
      crafted.jti,
    ]);
    return { status, ...row };
  };
  const received = () =>
    sql(pair.guest, 'select message, kind, at from received_engagement order by message, kind');
  return { ...pair, tellAt, tell: (...events: Told[]) => tellAt(pair.guest, events), received };
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

t.test('a page tells ten thousand times, all at once', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, learned, known } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  const hundred = Array.from({ length: 100 }, (_, at) => ({
    message: item?.id,
    kind: KINDS[at % 3] as string,
  }));
  const answers = await Promise.all(Array.from({ length: 100 }, () => tell(...hundred)));
  for (const body of answers) t.same(body, { recorded: 100, ignored: [] });
  t.equal((await sql(pair.host, 'select 1 from message_displays')).length, 1);
  t.equal((await learned()).length, 3, 'the customer is told of each once');
  t.equal((await sql(pair.host, 'select 1 from engagement_reports')).length, 3);
  await reportEngagement(pair);
  t.same((await known(sent.id)).map(({ kind }) => kind).sort(), ['clicked', 'displayed', 'opened']);
});

t.test('a page of one customer tells of another customer of the same host', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host } = pair;
  const other = await seedLink(guest, host, { scopes: contactScopes(guest, host) });
  await sendAndWait({ ...pair, link: other });
  const [theirs] = await (await openCustomer(pair, other)).feed();
  const { tell } = await openCustomer(pair);
  t.match(await tell(...KINDS.map((kind) => ({ message: theirs?.id, kind }))), {
    recorded: 0,
    ignored: KINDS.map((_, index) => ({ index, code: 'event.unknown' })),
  });
  t.match(await sql(host, 'select displayed_at, opened_at, reported_at from message_displays'), [
    { displayed_at: null, opened_at: null, reported_at: null },
  ]);
  t.same(await sql(host, 'select 1 from engagement_reports'), []);
});

t.test('a host tells ten thousand times, in whatever order, over two replicas of the guest', async (t) => {
  const teller = await startTeller(t);
  const { guest, tellAt, received } = teller;
  const port = String(Number(guest.env['INTERVAULT_PORT']) + 1);
  const second = await restartTestNode(t, { ...guest.env, INTERVAULT_PORT: port });
  const replicas = [guest, { ...second, url: `http://127.0.0.1:${port}` }];
  const messages = await Promise.all(Array.from({ length: 10 }, () => sendAndWait(teller as SlotPair)));
  const at = inSeconds(-1);
  const events = messages.flatMap(({ id }) => KINDS.map((kind) => ({ message: id, kind, at })));
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => {
      const order = n % 2 === 0 ? events : events.toReversed();
      return tellAt(replicas[n % 2] as TestNode, Array(10).fill(order).flat());
    }),
  );
  for (const answer of answers) t.match(answer, { status: 201, reason: null, body_id: null });
  t.equal((await received()).length, events.length, 'each once');
  const [row] = await sql(guest, 'select deadlocks from pg_stat_database where datname = current_database()');
  t.equal(row?.['deadlocks'], 0);
});

t.test('a host tells of what is to come', async (t) => {
  const teller = await startTeller(t);
  const { link, tell, received, guest } = teller;
  const { id } = await sendAndWait(teller as SlotPair);
  t.match(
    await tell(
      { message: id, kind: 'opened', at: inSeconds(90) },
      { message: id, kind: 'clicked', at: '9999-12-31T23:59:59Z' },
      { link, kind: 'muted', at: inSeconds(90) },
    ),
    { status: 201 },
  );
  t.same(await received(), [], 'passed over, and the host learns nothing of it');
  t.match(await tell({ message: id, kind: 'opened', at: inSeconds(30) }), { status: 201 });
  t.match(await received(), [{ message: id, kind: 'opened' }], 'clocks differ by a minute at most');
  const before = await sql(guest, 'select 1 from received_engagement');
  for (const at of ['0000-01-01T00:00:00Z', '0000-12-31T23:59:59Z'])
    t.match(
      await tell({ message: id, kind: 'clicked', at }),
      { status: 422, reason: 'manifest.invalid' },
      'a year that no calendar has',
    );
  t.match(await tell({ message: id, kind: 'clicked', at: '0001-01-01T00:00:00Z' }), { status: 201 });
  t.equal((await sql(guest, 'select 1 from received_engagement')).length, before.length + 1);
});

t.test('a host tells more than fits, and of what is gone', async (t) => {
  const teller = await startTeller(t);
  const { link, guest, tell, received } = teller;
  const { id } = await sendAndWait(teller as SlotPair);
  const event = { message: id, kind: 'opened', at: inSeconds(-1) };
  t.match(await tell(...Array(501).fill(event)), { status: 422, reason: 'manifest.invalid' });
  t.same(await received(), [], 'nothing of it');
  t.match(await tell(...Array(500).fill(event)), { status: 201 });
  t.equal((await received()).length, 1);
  await guest.links.erase(link, 'customer.request');
  t.match(await tell(event, { link, kind: 'muted', at: inSeconds(-1) }), { status: 201 });
  t.same(await received(), [], 'erased, and stays so');
});

t.test('a host tells of mutes without end', async (t) => {
  const { link, tell, guest } = await startTeller(t);
  const at = Date.now() - 10_000_000;
  for (let told = 0; told < 3_000; told += 500) {
    const mutes = Array.from({ length: 500 }, (_, k) => ({
      link,
      kind: k % 2 === 0 ? 'muted' : 'unmuted',
      at: new Date(at + (told + k) * 1000).toISOString(),
    }));
    t.match(await tell(...mutes), { status: 201 }, 'it learns nothing of it');
  }
  t.equal((await sql(guest, 'select 1 from received_engagement')).length, 1_000);
});
