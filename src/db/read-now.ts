import type { Tx } from './database.ts';

/** The database's clock, to the millisecond: as of now, and not of the transaction's begin. */
export async function readNow(tx: Tx): Promise<Date> {
  const { rows } = await tx.client.query<{ now: Date }>(
    `select date_trunc('milliseconds', clock_timestamp()) as now`,
  );
  return (rows[0] as { now: Date }).now;
}
