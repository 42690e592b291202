import { insertRows, type Reader, type Tx } from '../db/index.ts';
import type { SettledItem } from '../exchange/index.ts';

export type ReceivedRow = {
  id: string;
  iss: string;
  jti: string;
  linkId: string;
  bodyId: string;
  type: string;
  contentType: string;
  contentSize: number;
  receivedAt: Date;
};

export async function insertReceived(tx: Tx, rows: readonly ReceivedRow[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'received_documents',
      columns: [
        'id',
        'iss',
        'jti',
        'link_id',
        'body_id',
        'type',
        'content_type',
        'content_size',
        'state',
        'received_at',
      ],
    },
    rows.map((row) => [
      row.id,
      row.iss,
      row.jti,
      row.linkId,
      row.bodyId,
      row.type,
      row.contentType,
      row.contentSize,
      'received',
      row.receivedAt,
    ]),
  );
}

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

/** What the exchange's end makes of the documents; a vault's later status is never taken back. */
export async function settleSent(tx: Tx, items: readonly SettledItem[]): Promise<void> {
  await tx.client.query(
    `update sent_documents d set state = s.state, state_code = s.reason, changed_at = now()
     from (select * from unnest($1::uuid[], $2::text[], $3::text[]) as s (id, state, reason) order by id) s
     where d.id = s.id and d.state in ('submitted', 'sending', 'failed')`,
    [items.map((item) => item.jti), items.map((item) => item.state), items.map((item) => item.reason)],
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
      'e.body_id',
      'e.envelope',
      'e.expires_at',
      'q.attempts',
      'q.next_attempt_at',
      'q.last_attempt_at',
      'q.last_code',
      'q.last_status',
      'q.task',
    ]);
}

export async function readReceived(reader: Reader, id: string) {
  return reader.selectFrom('received_documents').selectAll().where('id', '=', id).executeTakeFirst();
}
