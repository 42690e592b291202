import type { Tx } from '../db/index.ts';

/**
 * Takes the customer out of a link's messages, and ends those that are still active.
 *
 * @returns the bodies that hold what was said, to be erased with it; those still on their way are given up by their
 * delivery.
 */
export async function eraseMessages(tx: Tx, linkId: string): Promise<string[]> {
  // Groups that were told of keep their size: only who was in them is forgotten.
  await tx.client.query(
    `update engagement_groups g set member = gen_random_uuid()
     from (select distinct iss, customer_id from hosted_messages where link_id = $1) m
     where g.peer = m.iss and g.member = m.customer_id`,
    [linkId],
  );
  const { rows: hosted } = await tx.client.query<{ body_id: string }>(
    `update hosted_messages set customer_id = null, ended_at = coalesce(ended_at, now()),
       ended_reason = coalesce(ended_reason, 'erased'), erased_at = coalesce(erased_at, now())
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
  await tx.client.query('delete from received_engagement where link_id = $1', [linkId]);
  const { rows: replies } = await tx.client.query<{ body_id: string }>(
    `update replies set customer_id = null, erased_at = coalesce(erased_at, now()), idempotency_key = null,
       fingerprint = null, human_due_at = null
     where link_id = $1 returning body_id`,
    [linkId],
  );
  return [...hosted, ...sent, ...replies].map((row) => row.body_id);
}

/**
 * Forgets what guests were told, or were to be told, of a link's customer.
 *
 * @returns the exchanges that told it, or are about to, with their bodies; what they tell of others goes out again.
 */
export async function eraseReports(tx: Tx, linkId: string): Promise<{ jti: string; bodyId: string }[]> {
  const { rows } = await tx.client.query<{ jti: string; bodyId: string }>(
    `with gone as (delete from engagement_reports where link_id = $1 returning exchange_jti)
     select distinct o.jti, o.body_id as "bodyId" from gone join outbound_exchanges o on o.jti = gone.exchange_jti
     order by o.jti`,
    [linkId],
  );
  return rows;
}

/** Marks words and answers that were said so long ago as erased. Returns them. */
export async function takeOldReplies(
  tx: Tx,
  retentionDays: number,
  limit: number,
): Promise<{ id: string; bodyId: string }[]> {
  const { rows } = await tx.client.query<{ id: string; bodyId: string }>(
    `update replies r set erased_at = now(), idempotency_key = null, fingerprint = null
     from (
       select iss, jti from replies where erased_at is null and at < now() - $1 * interval '1 day'
       order by at limit $2 for update skip locked
     ) old
     where r.iss = old.iss and r.jti = old.jti returning r.jti as id, r.body_id as "bodyId"`,
    [retentionDays, limit],
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Marks hosted messages that expired so long ago as erased, which no other replica is doing. Returns them. */
export async function takeExpired(
  tx: Tx,
  retentionDays: number,
  limit: number,
): Promise<{ id: string; bodyId: string }[]> {
  const { rows } = await tx.client.query<{ id: string; bodyId: string }>(
    `update hosted_messages m set erased_at = now()
     from (
       select id from hosted_messages
       where erased_at is null and expires_at < now() - $1 * interval '1 day'
       order by expires_at limit $2 for update skip locked
     ) over
     where m.id = over.id returning m.id, m.body_id as "bodyId"`,
    [retentionDays, limit],
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}
