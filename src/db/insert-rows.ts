import type { Tx } from './database.ts';
import { type ByRows, queryByRows } from './prepared.ts';

export type InsertTarget = {
  table: string;
  columns: readonly string[];
  /** What follows the values, as `on conflict … do nothing`. */
  suffix?: string;
};

/**
 * Inserts rows by multi-row VALUES statements prepared by name. (`unnest` of a bytea array is no substitute: it travels
 * as hex text.) For `most` see {@link queryByRows}.
 *
 * @returns how many rows were inserted.
 */
export async function insertRows(
  tx: Tx,
  target: InsertTarget,
  rows: readonly (readonly unknown[])[],
  most?: number,
): Promise<number> {
  return (await queryByRows(tx.client, insertInto(target), rows, most)).count;
}

const statements = new Map<string, ByRows>();

function insertInto({ table, columns, suffix = '' }: InsertTarget): ByRows {
  const into = `insert into ${table} (${columns.join(',')})`;
  const key = `${into} ${suffix}`;
  let known = statements.get(key);
  if (known === undefined) {
    known = {
      // PostgreSQL cuts statement names at 63 bytes, so the number tells them apart.
      name: `insert-${statements.size}-${table}`,
      types: columns.map(() => ''),
      text: (rows) => `${into} ${rows} ${suffix}`,
    };
    statements.set(key, known);
  }
  return known;
}
