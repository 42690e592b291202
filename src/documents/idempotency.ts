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
