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
  /** What a full bucket holds, and how long an empty one takes to be full. */
  policy: Readonly<{ burst: number; refillMs: number }>;
  /** How many may be taken now, and when one more will be there: 0 where the bucket is full. Takes nothing. */
  look: (key: string) => { remaining: number; nextMs: number };
  size: () => number;
}>;

export type TokenBucketOptions = Readonly<{
  ratePerMin: number;
  /** What a key may take at once after a rest. Default: ten seconds' worth, at least 1. */
  burst?: number;
  maxKeys?: number;
  clock: Clock;
}>;

/** Counted in whole units of 1/60,000 token, so that `ratePerMin` a millisecond stays exact. */
type Bucket = { units: number; atMs: number };

const UNITS_PER_TOKEN = 60_000;
const DEFAULT_MAX_KEYS = 50_000;

export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { ratePerMin, clock } = options;
  const burst = options.burst ?? Math.max(1, Math.ceil(ratePerMin / 6));
  const maxKeys = options.maxKeys ?? DEFAULT_MAX_KEYS;
  const fullUnits = burst * UNITS_PER_TOKEN;
  // A Map keeps the order of insertion; each use moves its key to the end.
  const buckets = new Map<string, Bucket>();

  function fill(key: string): Bucket {
    const nowMs = clock.nowMs();
    const found = buckets.get(key);
    const bucket = found ?? { units: fullUnits, atMs: nowMs };
    if (found !== undefined) {
      buckets.delete(key);
      // A clock set back adds nothing and takes nothing.
      const elapsedMs = Math.max(0, nowMs - found.atMs);
      found.units = Math.min(fullUnits, found.units + elapsedMs * ratePerMin);
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
      const units = cost * UNITS_PER_TOKEN;
      if (bucket.units < units)
        return { ok: false, retryAfterMs: Math.ceil((units - bucket.units) / ratePerMin) };
      bucket.units -= units;
      return { ok: true };
    },
    refund(key, cost = 1) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.units = Math.min(fullUnits, bucket.units + cost * UNITS_PER_TOKEN);
    },
    policy: Object.freeze({ burst, refillMs: Math.ceil(fullUnits / ratePerMin) }),
    look(key) {
      const { units } = buckets.has(key) ? fill(key) : { units: fullUnits };
      const remaining = Math.floor(units / UNITS_PER_TOKEN);
      const missing = remaining === burst ? 0 : (remaining + 1) * UNITS_PER_TOKEN - units;
      return { remaining, nextMs: Math.ceil(missing / ratePerMin) };
    },
    size: () => buckets.size,
  } satisfies TokenBuckets);
}
