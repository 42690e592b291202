import type pg from 'pg';
import { LARGEST_SIZE, sizeHolding } from './statement-sizes.ts';
import { together } from './together.ts';

/** A statement over a list of UUIDs. */
export type ByIds = {
  /** Unique among prepared statements; at most 50 characters. */
  name: string;
  /** The statement, around a list `array[$n, …]`. */
  text(ids: string): string;
  /** Values of $1, $2, … before the ids. */
  values?: readonly unknown[];
};

/**
 * Rows of a list of ids, by statements prepared by name. As the length of the list stands in the statement, PostgreSQL
 * knows it and keeps one plan, which it would make anew each time for `any($1)`. Lists are filled up with their last id.
 */
export async function selectByIds<Row extends pg.QueryResultRow>(
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
    pieces.push(
      client.query<Row>({
        name: `${statement.name}-${size}`,
        text: textFor(statement, fixed.length, size),
        values: [...fixed, ...piece, ...new Array<string>(size - piece.length).fill(last)],
      }),
    );
  }
  return (await together(pieces)).flatMap(({ rows }) => rows);
}

const texts = new Map<string, string>();

function textFor(statement: ByIds, fixed: number, size: number): string {
  const key = `${statement.name}-${size}`;
  let text = texts.get(key);
  if (text === undefined) {
    const list = Array.from({ length: size }, (_, at) => `$${fixed + at + 1}::uuid`).join(',');
    text = statement.text(`array[${list}]`);
    texts.set(key, text);
  }
  return text;
}
