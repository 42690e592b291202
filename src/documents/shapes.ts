import type { OpenBody } from '../exchange/index.ts';
import { type JsonObject, parseStrictJson } from '../protocol/jose/strict-json.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { DraftRow } from './draft-store.ts';
import type { SentDocument } from './store.ts';

/** A document as the institution API shows it: times in RFC 3339, absent where nothing is known. */
export function documentShape(row: SentDocument) {
  return {
    id: row.id,
    state: row.state === 'submitted' && (row.attempts ?? 0) > 0 ? 'sending' : row.state,
    ...(row.state_code !== null && { code: row.state_code }),
    link: row.link_id,
    peer: row.peer,
    ...(row.type !== null && { type: row.type }),
    contentType: row.content_type,
    contentSize: row.content_size,
    submittedBy: row.submitted_by,
    submittedAt: row.submitted_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    ...outcomeShape(row),
    ...(row.attempts !== null && {
      delivery: {
        attempts: row.attempts,
        task: row.task ?? 'send',
        ...(row.next_attempt_at !== null && { nextAttemptAt: row.next_attempt_at.toISOString() }),
        ...(row.last_attempt_at !== null && { lastAttemptAt: row.last_attempt_at.toISOString() }),
        ...(row.last_code !== null && { lastCode: row.last_code }),
        ...(row.last_status !== null && { lastStatus: row.last_status }),
      },
    }),
  };
}

/** What the peer told of it, each step with the time the peer gave, and what was done here since. */
function outcomeShape(row: SentDocument) {
  return {
    ...(row.consigned_at !== null && { consignedAt: row.consigned_at.toISOString() }),
    ...(row.refused_at !== null && { refusedAt: row.refused_at.toISOString() }),
    ...(row.notified_at !== null && { notifiedAt: row.notified_at.toISOString() }),
    ...(row.opened_at !== null && { openedAt: row.opened_at.toISOString() }),
    ...(row.recall_state !== null && {
      recall: {
        state: row.recall_state,
        reason: row.recall_reason,
        requestedAt: row.recall_requested_at?.toISOString(),
        ...(row.recall_code !== null && { code: row.recall_code }),
        ...(row.recalled_at !== null && { recalledAt: row.recalled_at.toISOString() }),
      },
    }),
    ...(row.erased_at !== null && {
      erased: { at: row.erased_at.toISOString(), reason: row.erased_reason },
    }),
  };
}

/** The answer to a submission; it tells nothing that a later look would not, so it may be kept for repetitions. */
export function submittedShape(submission: {
  id: string;
  link: string;
  peer: string;
  fields: { type: string };
  contentType: string;
  content: { size: number };
  submittedBy: string;
  now: Date;
  windowS: number;
}) {
  const { now, windowS } = submission;
  return {
    id: submission.id,
    state: 'submitted',
    link: submission.link,
    peer: submission.peer,
    type: submission.fields.type,
    contentType: submission.contentType,
    contentSize: submission.content.size,
    submittedBy: submission.submittedBy,
    submittedAt: now.toISOString(),
    changedAt: now.toISOString(),
    // The envelope counts in whole seconds.
    expiresAt: new Date((Math.floor(now.getTime() / 1000) + windowS) * 1000).toISOString(),
  };
}

export function draftShape(draft: DraftRow) {
  return {
    id: draft.id,
    state: 'draft',
    link: draft.linkId,
    peer: draft.peer,
    type: draft.type,
    contentType: draft.contentType,
    submittedBy: draft.submittedBy,
    createdAt: draft.createdAt.toISOString(),
    expiresAt: draft.expiresAt.toISOString(),
  };
}

/** What was sealed with a document: its fields, and what its file is. */
export function metadataShape(body: OpenBody): { metadata: JsonObject; file?: JsonObject } {
  const parsed = parseStrictJson(body.manifest());
  if (!parsed.ok) throw new Error(`a manifest of this node is not JSON: ${parsed.reason}`);
  const { body: metadata, content } = parsed.value as unknown as Manifest;
  if (content === undefined) return { metadata };
  return {
    metadata,
    file: {
      name: content.name,
      contentType: content.type,
      size: content.size,
      sha256: Buffer.from(content.sha256, 'base64url').toString('hex'),
    },
  };
}
