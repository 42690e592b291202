import type { Tx } from './database.ts';
import { together } from './together.ts';

/** PostgreSQL's limit on the parameters of one statement. */
const MAX_PARAMETERS = 65_535;

export type InsertTarget = {
  table: string;
  columns: readonly string[];
  /** What follows the values: `on conflict …`, `returning …`. */
  suffix?: string;
};

/**
 * Inserts rows by multi-row VALUES statements prepared by name. Row counts are cut into powers of two, so that a
 * connection prepares a handful of statements for a table and not one for every batch size. (`unnest` of a bytea
 * array is no substitute: it travels as hex text.)
 *
 * @returns what the suffix returns, for all rows.
 */
export async function insertRows<Row extends Record<string, unknown>>(
  tx: Tx,
  target: InsertTarget,
  rows: readonly (readonly unknown[])[],
): Promise<Row[]> {
  const width = target.columns.length;
  const largest = 2 ** Math.floor(Math.log2(MAX_PARAMETERS / width));
  const pieces: Promise<{ rows: Row[] }>[] = [];
  for (let from = 0; from < rows.length; ) {
    const left = rows.length - from;
    const count = Math.min(largest, 2 ** Math.floor(Math.log2(left)));
    pieces.push(
      tx.client.query<Row>({
        ...statement(target, count),
        values: rows.slice(from, from + count).flat(),
      }),
    );
    from += count;
  }
  return (await together(pieces)).flatMap((piece) => piece.rows);
}

const statements = new Map<string, { name: string; text: string }>();

function statement(target: InsertTarget, count: number): { name: string; text: string } {
  const columns = target.columns.join(',');
  const key = `${target.table}\0${columns}\0${count}\0${target.suffix ?? ''}`;
  let known = statements.get(key);
  if (known === undefined) {
    const width = target.columns.length;
    const tuples = Array.from(
      { length: count },
      (_, row) => `(${target.columns.map((_, column) => `$${row * width + column + 1}`).join(',')})`,
    );
    known = {
      // PostgreSQL cuts statement names at 63 bytes, so the number tells them apart.
      name: `insert-${statements.size}-${target.table}-${count}`,
      text: `insert into ${target.table} (${columns}) values ${tuples.join(',')} ${target.suffix ?? ''}`,
    };
    statements.set(key, known);
  }
  return known;
}
