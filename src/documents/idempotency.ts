import { createHash } from 'node:crypto';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { Refusal } from '../protocol/refusal.ts';

/** A request that its caller may repeat (draft-ietf-httpapi-idempotency-key-header). */
export type IdempotencyKey = {
  /** Who calls: stays the same when the token is renewed. */
  caller: string;
  operation: string;
  key: string;
};

/** Repetitions of a request that is still running are refused: they may be tried again once it has ended. */
export type RunningKeys = {
  /** Runs `work` alone under its key; without a key, at once. Throws Refusal `idempotency.in_progress`. */
  run<T>(key: IdempotencyKey | undefined, work: () => Promise<T>): Promise<T>;
};

/** How long an answer is kept for repetitions. */
export const IDEMPOTENCY_DAYS = 7;

const KEY = /^[\x21-\x7e]{1,200}$/;

/** The value of the header. Throws Refusal `idempotency.key`. */
export function parseIdempotencyKey(value: string | string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !KEY.test(value)) throw new Refusal('idempotency.key');
  return value;
}

export function createRunningKeys(): RunningKeys {
  const running = new Set<string>();
  return {
    async run(key, work) {
      if (key === undefined) return work();
      const name = JSON.stringify([key.caller, key.operation, key.key]);
      if (running.has(name)) throw new Refusal('idempotency.in_progress', { retryAfterS: 1 });
      running.add(name);
      try {
        return await work();
      } finally {
        running.delete(name);
      }
    },
  };
}

/** SHA-256 over what was asked for: metadata in any order of members, and the digest of the file where there is one. */
export function fingerprintOf(metadata: JsonObject, contentSha256: string | undefined): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([sorted(metadata), contentSha256 ?? null]))
    .digest();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, member]) => [name, sorted(member)]);
}
