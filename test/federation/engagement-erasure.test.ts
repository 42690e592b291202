// Erasing a link takes with it what was told of its customer, and what is about to be.
import t from 'tap';
import { openCustomer } from '../support/customer.ts';
import { eventually } from '../support/node.ts';
import { type SlotPair, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

/** Has the guest told while it can't be reached: returns what stays under way. */
async function holdReport({ host }: SlotPair): Promise<string> {
  await sql(
    host,
    `create function hold() returns trigger language plpgsql as $$ begin new.next_attempt_at := now() + interval '1 hour'; return new; end $$`,
  );
  await sql(host, `create trigger hold before insert on deliveries for each row execute function hold()`);
  await host.slots.reporter.sweep();
  await sql(host, 'drop trigger hold on deliveries');
  const [exchange] = await sql(host, `select jti from outbound_exchanges where act = 'slot.engagement'`);
  return String(exchange?.['jti']);
}

async function tryAgain({ host }: SlotPair, jti: string) {
  await host.outbox.retryNow(jti);
  return eventually(async () => {
    const [row] = await sql(host, 'select state, reason from outbound_exchanges where jti = $1', [jti]);
    return row?.['state'] === 'pending' ? undefined : row;
  });
}

t.test('what was told', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell } = await openCustomer(pair);
  await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'opened' });
  await pair.host.slots.reporter.sweep();
  await eventually(
    async () => (await sql(pair.guest, 'select 1 from received_engagement')).length === 2 || undefined,
  );
  for (const n of [pair.guest, pair.host]) await n.links.erase(pair.link, 'customer.request');
  await pair.guest.slots.erasure.sweep();
  await pair.host.slots.erasure.sweep();
  for (const [name, n, table] of [
    ['guest', pair.guest, 'inbound_exchanges'],
    ['host', pair.host, 'outbound_exchanges'],
  ] as const) {
    const [e] = await sql(
      n,
      `select x.body_id, b.state from ${table} x join bodies b on b.id = x.body_id where x.act = 'slot.engagement'`,
    );
    const id = e?.['body_id'] as string | undefined;
    const body = id === undefined ? undefined : (await n.exchange.bodies.open([id])).get(id);
    t.equal(body, undefined, `${name}: nothing that tells what the customer did`);
  }
});

t.test('what is under way', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell } = await openCustomer(pair);
  await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'opened' });
  const told = await holdReport(pair);
  await pair.host.links.erase(pair.link, 'customer.request');
  await eventually(
    async () =>
      (await sql(pair.guest, `select 1 from link_halves where owner = 'peer' and state = 'revoked'`))
        .length === 1 || undefined,
  );
  t.match(await tryAgain(pair, told), { state: 'failed' });
  t.same(
    await sql(pair.guest, 'select kind from received_engagement'),
    [],
    'nothing is told after the customer left',
  );
});

t.test('what is under way when the customer withdraws', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, known } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'opened' });
  const told = await holdReport(pair);
  await pair.host.links.change(pair.link, { kind: 'pause' });
  t.match(await tryAgain(pair, told), { state: 'failed', reason: 'exchange.outdated' });
  await sql(pair.host, 'update engagement_peers set due_at = now()');
  await pair.host.slots.reporter.sweep();
  t.same(await sql(pair.host, 'select 1 from engagement_reports'), [], 'nor told another time');
  t.same(await known(sent.id), []);
});
