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
