import type pg from 'pg';
import { LARGEST_SIZE, sizeHolding, sizeWithin } from './statement-sizes.ts';
import { together } from './together.ts';

/**
 * Statements over lists, prepared by name. As the length of the list stands in the statement, PostgreSQL knows it and
 * keeps one plan; for `any($1)` or `unnest($1)` it would make one each time, which costs more than the statement.
 */

/** A statement over a list of UUIDs. */
export type ByIds = {
  /** Unique among prepared statements; at most 50 characters. */
  name: string;
  /** The statement, around a list `array[$n, …]`. */
  text(ids: string): string;
  /** Values of $1, $2, … before the ids. */
  values?: readonly unknown[];
};

/** Runs a statement for a list of ids, filled up with the last one; it must not mind an id that comes twice. */
export async function queryByIds<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  statement: ByIds,
  ids: readonly string[],
): Promise<Row[]> {
  const fixed = statement.values ?? [];
  const pieces: Promise<{ rows: Row[] }>[] = [];
  for (let from = 0; from < ids.length; from += LARGEST_SIZE) {
    const piece = ids.slice(from, from + LARGEST_SIZE);
    const size = sizeHolding(piece.length);
    const last = piece[piece.length - 1] as string;
    const name = `${statement.name}-${size}`;
    pieces.push(
      client.query<Row>({
        name,
        text: textFor(name, () => {
          const list = Array.from({ length: size }, (_, at) => `$${fixed.length + at + 1}::uuid`);
          return statement.text(`array[${list.join(',')}]`);
        }),
        values: [...fixed, ...piece, ...new Array<string>(size - piece.length).fill(last)],
      }),
    );
  }
  return (await together(pieces)).flatMap(({ rows }) => rows);
}

/** A statement over a list of rows. */
export type ByRows = {
  /** Unique among prepared statements; at most 50 characters. */
  name: string;
  /** Of each column: its type, or '' where an insert tells it. */
  types: readonly string[];
  /** The statement, around `values (…), (…)`. */
  text(rows: string): string;
};

/**
 * Runs a statement for a list of rows, in pieces of the sizes that are prepared. `most`: rows in one piece. Where rows are
 * large it had better be small, since the driver writes a statement into a buffer that it copies as it grows.
 *
 * @returns the rows it returned, and how many it changed.
 */
export async function queryByRows<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  statement: ByRows,
  rows: readonly (readonly unknown[])[],
  most: number = LARGEST_SIZE,
): Promise<{ rows: Row[]; count: number }> {
  const pieces: Promise<{ rows: Row[]; rowCount: number | null }>[] = [];
  for (let from = 0; from < rows.length; ) {
    const size = sizeWithin(rows.length - from, most);
    const name = `${statement.name}-${size}`;
    pieces.push(
      client.query<Row>({
        name,
        text: textFor(name, () => statement.text(`values ${tuples(statement.types, size)}`)),
        values: valuesOf(rows, from, size),
      }),
    );
    from += size;
  }
  const results = await together(pieces);
  return {
    rows: results.flatMap((result) => result.rows),
    count: results.reduce((sum, result) => sum + (result.rowCount ?? 0), 0),
  };
}

function tuples(types: readonly string[], count: number): string {
  const tuple = (row: number) =>
    `(${types.map((type, at) => `$${row * types.length + at + 1}${type && `::${type}`}`).join(',')})`;
  return Array.from({ length: count }, (_, row) => tuple(row)).join(',');
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

const texts = new Map<string, string>();

function textFor(name: string, make: () => string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = make();
    texts.set(name, text);
  }
  return text;
}
