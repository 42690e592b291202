import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { createGroupCommit, type Database, type Tx } from '../db/index.ts';
import { newUuidV7 } from '../random.ts';
import { type BreakerState, createBreaker } from './breaker.ts';
import { type Attempt, createPeerQueue, type PeerQueue, type Prepared } from './peer-queue.ts';
import { backoffMs, type RetryPolicy } from './retry-policy.ts';
import {
  closeDeliveries,
  expireDeliveries,
  extendLeases,
  hastenForPeer,
  hastenHeld,
  hastenUnanswered,
  insertDeliveries,
  type Leased,
  leaseDue,
  makeDue,
  type NewDelivery,
  type Reschedule,
  readDuePeers,
  readQueue,
  removeDeliveries,
  reschedule,
} from './store.ts';

export type OutboxOptions = {
  perPeerConcurrency: number;
  retry: RetryPolicy;
  leaseMs?: number;
  pollMs?: number;
};

export type PeerTraffic = {
  /** Deliveries that wait. */
  queued: number;
  breaker: BreakerState['state'];
  /** When the next delivery is due. */
  nextAttemptAt?: string;
  /** When a peer that doesn't answer is asked again. */
  nextProbeAt?: string;
};

export type Outbox = {
  /** Queues deliveries in the caller's transaction, and wakes their peers once it is durable. */
  enqueue(tx: Tx, rows: readonly NewDelivery[]): Promise<void>;
  /** Takes terminal exchanges out, in the transaction that stores their outcome. */
  remove(tx: Tx, jtis: readonly string[]): Promise<void>;
  /** Starts the workers; `prepare` tells how a batch is tried. */
  start(prepare: (batch: Leased[]) => Promise<Prepared[]>): void;
  /** The peer was heard from: its closings and what found nobody are tried at once, and the breaker lets a probe out. */
  peerContact(peer: string): void;
  /** The peer's state changed, here or there: what that held back is looked at again once `tx` is durable. */
  hastenPeer(tx: Tx, peer: string): Promise<void>;
  /** There may be something due for this peer. */
  wake(peer: string): void;
  /** These links changed: what they held back is looked at again, once the caller's transaction is durable. */
  hasten(tx: Tx, changed: { peer: string; links: readonly string[] }): Promise<void>;
  breaker(peer: string): BreakerState;
  /** Makes a queued delivery due at once; false where none is queued. */
  retryNow(jti: string): Promise<boolean>;
  /** Gives a queued delivery up through a closing; false where none is queued. */
  cancel(jti: string): Promise<boolean>;
  /** The same as part of what makes it needless: both happen, or neither. Tried once `tx` is durable. */
  cancelIn(tx: Tx, jtis: readonly string[]): Promise<void>;
  /** How things stand with a peer, as operators are shown it. `queued` counts up to QUEUE_COUNT_LIMIT. */
  traffic(peer: string): Promise<PeerTraffic>;
  /**
   * Lets what is in flight finish, for at most `graceMs`, and gives the rest back. What is still in flight then is tried
   * again once its lease has run out.
   */
  stop(graceMs?: number): Promise<void>;
};

/** A longer queue is told as this long: counting on would cost more than anybody learns. */
export const QUEUE_COUNT_LIMIT = 100_000;
/** Also how long what a killed process had in hand waits for another one. */
const LEASE_MS = 15_000;
const POLL_MS = 1_000;
/** A closing without an answer is tried again this slowly. */
const CLOSING_POLICY: RetryPolicy = { baseMs: 60_000, capMs: 6 * 3_600_000 };
const EXPIRY_BATCH = 1_000;
const MAX_BATCH = 256;
/** At least this long between two wake-ups of one peer by its own traffic. */
const CONTACT_INTERVAL_MS = 1_000;
/** So that a sign of life costs little; the next one makes the rest due. */
const MAX_HASTENED = 500;

