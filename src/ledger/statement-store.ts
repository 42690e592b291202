import type pg from 'pg';
import type { Tx } from '../db/index.ts';
import { entryTime } from '../protocol/ledger/entry.ts';
import type { LedgerCount, LedgerStatement, StatementFault } from '../protocol/ledger/statement.ts';
import type { Role, SequenceKey } from './sequence-store.ts';

export type StatementState = 'open' | 'countersigned' | 'disputed';

export type StoredStatement = LedgerStatement & {
  agreement: string;
  role: Role;
  state: StatementState;
  fault: StatementFault | null;
  statedAt: Date;
  answeredAt: Date | null;
};

const COLUMNS = `agreement, role, number, first_seq as first, last_seq as last, head, opening, closing, counts, until,
  state, fault, stated_at as "statedAt", answered_at as "answeredAt"`;

type Row = Omit<StoredStatement, 'until'> & { until: Date };

const statementOf = ({ until, ...row }: Row): StoredStatement => ({
  ...row,
  until: entryTime(until.getTime() / 1000),
});

export async function insertStatement(tx: Tx, statement: StoredStatement): Promise<void> {
  await tx.client.query(
    `insert into ledger_statements (agreement, role, number, first_seq, last_seq, head, opening, closing, counts, until,
       state, fault, stated_at, answered_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      statement.agreement,
      statement.role,
      statement.number,
      statement.first,
      statement.last,
      statement.head,
      statement.opening,
      statement.closing,
      JSON.stringify(statement.counts),
      statement.until,
      statement.state,
      statement.fault,
      statement.statedAt,
      statement.answeredAt,
    ],
  );
}

/** A statement was answered; one that is countersigned stays so. */
export async function answerStatements(
  tx: Tx,
  role: Role,
  answers: readonly { agreement: string; number: number; state: 'countersigned' | 'disputed'; at: Date }[],
): Promise<void> {
  if (answers.length === 0) return;
  await tx.client.query(
    `update ledger_statements s set state = t.state, answered_at = t.at
     from unnest($2::text[], $3::int[], $4::text[], $5::timestamptz[]) as t (agreement, number, state, at)
     where s.role = $1 and s.agreement = t.agreement and s.number = t.number and s.state <> 'countersigned'`,
    [
      role,
      answers.map(({ agreement }) => agreement),
      answers.map(({ number }) => number),
      answers.map(({ state }) => state),
      answers.map(({ at }) => at),
    ],
  );
}

export async function readStatements(
  client: pg.ClientBase,
  filter: { agreements: readonly string[]; role?: Role; number?: number; before?: number },
  limit: number,
): Promise<StoredStatement[]> {
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from ledger_statements
     where agreement = any($1::text[]) and ($2::text is null or role = $2) and ($3::int is null or number = $3)
       and ($4::int is null or number < $4)
     order by number desc, agreement, role limit $5`,
    [filter.agreements, filter.role ?? null, filter.number ?? null, filter.before ?? null, limit],
  );
  return rows.map(statementOf);
}

/** Statements by agreement and number. */
export async function readStatementsAt(
  client: pg.ClientBase,
  role: Role,
  places: readonly { agreement: string; number: number }[],
): Promise<StoredStatement[]> {
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from ledger_statements
     where role = $1 and (agreement, number) in (select * from unnest($2::text[], $3::int[]))`,
    [role, places.map(({ agreement }) => agreement), places.map(({ number }) => number)],
  );
  return rows.map(statementOf);
}

/** What the entries of a range come to. */
export async function countRange(
  client: pg.ClientBase,
  { agreement, role }: SequenceKey,
  { first, last }: { first: number; last: number },
): Promise<LedgerCount[]> {
  const { rows } = await client.query<LedgerCount>(
    `select category, weight, count(*) filter (where kind = 'post') as posted,
       count(*) filter (where kind = 'reverse') as reversed
     from ledger_entries where agreement = $1 and role = $2 and seq between $3 and $4 group by category, weight`,
    [agreement, role, first, last],
  );
  return rows;
}

/** The earliest time of any entry after a range; Unix seconds. */
export async function readEarliestAfter(
  client: pg.ClientBase,
  { agreement, role }: SequenceKey,
  seq: number,
): Promise<number | undefined> {
  const { rows } = await client.query<{ at: Date | null }>(
    'select min(at) as at from ledger_entries where agreement = $1 and role = $2 and seq > $3',
    [agreement, role, seq],
  );
  const at = rows[0]?.at ?? null;
  return at === null ? undefined : at.getTime() / 1000;
}

/** The last entry before a time, of what this node hosts; 0 where there is none. */
export async function readLastBefore(
  client: pg.ClientBase,
  agreement: string,
  before: Date,
): Promise<number> {
  const { rows } = await client.query<{ seq: number | null }>(
    `select max(seq) as seq from ledger_entries where agreement = $1 and role = 'host' and at < $2`,
    [agreement, before],
  );
  return rows[0]?.seq ?? 0;
}

/** Accounts with entries that no statement covers, with the version that says how often there is one. */
export async function readUnstated(
  client: pg.ClientBase,
): Promise<{ agreement: string; version: string; closedS: number }[]> {
  const { rows } = await client.query(
    `select s.agreement, v.id as version, s.closed_s as "closedS" from ledger_sequences s
     join lateral (select id from agreement_versions
       where root = s.agreement and state in ('agreed', 'accepting') and effective_from <= now()
       order by agreed_at desc nulls last limit 1) v on true
     where s.role = 'host' and s.seq > coalesce((select max(last_seq) from ledger_statements t
       where t.agreement = s.agreement and t.role = 'host'), 0)
     order by s.agreement`,
  );
  return rows;
}
