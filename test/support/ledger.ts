import { balanceOf } from '../../src/protocol/ledger/balance.ts';
import { eventually, type TestNode } from './node.ts';
import { sql } from './slot.ts';

/** What two nodes hold of each other under an agreement. */
export async function booksOf(a: TestNode, b: TestNode, agreement: string) {
  const rows = await Promise.all(
    [a, b].map((node) =>
      sql(node, `select role, seq, head, total, counted from ledger_sequences where agreement = $1`, [
        agreement,
      ]),
    ),
  );
  const [ofA, ofB] = rows.map((sequences) => {
    const find = (role: string) => {
      const row = sequences.find((one) => one['role'] === role);
      return (row ?? { seq: 0, head: '', total: 0, counted: 0 }) as {
        seq: number;
        head: string;
        total: number;
        counted: number;
      };
    };
    const [host, guest] = [find('host'), find('guest')];
    return { host, guest, balance: balanceOf({ hosted: host.total, acknowledged: guest.counted }) };
  });
  if (ofA === undefined || ofB === undefined) throw new Error('no books');
  return { a: ofA, b: ofB };
}

/** Waits until both sides have applied all that the other wrote. */
export function untilBooksAgree(a: TestNode, b: TestNode, agreement: string) {
  return eventually(async () => {
    const books = await booksOf(a, b, agreement);
    const same = (host: { seq: number; head: string }, guest: { seq: number; head: string }) =>
      host.seq === guest.seq && (host.seq === 0 || host.head === guest.head);
    const open = await Promise.all(
      [a, b].map((node) =>
        sql(
          node,
          `select 1 from ledger_reversals union all select 1 from ledger_contacts where state = 'sent'`,
        ),
      ),
    );
    const quiet = open.every((rows) => rows.length === 0);
    return quiet && same(books.a.host, books.b.guest) && same(books.b.host, books.a.guest) && books;
  });
}
