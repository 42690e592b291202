import { sql } from 'kysely';
import { insertRows, type Reader, type Tx } from '../db/index.ts';

export type SentRow = {
  id: string;
  linkId: string;
  peer: string;
  type: string;
  contentType: string;
  contentSize: number;
  submittedBy: string;
  submittedAt: Date;
};

export async function insertSent(tx: Tx, rows: readonly SentRow[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'sent_documents',
      columns: [
        'id',
        'link_id',
        'peer',
        'type',
        'content_type',
        'content_size',
        'state',
        'submitted_by',
        'submitted_at',
        'changed_at',
      ],
    },
    rows.map((row) => [
      row.id,
      row.linkId,
      row.peer,
      row.type,
      row.contentType,
      row.contentSize,
      'submitted',
      row.submittedBy,
      row.submittedAt,
      row.submittedAt,
    ]),
  );
}

export type SentDocument = NonNullable<Awaited<ReturnType<typeof readSent>>>;

export async function readSent(reader: Reader, id: string) {
  return selectSent(reader).where('d.id', '=', id).executeTakeFirst();
}

/** Sent documents with what the queue knows of them. */
export function selectSent(reader: Reader) {
  return reader
    .selectFrom('sent_documents as d')
    .innerJoin('outbound_exchanges as e', 'e.jti', 'd.id')
    .leftJoin('deliveries as q', 'q.jti', 'd.id')
    .select([
      'd.id',
      'd.link_id',
      'd.peer',
      'd.type',
      'd.content_type',
      'd.content_size',
      'd.state',
      'd.state_code',
      'd.submitted_by',
      'd.submitted_at',
      'd.changed_at',
      'd.consigned_at',
      'd.refused_at',
      'd.notified_at',
      'd.opened_at',
      'd.recall_state',
      'd.recall_code',
      'd.recall_reason',
      'd.recall_requested_at',
      'd.recalled_at',
      'd.erased_at',
      'd.erased_reason',
      'e.body_id',
      'e.envelope',
      'e.expires_at',
      'q.attempts',
      // During a try, the end of its lease: when another one would follow if nothing came of it.
      sql<Date | null>`greatest(q.next_attempt_at, q.leased_until)`.as('next_attempt_at'),
      'q.last_attempt_at',
      'q.last_code',
      'q.last_status',
      'q.task',
    ]);
}

export async function readReceived(reader: Reader, id: string) {
  return reader.selectFrom('received_documents').selectAll().where('id', '=', id).executeTakeFirst();
}
