import type pg from 'pg';
import type { Tx } from '../db/index.ts';

/** A customer's links, all of them. */
export async function readLinksOf(client: pg.ClientBase, customerId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select id from links where customer_id = $1', [
    customerId,
  ]);
  return rows.map((row) => row.id);
}

/** The database's clock, as of now and not of the transaction's begin. */
export async function readNow(tx: Tx): Promise<Date> {
  const { rows } = await tx.client.query<{ now: Date }>(
    `select date_trunc('milliseconds', clock_timestamp()) as now`,
  );
  return (rows[0] as { now: Date }).now;
}
