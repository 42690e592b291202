import { type Database, insertRows, type Tx } from '../db/index.ts';
import { acknowledged, derivedState } from './sent-state-store.ts';

export type ReportState = 'consigned' | 'refused' | 'notified' | 'opened';

export type NewReport = { documentId: string; state: ReportState; peer: string; at: Date };

export async function insertReports(tx: Tx, rows: readonly NewReport[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'status_reports',
      columns: ['document_id', 'state', 'peer', 'at'],
      suffix: 'on conflict (document_id, state) do nothing',
    },
    rows.map((row) => [row.documentId, row.state, row.peer, row.at]),
  );
  await insertRows(
    tx,
    { table: 'status_peers', columns: ['peer'], suffix: 'on conflict (peer) do nothing' },
    [...new Set(rows.map((row) => row.peer))].sort().map((peer) => [peer]),
  );
}

/** Peers that wait to be told something, and have nothing of the kind under way. */
export async function readDuePeers(db: Database): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query<{ peer: string }>(
      `select p.peer from status_peers p
       where p.exchange_jti is null and p.due_at <= now()
         and exists (select 1 from status_reports r where r.peer = p.peer and r.exchange_jti is null)`,
    ),
  );
  return rows.map((row) => row.peer);
}

/** Takes a peer for this transaction; false where another replica has it, or an exchange is under way. */
export async function claimPeer(tx: Tx, peer: string): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `select 1 from status_peers where peer = $1 and exchange_jti is null and due_at <= now() for update skip locked`,
    [peer],
  );
  return rowCount === 1;
}

export type FreeReport = {
  documentId: string;
  state: ReportState;
  at: Date;
  /** The exchange that brought the document. */
  jti: string;
  linkId: string;
};

export async function readFreeReports(tx: Tx, peer: string, limit: number): Promise<FreeReport[]> {
  const { rows } = await tx.client.query<FreeReport>(
    `select r.document_id as "documentId", r.state, r.at, d.jti, d.link_id as "linkId"
     from status_reports r join received_documents d on d.id = r.document_id
     where r.peer = $1 and r.exchange_jti is null
     order by r.document_id, r.state limit $2 for update of r`,
    [peer, limit],
  );
  return rows;
}

type ReportKey = { documentId: string; state: ReportState };

const keysOf = (reports: readonly ReportKey[]) => [
  reports.map((report) => report.documentId),
  reports.map((report) => report.state),
];

/** What may not travel, or no longer may. */
export async function dropReports(tx: Tx, reports: readonly ReportKey[]): Promise<void> {
  if (reports.length === 0) return;
  await tx.client.query(
    `delete from status_reports r using unnest($1::uuid[], $2::text[]) as k (id, state)
     where r.document_id = k.id and r.state = k.state`,
    keysOf(reports),
  );
}

export async function carryReports(
  tx: Tx,
  peer: string,
  jti: string,
  reports: readonly ReportKey[],
): Promise<void> {
  await tx.client.query(
    `update status_reports r set exchange_jti = $3
     from unnest($1::uuid[], $2::text[]) as k (id, state) where r.document_id = k.id and r.state = k.state`,
    [...keysOf(reports), jti],
  );
  await tx.client.query('update status_peers set exchange_jti = $2 where peer = $1', [peer, jti]);
}

/** The exchange that carried reports ended: they are told, or free to be issued again. Returns the peers concerned. */
export async function settleReports(
  tx: Tx,
  jtis: readonly string[],
  accepted: boolean,
  retry: { baseS: number; capS: number },
): Promise<string[]> {
  await tx.client.query(
    accepted
      ? 'delete from status_reports where exchange_jti = any($1::uuid[])'
      : 'update status_reports set exchange_jti = null where exchange_jti = any($1::uuid[])',
    [jtis],
  );
  const { rows } = await tx.client.query<{ peer: string }>(
    accepted
      ? `update status_peers set exchange_jti = null, failures = 0, due_at = now()
         where exchange_jti = any($1::uuid[]) returning peer`
      : `update status_peers set exchange_jti = null, failures = failures + 1,
           due_at = now() + least($3::float8, $2::float8 * 2 ^ least(failures, 20)) * interval '1 second'
         where exchange_jti = any($1::uuid[]) returning peer`,
    accepted ? [jtis] : [jtis, retry.baseS, retry.capS],
  );
  return rows.map((row) => row.peer);
}

/** What a peer reported of one document: the earliest time of each state. */
export type MergedStatus = {
  peer: string;
  document: string;
  consigned: Date | null;
  refused: Date | null;
  notified: Date | null;
  opened: Date | null;
};

/**
 * Merges what peers reported into the documents this node sent to them. Only a document the peer may hold is touched;
 * one without the peer's receipt keeps its state until that is here.
 */
export async function mergeStatuses(tx: Tx, statuses: readonly MergedStatus[]): Promise<void> {
  const merged = (column: string) => `least(d.${column}, s.${column})`;
  const state = derivedState(merged);
  await tx.client.query(
    `update sent_documents d set
       consigned_at = ${merged('consigned_at')}, refused_at = ${merged('refused_at')},
       notified_at = ${merged('notified_at')}, opened_at = ${merged('opened_at')},
       state = case when ${acknowledged} then ${state} else d.state end,
       state_code = case when ${acknowledged} then case ${state} when 'rejected' then 'document.refused' end
         else d.state_code end,
       changed_at = now()
     from (
       select * from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
         $6::timestamptz[]) as t (peer, id, consigned_at, refused_at, notified_at, opened_at) order by id
     ) s
     where d.id = s.id and d.peer = s.peer
       and (${acknowledged} or d.state in ('submitted', 'sending')
         or (d.state = 'failed' and d.state_code = 'exchange.unconfirmed'))`,
    [
      statuses.map((status) => status.peer),
      statuses.map((status) => status.document),
      statuses.map((status) => status.consigned),
      statuses.map((status) => status.refused),
      statuses.map((status) => status.notified),
      statuses.map((status) => status.opened),
    ],
  );
}
