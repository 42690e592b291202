import { DatabaseUnavailable } from '../db/index.ts';
import type { Breaker } from './breaker.ts';
import type { Leased } from './store.ts';

/** What became of one try. */
export type Attempt =
  /** Terminal: whoever tried removed the delivery in the transaction that stored the outcome. */
  | { kind: 'settled' }
  /** Try again; `peerFault` where the peer gave no usable answer. */
  | {
      kind: 'retry';
      code: string;
      status?: number;
      retryAfterMs?: number;
      peerFault: boolean;
      mismatch?: boolean;
    }
  /** Held back on this side: the peer was not asked. */
  | { kind: 'hold'; code: string; delayMs: number }
  /** No use in trying the same bytes again: close the exchange. `status` where the peer said so, else it was not asked. */
  | { kind: 'give_up'; reason: string; status?: number; mismatch?: boolean };

export type Prepared = { leased: Leased; run: () => Promise<Attempt> };

export type PeerQueueDeps = {
  peer: string;
  maxInFlight: number;
  breaker: Breaker;
  nowMs(): number;
  lease(limit: number): Promise<Leased[]>;
  /** Reads what a batch needs in a few queries, and gives each one's try. */
  prepare(batch: Leased[]): Promise<Prepared[]>;
  /** Gives a delivery back with what was learned. */
  giveBack(leased: Leased, attempt: Exclude<Attempt, { kind: 'settled' }>): Promise<void>;
  release(leased: Leased[]): Promise<void>;
  /** Told of each try that ended, and how long it took. */
  onTried(leased: Leased, attempt: Attempt, ms: number): void;
  onError(error: unknown): void;
};

export type PeerQueue = {
  /** There may be something due. */
  wake(): void;
  /** Lets what is in flight finish and gives back what was not started. */
  stop(): Promise<void>;
  readonly inFlight: number;
  readonly held: Leased[];
};

/** One peer's deliveries: leased in batches, tried concurrently, and never in the way of another peer's. */
export function createPeerQueue(deps: PeerQueueDeps): PeerQueue {
  let ready: Prepared[] = [];
  const running = new Set<Promise<void>>();
  const heldLeases = new Map<string, Leased>();
  let leasing: Promise<void> | undefined;
  let mayHaveMore = false;
  let stopped = false;

  function pump(): void {
    const allowance = deps.breaker.allowance(deps.nowMs());
    // A peer that stopped answering: others may try later, and the leases must not run out here.
    if (allowance === 0 && running.size === 0) releaseReady();
    while (!stopped && ready.length > 0 && running.size < allowance) {
      const next = ready.shift() as Prepared;
      deps.breaker.probing();
      const work = attempt(next).finally(() => {
        running.delete(work);
        heldLeases.delete(next.leased.jti);
        pump();
      });
      running.add(work);
      if (allowance === 1) break;
    }
    const wanted = Math.min(allowance * 2, deps.maxInFlight * 2) - ready.length;
    if (!stopped && mayHaveMore && leasing === undefined && allowance > 0 && wanted >= allowance) {
      leasing = refill(wanted).finally(() => {
        leasing = undefined;
        pump();
      });
    }
  }

  function releaseReady(): void {
    if (ready.length === 0) return;
    const leased = ready.map((prepared) => prepared.leased);
    ready = [];
    for (const one of leased) heldLeases.delete(one.jti);
    deps.release(leased).catch(deps.onError);
  }

  async function refill(limit: number): Promise<void> {
    mayHaveMore = false;
    try {
      const taken = await deps.lease(limit);
      if (taken.length === limit) mayHaveMore = true;
      // After a stall longer than a lease it may be one that is still being tried here.
      const leased = taken.filter((one) => !heldLeases.has(one.jti));
      for (const one of leased) heldLeases.set(one.jti, one);
      if (leased.length > 0) ready = ready.concat(await prepare(leased));
    } catch (error) {
      deps.onError(error);
    }
  }

  /**
   * What can't be prepared is held no longer, so that its lease runs out and another try follows. One that can't be
   * for a reason of its own, such as bytes that are damaged, spoils none of the others.
   */
  async function prepare(leased: Leased[]): Promise<Prepared[]> {
    try {
      return await deps.prepare(leased);
    } catch (error) {
      if (leased.length === 1 || error instanceof DatabaseUnavailable) {
        for (const one of leased) heldLeases.delete(one.jti);
        deps.onError(error);
        return [];
      }
      const middle = leased.length >> 1;
      return [...(await prepare(leased.slice(0, middle))), ...(await prepare(leased.slice(middle)))];
    }
  }

  async function attempt({ leased, run }: Prepared): Promise<void> {
    try {
      const startedMs = performance.now();
      const result = await run();
      deps.onTried(leased, result, performance.now() - startedMs);
      if (result.kind === 'hold' || (result.kind === 'give_up' && result.status === undefined)) {
        deps.breaker.notAsked();
      } else if (result.kind === 'retry' && result.peerFault) {
        deps.breaker.failed(deps.nowMs());
      } else {
        deps.breaker.answered();
      }
      if (result.kind !== 'settled') await deps.giveBack(leased, result);
    } catch (error) {
      // Ours, not the peer's: the lease runs out and another try follows.
      deps.breaker.notAsked();
      deps.onError(error);
    }
  }

  return {
    wake() {
      mayHaveMore = true;
      pump();
    },
    async stop() {
      stopped = true;
      await leasing;
      const unstarted = ready.map((prepared) => prepared.leased);
      ready = [];
      if (unstarted.length > 0) await deps.release(unstarted).catch(deps.onError);
      await Promise.all(running);
    },
    get inFlight() {
      return running.size;
    },
    get held() {
      return [...heldLeases.values()];
    },
  };
}
