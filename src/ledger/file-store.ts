import type pg from 'pg';
import { insertRows, type Tx } from '../db/index.ts';
import type { Role, SequenceKey } from './sequence-store.ts';

/** An exchange by which a ledger was told: part of its file, its manifest is kept. */
export type FiledExchange = {
  iss: string;
  jti: string;
  agreement: string;
  role: Role;
  act: string;
  firstSeq?: number;
  lastSeq?: number;
  statement?: number;
  at: Date;
};

export async function fileExchanges(tx: Tx, exchanges: readonly FiledExchange[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'ledger_exchanges',
      columns: ['iss', 'jti', 'agreement', 'role', 'act', 'first_seq', 'last_seq', 'statement', 'at'],
      suffix: 'on conflict (iss, jti) do nothing',
    },
    exchanges.map((one) => [
      ...[one.iss, one.jti, one.agreement, one.role, one.act, one.firstSeq ?? null, one.lastSeq ?? null],
      ...[one.statement ?? null, one.at],
    ]),
  );
}

export type FileEntry = { iss: string; jti: string; act: string };

/** Of what is said again and again in vain, this much is shown. */
const MAX_FILE = 200;

/** The exchanges that told an entry, the oldest first. */
export async function readEntryFile(
  client: pg.ClientBase,
  { agreement, role }: SequenceKey,
  seq: number,
): Promise<FileEntry[]> {
  const { rows } = await client.query<FileEntry>(
    `select iss, jti, act from ledger_exchanges
     where agreement = $1 and role = $2 and first_seq <= $3 and last_seq >= $3 order by at, jti limit $4`,
    [agreement, role, seq, MAX_FILE],
  );
  return rows;
}

/** The exchanges about a statement, the oldest first. */
export async function readStatementFile(
  client: pg.ClientBase,
  { agreement, role }: SequenceKey,
  number: number,
): Promise<FileEntry[]> {
  const { rows } = await client.query<FileEntry>(
    `select iss, jti, act from ledger_exchanges
     where agreement = $1 and role = $2 and statement = $3 order by at, jti limit $4`,
    [agreement, role, number, MAX_FILE],
  );
  return rows;
}

export type Fork = {
  iss: string;
  jti: string;
  agreement: string;
  seq: number | null;
  statement: number | null;
  at: Date;
};

/** Returns whether it is a new one. */
export async function insertFork(tx: Tx, fork: Fork): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into ledger_forks (agreement, iss, jti, seq, statement, found_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (iss, jti) do nothing`,
    [fork.agreement, fork.iss, fork.jti, fork.seq, fork.statement, fork.at],
  );
  return rowCount === 1;
}

/** The exchanges that told two histories, the oldest first: for each fork the one that was applied, and the other. */
export async function readForkFile(client: pg.ClientBase, agreement: string): Promise<FileEntry[]> {
  const { rows } = await client.query<FileEntry>(
    `select distinct on (at, jti) iss, jti, act, at from (
       select f.iss, f.jti, i.act, f.found_at as at from ledger_forks f
         join inbound_exchanges i on i.iss = f.iss and i.jti = f.jti where f.agreement = $1
       union all
       select x.iss, x.jti, x.act, x.at from ledger_forks f join ledger_exchanges x on x.agreement = f.agreement
         and x.role = 'guest' and (x.statement = f.statement or f.seq between x.first_seq and x.last_seq
           or f.seq - 1 between x.first_seq and x.last_seq)
         where f.agreement = $1
     ) t order by at, jti limit $2`,
    [agreement, MAX_FILE],
  );
  return rows.map(({ iss, jti, act }) => ({ iss, jti, act }));
}
