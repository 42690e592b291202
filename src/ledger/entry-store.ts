import type pg from 'pg';
import { insertRows, type Tx } from '../db/index.ts';
import type { EntryFault } from '../protocol/ledger/applying.ts';
import { entryTime, type LedgerEntry } from '../protocol/ledger/entry.ts';
import type { Role, SequenceKey } from './sequence-store.ts';

export type StoredEntry = LedgerEntry & {
  agreement: string;
  hash: string;
  fault: EntryFault | null;
  broughtBy: string | null;
  reversedBy: number | null;
};

const COLUMNS = `agreement, seq, hash, prev, kind, exchange, category, weight, total, at, of_seq as "ofSeq",
  reversed_by as "reversedBy", fault, brought_by as "broughtBy"`;

type Row = Omit<StoredEntry, 'at' | 'of'> & { at: Date; ofSeq: number | null };

function entryOf({ at, ofSeq, ...row }: Row): StoredEntry {
  return { ...row, at: entryTime(at.getTime() / 1000), ...(ofSeq !== null && { of: ofSeq }) };
}

export type NewEntry = Omit<StoredEntry, 'reversedBy'>;

/** Writes entries of locked sequences, and marks the posts that they reverse. */
export async function insertEntries(tx: Tx, role: Role, entries: readonly NewEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await insertRows(
    tx,
    {
      table: 'ledger_entries',
      columns: [
        ...['agreement', 'role', 'seq', 'hash', 'prev', 'kind', 'exchange', 'category', 'weight', 'total'],
        ...['at', 'of_seq', 'fault', 'brought_by'],
      ],
    },
    entries.map((one) => [
      ...[one.agreement, role, one.seq, one.hash, one.prev, one.kind, one.exchange, one.category],
      ...[one.weight, one.total, one.at, one.of ?? null, one.fault, one.broughtBy],
    ]),
  );
  const reversals = entries.filter(({ of, fault }) => of !== undefined && fault !== 'reversal');
  if (reversals.length === 0) return;
  await tx.client.query(
    `update ledger_entries e set reversed_by = t.seq
     from unnest($2::text[], $3::bigint[], $4::bigint[]) as t (agreement, of_seq, seq)
     where e.role = $1 and e.agreement = t.agreement and e.seq = t.of_seq`,
    [
      role,
      reversals.map(({ agreement }) => agreement),
      reversals.map(({ of }) => of),
      reversals.map(({ seq }) => seq),
    ],
  );
}

/** Some entries of one role, by agreement and number. */
export async function readEntriesAt(
  client: pg.ClientBase,
  role: Role,
  places: readonly { agreement: string; seq: number }[],
): Promise<StoredEntry[]> {
  if (places.length === 0) return [];
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from ledger_entries e
     where role = $1 and (agreement, seq) in (select * from unnest($2::text[], $3::bigint[]))`,
    [role, places.map(({ agreement }) => agreement), places.map(({ seq }) => seq)],
  );
  return rows.map(entryOf);
}

/** Entries of a sequence after a number, the oldest first. */
export async function readEntriesAfter(
  client: pg.ClientBase,
  { agreement, role }: SequenceKey,
  range: { after: number; upTo?: number; faulty?: boolean },
  limit: number,
): Promise<StoredEntry[]> {
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from ledger_entries
     where agreement = $1 and role = $2 and seq > $3 and seq <= $4 and (not $5 or fault is not null)
     order by seq limit $6`,
    [agreement, role, range.after, range.upTo ?? Number.MAX_SAFE_INTEGER, range.faulty === true, limit],
  );
  return rows.map(entryOf);
}

/** Posts that stand, of messages that the host took. */
export async function readPosts(
  client: pg.ClientBase,
  agreement: string,
  exchanges: readonly string[],
): Promise<StoredEntry[]> {
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from ledger_entries
     where role = 'host' and kind = 'post' and exchange = any($2::uuid[]) and agreement = $1
       and reversed_by is null
     order by seq`,
    [agreement, exchanges],
  );
  return rows.map(entryOf);
}

/** What both sequences of some accounts moved between two times; of the guest's, only what it acknowledges. */
export async function sumUnits(
  client: pg.ClientBase,
  agreements: readonly string[],
  span: { from: Date; until: Date },
): Promise<{ hosted: number; granted: number }> {
  const { rows } = await client.query<{ hosted: number; granted: number }>(
    `select coalesce(sum(units) filter (where role = 'host'), 0)::bigint as hosted,
       coalesce(sum(units) filter (where role = 'guest'), 0)::bigint as granted
     from (select e.role, case e.kind when 'post' then e.weight else -e.weight end as units
       from ledger_entries e
       left join ledger_entries p on p.agreement = e.agreement and p.role = e.role and p.seq = e.of_seq
       where e.agreement = any($1::text[]) and e.at >= $2 and e.at < $3
         and case e.kind when 'post' then e.fault is null
           else e.fault is distinct from 'reversal' and p.fault is null end) moved`,
    [agreements, span.from, span.until],
  );
  return rows[0] as { hosted: number; granted: number };
}
