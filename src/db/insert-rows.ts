import type { Tx } from './database.ts';
import { sizeWithin } from './statement-sizes.ts';
import { together } from './together.ts';

/** PostgreSQL's limit on the parameters of one statement. */
const MAX_PARAMETERS = 65_535;

export type InsertTarget = {
  table: string;
  columns: readonly string[];
  /** What follows the values, as `on conflict … do nothing`. */
  suffix?: string;
};

/**
 * Inserts rows by multi-row VALUES statements prepared by name. (`unnest` of a bytea array is no substitute: it travels
 * as hex text.)
 *
 * @returns how many rows were inserted.
 */
export async function insertRows(
  tx: Tx,
  target: InsertTarget,
  rows: readonly (readonly unknown[])[],
): Promise<number> {
  const largest = Math.floor(MAX_PARAMETERS / target.columns.length);
  const pieces: Promise<{ rowCount: number | null }>[] = [];
  for (let from = 0; from < rows.length; ) {
    const count = sizeWithin(rows.length - from, largest);
    pieces.push(
      tx.client.query({
        ...statement(target, count),
        values: valuesOf(rows, from, count),
      }),
    );
    from += count;
  }
  return (await together(pieces)).reduce((sum, piece) => sum + (piece.rowCount ?? 0), 0);
}

/** A batch has one time in all its rows, and the driver takes longer to write a date than anything else. */
function valuesOf(rows: readonly (readonly unknown[])[], from: number, count: number): unknown[] {
  const values: unknown[] = [];
  let date: Date | undefined;
  let text = '';
  for (let at = from; at < from + count; at++) {
    for (const value of rows[at] as readonly unknown[]) {
      if (!(value instanceof Date)) {
        values.push(value);
        continue;
      }
      if (value !== date) {
        date = value;
        text = value.toISOString();
      }
      values.push(text);
    }
  }
  return values;
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
