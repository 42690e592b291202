// The account of contacts between two real nodes: both books, whatever happens to a message.
import t from 'tap';
import { booksOf, untilBooksAgree } from '../support/ledger.ts';
import { eventually } from '../support/node.ts';
import { inDays, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

t.test('messages both ways, and both books are exact negations', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  const back = { ...pair, guest: host, host: guest };
  await Promise.all([
    ...Array.from({ length: 12 }, (_, i) =>
      sendAndWait(pair, { category: i % 3 === 0 ? 'offer' : 'advice' }),
    ),
    ...Array.from({ length: 5 }, () => sendAndWait(back)),
  ]);
  const { a, b } = await untilBooksAgree(guest, host, agreement);
  t.equal(b.host.total, 4 * 3 + 8);
  t.equal(a.host.total, 5);
  t.equal(a.balance, 5 - 20);
  t.equal(a.balance + b.balance, 0);
  t.same(await sql(guest, 'select fault from ledger_entries where fault is not null'), []);
});

t.test('what is withdrawn before it could be shown is given back', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  const later = await sendAndWait(pair, { category: 'offer', notBefore: inDays(2) });
  const now = await sendAndWait(pair);
  const edited = await sendAndWait(pair);
  const edit = await sendAndWait(pair, { replaces: edited.id });
  t.equal((await untilBooksAgree(guest, host, agreement)).b.host.total, 3 + 1 + 1);
  for (const { id } of [later, now, edit]) await guest.slots.messages.withdraw(id);
  const entries = () =>
    sql(host, `select kind, weight, of_seq from ledger_entries where role = 'host' order by seq`);
  const { a, b } = await untilBooksAgree(guest, host, agreement).then(async () => {
    while ((await entries()).length < 5) await new Promise((resolve) => setTimeout(resolve, 50));
    return untilBooksAgree(guest, host, agreement);
  });
  t.same((await entries()).slice(3), [
    { kind: 'post', weight: 0, of_seq: null },
    { kind: 'reverse', weight: 3, of_seq: 1 },
  ]);
  t.equal(b.host.total, 2);
  t.equal(a.balance, -2);
  t.match(await booksOf(guest, host, agreement), { a: { guest: { counted: 2 } } });
});

t.test('entries and a statement that come at once', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  // Nothing is told before all of it is written; then both go out together, again and again.
  await sql(
    host,
    `insert into ledger_tellings (agreement, lane, peer, due_at) values ($1, 'entries', $2, 'infinity'),
      ($1, 'sayings', $2, 'infinity')`,
    [agreement, guest.url],
  );
  for (let round = 1; round <= 3; round++) {
    await Promise.all(Array.from({ length: 4 }, () => sendAndWait(pair)));
    await host.ledger.state(agreement);
  }
  await Promise.all(Array.from({ length: 3 }, () => sendAndWait(pair)));
  await sql(host, 'update ledger_tellings set due_at = now()');
  await host.ledger.tell();
  await untilBooksAgree(guest, host, agreement);
  const states = await eventually(async () => {
    const rows = await sql(host, 'select number, state from ledger_statements order by number');
    return rows.every(({ state }) => state === 'countersigned') && rows;
  }, 30_000);
  t.equal(states.length, 3);
  t.same(await sql(host, 'select 1 from ledger_sayings'), []);
  t.same(await sql(guest, 'select seq, closed_s = 0 as open, statements from ledger_sequences'), [
    { seq: 15, open: false, statements: 3 },
  ]);
});