export function createOutbox(deps: {
  db: Database;
  clock: Clock;
  options: OutboxOptions;
  random?: () => number;
  /** Told of each try that ended, and how long it took. */
  onTried?: (leased: Leased, attempt: Attempt, ms: number) => void;
  onError: (error: unknown) => void;
}): Outbox {
  const { db, clock, options, onError } = deps;
  const random = deps.random ?? Math.random;
  const leaseMs = options.leaseMs ?? LEASE_MS;
  const owner = newUuidV7();
  const queues = new Map<string, { queue: PeerQueue; breaker: ReturnType<typeof createBreaker> }>();
  const lastContactMs = new Map<string, number>();
  const timers: NodeJS.Timeout[] = [];
  let leaseTimer: NodeJS.Timeout | undefined;
  let prepare: ((batch: Leased[]) => Promise<Prepared[]>) | undefined;
  let stopped = false;

  const returns = createGroupCommit<Reschedule, undefined>({
    maxBatch: MAX_BATCH,
    commit: async (rows) => {
      await reschedule(db, owner, rows);
      return rows.map(() => undefined);
    },
  });

  function giveBack(leased: Leased, attempt: Exclude<Attempt, { kind: 'settled' }>): Promise<undefined> {
    const base = {
      jti: leased.jti,
      task: leased.task,
      giveUpReason: null,
      code: attempt.kind === 'give_up' ? attempt.reason : attempt.code,
      status: null,
      attempt: 1,
      mismatch: 0,
    } as const;
    switch (attempt.kind) {
      case 'hold':
        return returns.add({ ...base, delayMs: attempt.delayMs, attempt: 0 });
      case 'give_up':
        return returns.add({
          ...base,
          delayMs: 0,
          task: 'close',
          giveUpReason: attempt.reason,
          status: attempt.status ?? null,
          mismatch: attempt.mismatch === true ? 1 : 0,
        });
      case 'retry': {
        const policy = leased.task === 'close' ? CLOSING_POLICY : options.retry;
        const backoff = backoffMs(policy, leased.attempts + 1, random());
        return returns.add({
          ...base,
          delayMs: Math.max(backoff, Math.min(attempt.retryAfterMs ?? 0, options.retry.capMs)),
          status: attempt.status ?? null,
          mismatch: attempt.mismatch === true ? 1 : 0,
        });
      }
    }
  }

  async function release(leased: Leased[]): Promise<void> {
    await reschedule(
      db,
      owner,
      leased.map((one) => ({
        jti: one.jti,
        delayMs: 0,
        task: one.task,
        giveUpReason: null,
        code: null,
        status: null,
        attempt: 0,
        mismatch: 0,
      })),
    );
  }

  function queueOf(peer: string): { queue: PeerQueue; breaker: ReturnType<typeof createBreaker> } {
    let entry = queues.get(peer);
    if (entry === undefined) {
      const breaker = createBreaker({
        maxInFlight: options.perPeerConcurrency,
        policy: options.retry,
        random,
      });
      const queue = createPeerQueue({
        peer,
        maxInFlight: options.perPeerConcurrency,
        breaker,
        nowMs: () => clock.nowMs(),
        lease: (limit) => leaseDue(db, { peer, limit, owner, leaseMs }),
        prepare: (batch) => prepare?.(batch) ?? Promise.resolve([]),
        giveBack: async (leased, attempt) => {
          await giveBack(leased, attempt);
          if (attempt.kind === 'give_up') wake(peer);
        },
        release,
        onTried: deps.onTried ?? (() => {}),
        onError,
      });
      entry = { queue, breaker };
      queues.set(peer, entry);
    }
    return entry;
  }

  function wake(peer: string): void {
    if (!stopped && prepare !== undefined) queueOf(peer).queue.wake();
  }

  async function poll(): Promise<void> {
    for (const peer of await readDuePeers(db)) wake(peer);
  }

  async function expire(): Promise<void> {
    for (const peer of await expireDeliveries(db, EXPIRY_BATCH)) wake(peer);
  }

  async function holdLeases(): Promise<void> {
    const jtis = [...queues.values()].flatMap(({ queue }) => queue.held.map((leased) => leased.jti));
    if (jtis.length > 0) await extendLeases(db, { owner, jtis, leaseMs });
  }

  function every(intervalMs: number, work: () => Promise<void>): NodeJS.Timeout {
    let busy = false;
    return setInterval(() => {
      if (busy) return;
      busy = true;
      work()
        .catch(onError)
        .finally(() => {
          busy = false;
        });
    }, intervalMs).unref();
  }

  return {
    async enqueue(tx, rows) {
      await insertDeliveries(tx, rows);
      const peers = new Set(rows.map((row) => row.peer));
      tx.afterCommit(() => {
        for (const peer of peers) wake(peer);
      });
    },
    remove: removeDeliveries,
    start(how) {
      prepare = how;
      const pollMs = options.pollMs ?? POLL_MS;
      timers.push(every(pollMs, poll), every(pollMs * 10, expire));
      leaseTimer = every(leaseMs / 3, holdLeases);
      void poll().catch(onError);
    },
    peerContact(peer) {
      const now = clock.nowMs();
      if (now - (lastContactMs.get(peer) ?? 0) < CONTACT_INTERVAL_MS) return;
      lastContactMs.set(peer, now);
      if (stopped || prepare === undefined) return;
      const { breaker } = queueOf(peer);
      const asleep = breaker.state(now).state !== 'closed';
      breaker.wake();
      hastenUnanswered(db, peer, MAX_HASTENED).then((count) => {
        if (asleep || count > 0) wake(peer);
      }, onError);
    },
    async hastenPeer(tx, peer) {
      await hastenForPeer(tx, peer);
      tx.afterCommit(() => wake(peer));
    },
    wake,
    async hasten(tx, changed) {
      await hastenHeld(tx, changed);
      tx.afterCommit(() => wake(changed.peer));
    },
    breaker: (peer) => queueOf(peer).breaker.state(clock.nowMs()),
    async retryNow(jti) {
      const peer = await makeDue(db, jti);
      if (peer === undefined) return false;
      const { breaker } = queueOf(peer);
      if (breaker.state(clock.nowMs()).state !== 'closed') breaker.wake();
      wake(peer);
      return true;
    },
    async cancel(jti) {
      const peers = await db.transact((tx) => closeDeliveries(tx, [jti], 'exchange.cancelled'));
      for (const peer of peers) wake(peer);
      return peers.length > 0;
    },
    async cancelIn(tx, jtis) {
      if (jtis.length === 0) return;
      const peers = await closeDeliveries(tx, jtis, 'exchange.cancelled');
      tx.afterCommit(() => {
        for (const peer of peers) wake(peer);
      });
    },
    async traffic(peer) {
      const { queued, nextAttemptAt } = await readQueue(db, peer, QUEUE_COUNT_LIMIT);
      const { state, nextProbeAtMs } = queueOf(peer).breaker.state(clock.nowMs());
      return {
        queued,
        breaker: state,
        ...(nextAttemptAt !== null && { nextAttemptAt: nextAttemptAt.toISOString() }),
        ...(nextProbeAtMs !== null && { nextProbeAt: new Date(nextProbeAtMs).toISOString() }),
      };
    },
    async stop(graceMs) {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
      const finished = Promise.all([...queues.values()].map(({ queue }) => queue.stop()));
      if (graceMs === undefined) await finished;
      else await Promise.race([finished, sleep(graceMs, undefined, { ref: false })]);
      // Not before: what drains is held until it is through.
      clearInterval(leaseTimer);
    },
  };
}
