/**
 * When to try again: exponential backoff with full jitter, capped, so that a peer's return meets a trickle and not
 * a wave, and no queue waits longer than the cap however long the outage was.
 */
export type RetryPolicy = { baseMs: number; capMs: number };

/** Past this the power is over any cap. */
const MAX_EXPONENT = 30;

/**
 * @param attempts tries made so far, at least 1
 * @param random uniform in [0, 1)
 * @returns milliseconds to wait, at least a tenth of the base
 */
export function backoffMs(policy: RetryPolicy, attempts: number, random: number): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempts - 1, MAX_EXPONENT));
  return Math.max(policy.baseMs / 10, Math.round(random * ceiling));
}
