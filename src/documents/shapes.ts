import type { SentDocument } from './store.ts';

/** A document as the institution API shows it: times in RFC 3339, absent where nothing is known. */
export function documentShape(row: SentDocument) {
  return {
    id: row.id,
    state: row.state,
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
