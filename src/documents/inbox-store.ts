import { sql } from 'kysely';
import { insertRows, type Reader, type Tx } from '../db/index.ts';
import type { VaultState } from './life.ts';

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
  /** The sender's earlier exchange that this document supersedes. */
  replaces: string | null;
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
        'replaces',
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
      row.replaces,
    ]),
  );
}

/** A received document with all that is known of it here, its manifest aside. */
export type InboxRow = {
  id: string;
  iss: string;
  jti: string;
  linkId: string;
  customerId: string | null;
  bodyId: string;
  type: string | null;
  contentType: string;
  contentSize: number;
  state: VaultState;
  receivedAt: Date;
  consignedAt: Date | null;
  refusedAt: Date | null;
  refusedReason: string | null;
  notifiedAt: Date | null;
  openedAt: Date | null;
  handedOverAt: Date | null;
  recalledAt: Date | null;
  recallReason: string | null;
  recallBodyId: string | null;
  deletedAt: Date | null;
  restorableUntil: Date | null;
  erasedAt: Date | null;
  erasedReason: string | null;
  /** The received document this one supersedes: of the same issuer and link, once it is here. */
  replaces: string | null;
  /** The latest received document that supersedes this one. */
  supersededBy: string | null;
};

export type InboxFilter = {
  customer?: string;
  link?: string;
  peer?: string;
  type?: string;
  state?: VaultState;
  receivedFrom?: Date;
  receivedUntil?: Date;
  deleted: 'exclude' | 'include' | 'only';
};

export type InboxPage = { after?: string; limit: number; order: 'newest' | 'oldest' };

const earlier = sql<string | null>`(
  select e.id from received_documents e
  where d.replaces is not null and e.jti = d.replaces and e.iss = d.iss and e.link_id = d.link_id)`;
const later = sql<string | null>`(
  select s.id from received_documents s
  where s.replaces = d.jti and s.iss = d.iss and s.link_id = d.link_id order by s.id desc limit 1)`;

function documents(reader: Reader) {
  return reader
    .selectFrom('received_documents as d')
    .leftJoin('links as l', 'l.id', 'd.link_id')
    .select((column) => [
      'd.id',
      'd.iss',
      'd.jti',
      'd.type',
      'd.state',
      column.ref('d.link_id').as('linkId'),
      column.ref('l.customer_id').as('customerId'),
      column.ref('d.body_id').as('bodyId'),
      column.ref('d.content_type').as('contentType'),
      column.ref('d.content_size').as('contentSize'),
      column.ref('d.received_at').as('receivedAt'),
      column.ref('d.consigned_at').as('consignedAt'),
      column.ref('d.refused_at').as('refusedAt'),
      column.ref('d.refused_reason').as('refusedReason'),
      column.ref('d.notified_at').as('notifiedAt'),
      column.ref('d.opened_at').as('openedAt'),
      column.ref('d.handed_over_at').as('handedOverAt'),
      column.ref('d.recalled_at').as('recalledAt'),
      column.ref('d.recall_reason').as('recallReason'),
      column.ref('d.recall_body_id').as('recallBodyId'),
      column.ref('d.deleted_at').as('deletedAt'),
      column.ref('d.restorable_until').as('restorableUntil'),
      column.ref('d.erased_at').as('erasedAt'),
      column.ref('d.erased_reason').as('erasedReason'),
      earlier.as('replaces'),
      later.as('supersededBy'),
    ]);
}

function filtered(query: ReturnType<typeof documents>, filter: InboxFilter): ReturnType<typeof documents> {
  let next = query;
  if (filter.customer !== undefined) next = next.where('l.customer_id', '=', filter.customer);
  if (filter.link !== undefined) next = next.where('d.link_id', '=', filter.link);
  if (filter.peer !== undefined) next = next.where('d.iss', '=', filter.peer);
  if (filter.type !== undefined) next = next.where('d.type', '=', filter.type);
  if (filter.state !== undefined) next = next.where('d.state', '=', filter.state);
  if (filter.receivedFrom !== undefined) next = next.where('d.received_at', '>=', filter.receivedFrom);
  if (filter.receivedUntil !== undefined) next = next.where('d.received_at', '<', filter.receivedUntil);
  if (filter.deleted === 'exclude') next = next.where('d.deleted_at', 'is', null);
  if (filter.deleted === 'only') next = next.where('d.deleted_at', 'is not', null);
  return next;
}

