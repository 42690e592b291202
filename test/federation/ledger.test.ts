// The account of contacts between two real nodes: both books, whatever happens to a message.
import t from 'tap';
import { craft, put } from '../support/craft.ts';
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
  const span = { from: new Date(Date.now() - 86_400_000), until: new Date(Date.now() + 86_400_000) };
  const told = await guest.ledger.reciprocity({ peer: host.url, ...span });
  t.same(told, { hosted: 0, granted: 2, balance: -2, tolerance: 100 });
  t.match(await host.ledger.reciprocity({ peer: guest.url, ...span }), { hosted: 2, granted: 0, balance: 2 });
  const before = { from: new Date(0), until: span.from };
  t.match(await host.ledger.reciprocity({ peer: guest.url, ...before }), { hosted: 0, balance: 2 });
  t.equal(await host.ledger.reciprocity({ peer: 'https://nobody.example', ...span }), undefined);
});

t.test('entries and statements that come at once', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  await sql(
    host,
    `insert into ledger_tellings (agreement, lane, peer, due_at) values ($1, 'entries', $2, 'infinity'),
      ($1, 'sayings', $2, 'infinity')`,
    [agreement, guest.url],
  );
  const rounds = 12;
  for (let n = 1; n <= rounds; n++) {
    await sendAndWait(pair);
    await host.ledger.state(agreement);
  }
  const { items } = await host.ledger.entries(agreement, { side: 'hosted', after: 0, limit: 100 });
  const statements = await sql(host, 'select body from ledger_sayings order by id');
  const tell = async (act: string, body: object) => {
    const crafted = await craft(host, guest, { act, content: null, body: body as Record<string, unknown> });
    return eventually(async () => [201, 422].includes((await put(guest, crafted)).status));
  };
  // Of one sequence, in one commit where they meet: what stands beside them holds the commit before.
  for (const [at, item] of items.entries()) {
    const { seq, prev, kind, exchange, category, weight, total, at: time } = item;
    const entry = { seq, prev, kind, exchange, category, weight, total, at: time };
    const beside = Array.from({ length: 6 }, () =>
      craft(host, guest, { act: 'ledger.dispute', content: null, body: { agreement, items: [] } }).then(
        (one) => put(guest, one),
      ),
    );
    await Promise.all([
      ...beside,
      tell('ledger.entries', { agreement, entries: [entry] }),
      ...(at === 0 ? [] : [tell('ledger.statement', statements[at - 1]?.['body'] as object)]),
    ]);
  }
  t.same(await sql(guest, 'select seq, counted, statements from ledger_sequences'), [
    { seq: rounds, counted: rounds, statements: rounds - 1 },
  ]);
  t.same(await sql(guest, `select 1 from ledger_statements where state <> 'countersigned'`), []);
});
