// Erasing a link takes with it what was told of its customer, and what is about to be.
import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { eventually } from '../support/node.ts';
import { sendAndWait, sql, startSlotPair } from '../support/slot.ts';

t.test('what was told', async (t) => {
  const pair = await startSlotPair(t);
  const [row] = await sql(pair.host, 'select customer_id from links');
  const vault = await createApiClient(pair.host, 'vault');
  const path = `/v1/customers/${row?.['customer_id']}`;
  await sendAndWait(pair);
  const [item] = (await vault.call('GET', `${path}/feed`)).body['items'] as { id: string }[];
  await vault.call('POST', `${path}/engagement`, {
    json: { events: [{ message: item?.id, kind: 'opened', at: new Date().toISOString() }] },
  });
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
  const [row] = await sql(pair.host, 'select customer_id from links');
  const vault = await createApiClient(pair.host, 'vault');
  const path = `/v1/customers/${row?.['customer_id']}`;
  await sendAndWait(pair);
  const [item] = (await vault.call('GET', `${path}/feed`)).body['items'] as { id: string }[];
  await vault.call('POST', `${path}/engagement`, {
    json: { events: [{ message: item?.id, kind: 'opened', at: new Date().toISOString() }] },
  });
  // The guest can't be reached just now: the peer is held back by a trigger on what is leased.
  await sql(
    pair.host,
    `create function hold() returns trigger language plpgsql as $$ begin new.next_attempt_at := now() + interval '1 hour'; return new; end $$`,
  );
  await sql(
    pair.host,
    `create trigger hold before insert on deliveries for each row when (true) execute function hold()`,
  );
  await pair.host.slots.reporter.sweep();
  const [x] = await sql(pair.host, `select jti from outbound_exchanges where act = 'slot.engagement'`);
  await sql(pair.host, 'drop trigger hold on deliveries');
  await pair.host.links.erase(pair.link, 'customer.request');
  await eventually(
    async () =>
      (await sql(pair.guest, `select 1 from link_halves where owner = 'peer' and state = 'revoked'`))
        .length === 1 || undefined,
  );
  await pair.host.outbox.retryNow(x?.['jti'] as string);
  await eventually(async () => {
    const [r] = await sql(pair.host, 'select state from outbound_exchanges where jti = $1', [x?.['jti']]);
    return r?.['state'] === 'pending' ? undefined : r;
  });
  t.same(
    await sql(pair.guest, 'select kind from received_engagement'),
    [],
    'nothing is told after the customer left',
  );
});
