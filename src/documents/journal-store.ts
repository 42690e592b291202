import { insertRows, type Reader, type Tx } from '../db/index.ts';

export type JournalRow = {
  actor: string;
  role: string;
  action: string;
  documentId: string | null;
  customerId: string | null;
  /** `ok`, or the code of the refusal: attempts are kept as well. */
  outcome: string;
  detail: string | null;
};

export async function insertJournal(tx: Tx, rows: readonly JournalRow[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'access_journal',
      columns: ['actor', 'role', 'action', 'document_id', 'customer_id', 'outcome', 'detail'],
    },
    rows.map((row) => [
      row.actor,
      row.role,
      row.action,
      row.documentId,
      row.customerId,
      row.outcome,
      row.detail,
    ]),
  );
}

export type JournalFilter = { customer?: string; document?: string; since?: Date; until?: Date };

/** Newest first; `before` is the last id of the page before. */
export async function readJournal(
  reader: Reader,
  filter: JournalFilter,
  page: { before?: number; limit: number },
) {
  let query = reader.selectFrom('access_journal').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (filter.customer !== undefined) query = query.where('customer_id', '=', filter.customer);
  if (filter.document !== undefined) query = query.where('document_id', '=', filter.document);
  if (filter.since !== undefined) query = query.where('at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('at', '<', filter.until);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return query.execute();
}

/** A row as its seal covers it. `atUs` is Unix microseconds. */
export type SealedRow = JournalRow & { id: number; atUs: number };

const SEALED_COLUMNS = `id, (extract(epoch from at) * 1000000)::bigint as "atUs", actor, role, action,
  document_id as "documentId", customer_id as "customerId", outcome, detail`;

/** Rows that no seal covers yet, oldest first, held against other replicas. */
export async function claimUnsealed(tx: Tx, limit: number): Promise<SealedRow[]> {
  const { rows } = await tx.client.query<SealedRow>(
    `select ${SEALED_COLUMNS} from access_journal where sealed_in is null
     order by id limit $1 for update skip locked`,
    [limit],
  );
  return rows;
}

export async function markSealed(tx: Tx, ids: readonly number[], seal: string): Promise<void> {
  await tx.client.query('update access_journal set sealed_in = $2 where id = any($1::bigint[])', [ids, seal]);
}

/** The rows of one seal, to be held against its digest. */
export async function readSealed(tx: Tx, seal: string): Promise<SealedRow[]> {
  const { rows } = await tx.client.query<SealedRow>(
    `select ${SEALED_COLUMNS} from access_journal where sealed_in = $1 order by id`,
    [seal],
  );
  return rows;
}
