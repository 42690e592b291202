import type pg from 'pg';
import type { Tx } from '../db/index.ts';

/** Notes posts that are owed back. What is worth nothing is not given back. */
export async function oweReversals(
  tx: Tx,
  messages: readonly { peer: string; exchange: string }[],
): Promise<void> {
  await tx.client.query(
    `insert into ledger_reversals (agreement, exchange)
     select e.agreement, e.exchange from unnest($1::text[], $2::uuid[]) as t (peer, exchange)
     join ledger_sequences s on s.peer = t.peer and s.role = 'host'
     join ledger_entries e on e.agreement = s.agreement and e.exchange = t.exchange
       and e.role = 'host' and e.kind = 'post'
     where e.weight > 0
     on conflict (agreement, exchange) do nothing`,
    [messages.map(({ peer }) => peer), messages.map(({ exchange }) => exchange)],
  );
}

/** Accounts in which something is owed. */
export async function readOwing(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ agreement: string }>(
    'select distinct agreement from ledger_reversals order by agreement limit 100',
  );
  return rows.map(({ agreement }) => agreement);
}

/** Takes what is owed in one account: whoever does writes the reversals. */
export async function takeOwed(tx: Tx, agreement: string): Promise<string[]> {
  const { rows } = await tx.client.query<{ exchange: string }>(
    'delete from ledger_reversals where agreement = $1 returning exchange',
    [agreement],
  );
  return rows.map(({ exchange }) => exchange).sort();
}
