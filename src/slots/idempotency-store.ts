import { IDEMPOTENCY_DAYS } from '../api-access.ts';
import type { Tx } from '../db/index.ts';
import { Refusal } from '../protocol/refusal.ts';

/** Where requests of one kind are kept with their keys: `id` names what a request made. */
type Keyed =
  | { table: 'sent_messages'; id: 'id'; at: 'submitted_at' }
  | { table: 'replies'; id: 'jti'; at: 'at' };

export const MESSAGE_KEYS: Keyed = { table: 'sent_messages', id: 'id', at: 'submitted_at' };
export const REPLY_KEYS: Keyed = { table: 'replies', id: 'jti', at: 'at' };

/**
 * What the same request made before, under the same key, within the time that keys are kept. Holds others with that key
 * until this transaction ends.
 *
 * @throws Refusal `idempotency.mismatch` where it was another request
 */
export async function findRepeated(
  tx: Tx,
  { table, id, at }: Keyed,
  asked: { caller: string; key: string; fingerprint: Buffer },
): Promise<string | undefined> {
  const { caller, key, fingerprint } = asked;
  await tx.client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `${table} ${JSON.stringify([caller, key])}`,
  ]);
  await tx.client.query(
    `update ${table} set idempotency_key = null, fingerprint = null
     where submitted_by = $1 and idempotency_key = $2 and ${at} <= now() - $3 * interval '1 day'`,
    [caller, key, IDEMPOTENCY_DAYS],
  );
  const { rows } = await tx.client.query<{ id: string; fingerprint: Buffer }>(
    `select ${id} as id, fingerprint from ${table} where submitted_by = $1 and idempotency_key = $2`,
    [caller, key],
  );
  const [earlier] = rows;
  if (earlier !== undefined && !fingerprint.equals(earlier.fingerprint))
    throw new Refusal('idempotency.mismatch');
  return earlier?.id;
}
