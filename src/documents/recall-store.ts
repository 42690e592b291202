import type { Tx } from '../db/index.ts';
import type { SentDocumentState } from './sent-state-store.ts';
import { derivedState } from './sent-state-store.ts';

export type RecallReason = 'error' | 'wrong_recipient' | 'superseded' | 'other';
export type RecallState = 'sending' | 'accepted' | 'failed';

/** A sent document and its recall, the row locked. */
export type LockedSent = {
  id: string;
  linkId: string;
  peer: string;
  state: SentDocumentState;
  stateCode: string | null;
  recallState: RecallState | null;
  recallCode: string | null;
  recallReason: RecallReason | null;
  recallRequestedAt: Date | null;
  recalledAt: Date | null;
  erasedAt: Date | null;
  bodyId: string;
  /** The body of the recall's own exchange, if there is one. */
  recallBodyId: string | null;
  envSha256: Buffer;
  envelope: string | null;
  now: Date;
};

export async function lockSent(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedSent>> {
  const { rows } = await tx.client.query<LockedSent>(
    `select d.id, d.link_id as "linkId", d.peer, d.state, d.state_code as "stateCode",
       d.recall_state as "recallState", d.recall_code as "recallCode", d.recall_reason as "recallReason",
       d.recall_requested_at as "recallRequestedAt", d.recalled_at as "recalledAt", d.erased_at as "erasedAt",
       o.body_id as "bodyId", r.body_id as "recallBodyId", o.env_sha256 as "envSha256", o.envelope, now() as now
     from sent_documents d
     join outbound_exchanges o on o.jti = d.id
     left join outbound_exchanges r on r.jti = d.recall_jti
     where d.id = any($1::uuid[]) order by d.id for update of d`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** `jti` is null while the push itself has no end yet: what becomes of it decides whether a recall has to travel. */
export async function writeRecall(
  tx: Tx,
  recall: { id: string; reason: RecallReason; jti: string | null },
): Promise<void> {
  await tx.client.query(
    `update sent_documents set recall_state = 'sending', recall_code = null, recall_reason = $2, recall_jti = $3,
       recall_requested_at = coalesce(recall_requested_at, now()), changed_at = now()
     where id = $1`,
    [recall.id, recall.reason, recall.jti],
  );
}

/** Documents among these that were recalled while they were on their way. */
export async function readWaitingRecalls(
  tx: Tx,
  ids: readonly string[],
): Promise<{ id: string; linkId: string; peer: string; reason: RecallReason }[]> {
  const { rows } = await tx.client.query(
    `select id, link_id as "linkId", peer, recall_reason as reason from sent_documents
     where id = any($1::uuid[]) and recall_state = 'sending' and recall_jti is null order by id for update`,
    [ids],
  );
  return rows;
}

/** The document never arrived: recalling it is done. */
export async function writeStopped(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.client.query(
    `update sent_documents set state = 'recalled', recall_state = 'accepted', recalled_at = now(), changed_at = now()
     where id = any($1::uuid[])`,
    [ids],
  );
}

/** What became of the exchanges that carried recalls. */
export async function settleRecalls(
  tx: Tx,
  items: readonly { jti: string; accepted: boolean; reason: string | null }[],
): Promise<void> {
  const facts = [items.map((item) => item.jti), items.map((item) => item.reason)];
  const from = `from (select * from unnest($1::uuid[], $2::text[], $3::bool[]) as t (jti, reason, accepted) order by jti) s`;
  const all = [...facts, items.map((item) => item.accepted)];
  await tx.client.query(
    `update sent_documents d set
       recall_state = case when s.accepted then 'accepted' else 'failed' end,
       recall_code = case when s.accepted then null else s.reason end,
       recalled_at = case when s.accepted then now() end, changed_at = now()
     ${from} where d.recall_jti = s.jti and d.recall_state <> 'accepted'`,
    all,
  );
  await tx.client.query(
    `update sent_documents d set state = ${derivedState()}, state_code = null
     ${from} where d.recall_jti = s.jti and s.accepted and d.recall_state = 'accepted'`,
    all,
  );
}

export type ReceivedRecall = {
  iss: string;
  /** The exchange that brought the document. */
  document: string;
  linkId: string;
  reason: string;
  bodyId: string;
  at: Date;
};

const keyOf = (recall: Pick<ReceivedRecall, 'iss' | 'document' | 'linkId'>) =>
  `${recall.iss} ${recall.document} ${recall.linkId}`;

/** Which of these name a document that came from the same issuer, by the same link. */
export async function findRecalled(
  tx: Tx,
  recalls: readonly Pick<ReceivedRecall, 'iss' | 'document' | 'linkId'>[],
): Promise<(recall: Pick<ReceivedRecall, 'iss' | 'document' | 'linkId'>) => boolean> {
  const { rows } = await tx.client.query<{ iss: string; jti: string; link_id: string }>(
    `select d.iss, d.jti, d.link_id from unnest($1::uuid[], $2::text[], $3::uuid[]) as r (jti, iss, link_id)
     join received_documents d on d.jti = r.jti and d.iss = r.iss and d.link_id = r.link_id`,
    [recalls.map((one) => one.document), recalls.map((one) => one.iss), recalls.map((one) => one.linkId)],
  );
  const known = new Set(rows.map((row) => keyOf({ iss: row.iss, document: row.jti, linkId: row.link_id })));
  return (recall) => known.has(keyOf(recall));
}

/** Labels documents; the first recall counts. What the customer has is left alone. */
export async function labelRecalled(tx: Tx, recalls: readonly ReceivedRecall[]): Promise<void> {
  await tx.client.query(
    `update received_documents d
     set recalled_at = r.at, recall_reason = r.reason, recall_body_id = r.body_id
     from (
       select distinct on (jti, iss) *
       from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[]) as t (jti, iss, reason, body_id, at)
       order by jti, iss
     ) r
     where d.jti = r.jti and d.iss = r.iss and d.recalled_at is null and d.erased_at is null`,
    [
      recalls.map((recall) => recall.document),
      recalls.map((recall) => recall.iss),
      recalls.map((recall) => recall.reason),
      recalls.map((recall) => recall.bodyId),
      recalls.map((recall) => recall.at),
    ],
  );
}
