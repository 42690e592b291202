// Books whose clocks differ: a host ahead or behind, by as much as clocks may differ and by more.
import t, { type Test } from 'tap';
import { createApiClient } from '../support/api.ts';
import { untilBooksAgree } from '../support/ledger.ts';
import { eventually, type TestNode } from '../support/node.ts';
import { skewable } from '../support/skew.ts';
import { message, type SlotPair, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

// They mostly wait.
t.jobs = 3;

async function startSkewed(t: Test) {
  const pair = await startSlotPair(t);
  const { node: host, by } = await skewable(t, pair.host);
  // Else the agreement would be to come for who is behind.
  for (const node of [pair.guest, host])
    await sql(node, `update agreement_versions set agreed_at = agreed_at - interval '1 hour'`);
  return { ...pair, host, by };
}

const send = ({ guest, link }: SlotPair) => {
  const { priority: _priority, ...given } = message();
  return guest.slots.messages.send({ link, ...given }, 'test');
};

/** What a delivery waits for. */
const heldFor = (node: TestNode, act: string, code: string) =>
  eventually(async () => {
    const rows = await sql(
      node,
      `select 1 from deliveries d join outbound_exchanges o on o.jti = d.jti where o.act = $1 and d.last_code = $2`,
      [act, code],
    );
    return rows.length > 0;
  });

const wrong = async (...nodes: TestNode[]) =>
  (
    await Promise.all(
      nodes.map((node) =>
        sql(
          node,
          `select fault from ledger_entries where fault is not null union all select reason from ledger_disputes`,
        ),
      ),
    )
  ).flat();

const stated = (pair: SlotPair, state: string) =>
  eventually(async () => {
    const rows = await Promise.all(
      [pair.guest, pair.host].map((node) =>
        sql(
          node,
          'select number, head, closing, state, fault from ledger_statements order by number desc limit 1',
        ),
      ),
    );
    const [atGuest, atHost] = rows.map(([row]) => row);
    return atGuest?.['state'] === state && atHost?.['state'] === state && { atGuest, atHost };
  });

for (const seconds of [45, -45]) {
  t.test(
    `a host ${seconds} s ahead: books agree, and statements are countersigned`,
    { buffered: true },
    async (t) => {
      const pair = await startSkewed(t);
      const { guest, host, agreement, by } = pair;
      await by(seconds);
      const back = { ...pair, guest: host, host: guest };
      for (const one of [pair, back, pair]) t.match(await sendAndWait(one), { state: 'placed' });
      const { a, b } = await untilBooksAgree(guest, host, agreement);
      t.same([b.host.total, a.host.total, a.balance + b.balance], [2, 1, 0]);
      const ahead = `select at > now() as ahead from ledger_entries where role = 'guest' order by seq limit 1`;
      t.same(await sql(guest, ahead), [{ ahead: seconds > 0 }], 'entries bear the time of the host');
      await host.ledger.state(agreement);
      const { atGuest, atHost } = await stated(pair, 'countersigned');
      t.same(atGuest, atHost);
      t.match(await sendAndWait(pair), { state: 'placed' }, 'nor is what follows written before it');
      await host.ledger.state(agreement);
      t.match(await stated(pair, 'countersigned'), { atHost: { number: 2, closing: 3 } });
      t.same(await wrong(guest, host), []);
    },
  );
}

t.test(
  'a host over a minute ahead: what it wrote waits until its clock is set, none is lost',
  { buffered: true },
  async (t) => {
    const pair = await startSkewed(t);
    const { guest, host, agreement, by } = pair;
    await by(75);
    for (let n = 0; n < 2; n++) t.match(await sendAndWait(pair), { state: 'placed' }, 'messages are taken');
    await heldFor(host, 'ledger.entries', 'time.from_future');
    await host.ledger.state(agreement);
    await heldFor(host, 'ledger.statement', 'time.from_future');
    t.same(await sql(guest, 'select 1 from ledger_entries'), []);

    await by(0);
    const id = await send(pair);
    await heldFor(guest, 'slot.message', 'exchange.in_progress');
    t.match(
      await guest.slots.messages.show(id),
      { state: 'submitted' },
      'nothing is written before what was stated',
    );
    t.equal((await sql(host, 'select 1 from ledger_entries')).length, 2);

    // As soon as its time is past what it stated.
    await by(80);
    await eventually(async () => (await guest.slots.messages.show(id)).state === 'placed', 30_000);
    await by(50);
    const { a, b } = await eventually(
      () => untilBooksAgree(guest, host, agreement).catch(() => undefined),
      60_000,
    );
    t.same([b.host.seq, b.host.total, a.balance + b.balance], [3, 3, 0]);
    await eventually(() => stated(pair, 'countersigned').catch(() => undefined), 60_000);
    t.same(await wrong(guest, host), []);
  },
);

t.test(
  'a host over a minute behind: messages wait until its clock is set, each is placed once',
  async (t) => {
    const pair = await startSkewed(t);
    const { guest, host, agreement, by } = pair;
    await by(-75);
    const ids = await Promise.all([send(pair), send(pair)]);
    await heldFor(guest, 'slot.message', 'time.from_future');
    for (const id of ids) t.match(await guest.slots.messages.show(id), { state: 'submitted' });
    t.same(await sql(host, 'select 1 from hosted_messages'), []);
    t.match(
      await sendAndWait({ ...pair, guest: host, host: guest }),
      { state: 'placed' },
      'the other way they pass',
    );
    await by(0);
    for (const id of ids)
      await eventually(async () => (await guest.slots.messages.show(id)).state === 'placed', 30_000);
    const { a, b } = await untilBooksAgree(guest, host, agreement);
    t.same([b.host.total, a.host.total, a.balance + b.balance], [2, 1, 0]);
    t.same(await wrong(guest, host), []);
  },
);

t.test(
  'a statement that closes over a minute to come is disputed, and people settle it',
  { buffered: true },
  async (t) => {
    const pair = await startSkewed(t);
    const { guest, host, agreement, by } = pair;
    // The database that books go by, and not the clock that envelopes are signed by.
    await by(90, 'database');
    t.match(await sendAndWait(pair), { state: 'placed' });
    await untilBooksAgree(guest, host, agreement);
    t.same(await wrong(guest, host), [], 'an entry bears the second of its receipt, whatever that is');
    await host.ledger.state(agreement);
    t.match(await stated(pair, 'disputed'), {
      atGuest: { number: 1, fault: 'until' },
      atHost: { number: 1 },
    });
    const operator = await createApiClient(guest, 'operator');
    const at = `/v1/ledger/${agreement}/statements/1`;
    t.match((await operator.call('POST', `${at}/countersign`)).body, { state: 'countersigned' });
    await stated(pair, 'countersigned');
  },
);