/** In the order of ids, which is the order of arrival. */
export async function listInbox(reader: Reader, filter: InboxFilter, page: InboxPage): Promise<InboxRow[]> {
  const oldest = page.order === 'oldest';
  let query = filtered(documents(reader), filter)
    .orderBy('d.id', oldest ? 'asc' : 'desc')
    .limit(page.limit);
  if (page.after !== undefined) query = query.where('d.id', oldest ? '>' : '<', page.after);
  return query.execute();
}

export async function countInbox(reader: Reader, filter: InboxFilter): Promise<number> {
  const row = await filtered(documents(reader), filter)
    .clearSelect()
    .select(sql<number>`count(*)`.as('count'))
    .executeTakeFirst();
  return (row as { count: number } | undefined)?.count ?? 0;
}

export async function readInbox(reader: Reader, ids: readonly string[]): Promise<Map<string, InboxRow>> {
  if (ids.length === 0) return new Map();
  const rows = await documents(reader).where('d.id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Documents with the digests that evidence of them cites, their rows locked in the order of ids. */
export type LockedDocument = {
  id: string;
  iss: string;
  jti: string;
  linkId: string;
  customerId: string | null;
  bodyId: string;
  recallBodyId: string | null;
  state: VaultState;
  notifiedAt: Date | null;
  openedAt: Date | null;
  handedOverAt: Date | null;
  deletedAt: Date | null;
  restorableUntil: Date | null;
  erasedAt: Date | null;
  /** The transaction's own time, by the database's clock. */
  now: Date;
  envSha256: Buffer;
  envelope: string | null;
};

export async function lockDocuments(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedDocument>> {
  const { rows } = await tx.client.query<LockedDocument>(
    `select d.id, d.iss, d.jti, d.link_id as "linkId", l.customer_id as "customerId", d.body_id as "bodyId",
       d.recall_body_id as "recallBodyId", d.state, d.notified_at as "notifiedAt", d.opened_at as "openedAt",
       d.handed_over_at as "handedOverAt", d.deleted_at as "deletedAt", d.restorable_until as "restorableUntil",
       d.erased_at as "erasedAt", now() as now, i.env_sha256 as "envSha256", i.envelope
     from received_documents d
     join inbound_exchanges i on i.iss = d.iss and i.jti = d.jti
     left join links l on l.id = d.link_id
     where d.id = any($1::uuid[]) order by d.id for update of d`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export type StepUpdate = { id: string; state: VaultState };

const TIME_COLUMNS = {
  consigned: 'consigned_at',
  refused: 'refused_at',
  notified: 'notified_at',
  opened: 'opened_at',
  handedOver: 'handed_over_at',
} as const;

/** Writes a step of documents whose rows are locked. */
export async function writeStep(
  tx: Tx,
  step: keyof typeof TIME_COLUMNS,
  rows: readonly StepUpdate[],
  more: { at: Date; reason?: string },
): Promise<void> {
  // Handing a document over opens it as well, unless it was opened before.
  const opened = step === 'handedOver' ? ', opened_at = coalesce(d.opened_at, $3)' : '';
  await tx.client.query(
    `update received_documents d
     set state = s.state, ${TIME_COLUMNS[step]} = $3, refused_reason = coalesce($4, d.refused_reason)${opened}
     from unnest($1::uuid[], $2::text[]) as s (id, state) where d.id = s.id`,
    [rows.map((row) => row.id), rows.map((row) => row.state), more.at, more.reason ?? null],
  );
}

/** Deletes a document, or restores it. */
export async function writeDeletion(
  tx: Tx,
  id: string,
  deletion: { deletedAt: Date; graceMs: number } | null,
): Promise<void> {
  await tx.client.query(
    'update received_documents set deleted_at = $2, restorable_until = $3 where id = $1',
    [
      id,
      deletion?.deletedAt ?? null,
      deletion === null ? null : new Date(deletion.deletedAt.getTime() + deletion.graceMs),
    ],
  );
}
