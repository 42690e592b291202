import type { Clock } from '../clock.ts';

/**
 * One token bucket for each key, in bounded memory. Past `maxKeys` the bucket not used for longest is forgotten,
 * so its key starts full again: give strangers buckets of their own, apart from those of known peers.
 */
export type TokenBuckets = Readonly<{
  /** Takes `cost`, or nothing: then `retryAfterMs` says when it would be there, if nobody else takes it. */
  take: (key: string, cost?: number) => { ok: true } | { ok: false; retryAfterMs: number };
  /** Gives back what turned out not to count. Never past the burst. */
  refund: (key: string, cost?: number) => void;
  size: () => number;
}>;

export type TokenBucketOptions = Readonly<{
  ratePerMin: number;
  /** What a key may take at once after a rest. Default: ten seconds' worth, at least 1. */
  burst?: number;
  maxKeys?: number;
  clock: Clock;
}>;

type Bucket = { tokens: number; atMs: number };

const MINUTE_MS = 60_000;
const DEFAULT_MAX_KEYS = 50_000;

export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { ratePerMin, clock } = options;
  const burst = options.burst ?? Math.max(1, Math.ceil(ratePerMin / 6));
  const maxKeys = options.maxKeys ?? DEFAULT_MAX_KEYS;
  // A Map keeps the order of insertion; each use moves its key to the end.
  const buckets = new Map<string, Bucket>();

  function fill(key: string): Bucket {
    const nowMs = clock.nowMs();
    const found = buckets.get(key);
    const bucket = found ?? { tokens: burst, atMs: nowMs };
    if (found !== undefined) {
      buckets.delete(key);
      // A clock set back adds nothing and takes nothing.
      const elapsedMs = Math.max(0, nowMs - found.atMs);
      found.tokens = Math.min(burst, found.tokens + (elapsedMs * ratePerMin) / MINUTE_MS);
      found.atMs = nowMs;
    } else if (buckets.size >= maxKeys) {
      const [oldest] = buckets.keys();
      if (oldest !== undefined) buckets.delete(oldest);
    }
    buckets.set(key, bucket);
    return bucket;
  }

  return Object.freeze({
    take(key, cost = 1) {
      if (!(cost > 0 && cost <= burst)) throw new RangeError(`cost ${cost} is outside the burst of ${burst}`);
      const bucket = fill(key);
      if (bucket.tokens >= cost) {
        bucket.tokens -= cost;
        return { ok: true };
      }
      return { ok: false, retryAfterMs: Math.ceil(((cost - bucket.tokens) * MINUTE_MS) / ratePerMin) };
    },
    refund(key, cost = 1) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.tokens = Math.min(burst, bucket.tokens + cost);
    },
    size: () => buckets.size,
  } satisfies TokenBuckets);
}
