import type { Tx } from '../db/index.ts';

/**
 * Takes the customer out of a link's messages, and ends those that are still active.
 *
 * @returns the bodies that hold what was said, to be erased with it; those still on their way are given up by their
 * delivery.
 */
export async function eraseMessages(tx: Tx, linkId: string): Promise<string[]> {
  const { rows: hosted } = await tx.client.query<{ body_id: string }>(
    `update hosted_messages set customer_id = null, ended_at = coalesce(ended_at, now()),
       ended_reason = coalesce(ended_reason, 'erased')
     where link_id = $1 returning body_id`,
    [linkId],
  );
  // A digest of what was said tells it to whoever can guess it.
  await tx.client.query(
    'update sent_messages set idempotency_key = null, fingerprint = null where link_id = $1',
    [linkId],
  );
  const { rows: sent } = await tx.client.query<{ body_id: string }>(
    `select o.body_id from sent_messages m join outbound_exchanges o on o.jti in (m.id, m.withdrawal_jti)
     where m.link_id = $1`,
    [linkId],
  );
  return [...hosted, ...sent].map((row) => row.body_id);
}
