// Run as a process of its own: the load generator, and the peer in whose name it pushes. Everything is signed before a
// timed round begins.
import { fireClosedLoop, fireOpenLoop } from './fire.ts';
import { makePushes, type Push, type PushPlan } from './pushes.ts';
import { serveCommands } from './serve.ts';
import { quantile } from './statistics.ts';
import { type Expected, startSyntheticPeer } from './synthetic-peer.ts';

/** What a timed round gave. */
export type Fired = {
  /** Answers with a status of 2xx. */
  acknowledged: number;
  /** How often each other status came; 0 is a connection that broke. */
  others: Record<string, number>;
  elapsedMs: number;
};

export type Shot = {
  origin: string;
  /** Pushes are taken from the stock in order, by each cursor from where it stopped: one stock serves several targets. */
  cursor: string;
  seconds: number;
  connections: number;
};

const peer = await startSyntheticPeer();
let stock: Push[] = [];
const cursors = new Map<string, number>();
let ids: { acknowledged: string[]; open: string[] } = { acknowledged: [], open: [] };

let halted = false;

function takeFrom(cursor: string): () => Push | undefined {
  return () => {
    if (halted) return undefined;
    const at = cursors.get(cursor) ?? 0;
    cursors.set(cursor, at + 1);
    return stock[at];
  };
}

function tally(fired: Fired, keepIds: boolean) {
  return (push: Push, status: number) => {
    const acknowledged = status >= 200 && status < 300;
    if (acknowledged) fired.acknowledged++;
    else fired.others[status] = (fired.others[status] ?? 0) + 1;
    if (keepIds) (acknowledged ? ids.acknowledged : ids.open).push(push.jti);
  };
}

const commands = {
  self: () => ({ entityId: peer.entityId, pin: peer.pin, exchangeJwk: peer.exchangeJwk }),
  /** Replaces the stock; all cursors begin anew. */
  async prepare(plan: PushPlan): Promise<void> {
    stock = [];
    cursors.clear();
    stock = await makePushes(plan, peer);
  },
  /** Closed loop. `keepIds` remembers which pushes were acknowledged; see `takeIds`. */
  async fire(shot: Shot & { keepIds?: boolean }): Promise<Fired> {
    const fired: Fired = { acknowledged: 0, others: {}, elapsedMs: 0 };
    halted = false;
    const answered = tally(fired, shot.keepIds === true);
    fired.elapsedMs = await fireClosedLoop(shot, takeFrom(shot.cursor), shot.seconds * 1000, answered);
    return fired;
  },
  /** Open loop at a fixed rate. */
  async pace(shot: Shot & { ratePerS: number }): Promise<Fired & { p50Ms: number; p99Ms: number }> {
    const fired: Fired = { acknowledged: 0, others: {}, elapsedMs: shot.seconds * 1000 };
    const plan = { forMs: shot.seconds * 1000, ratePerS: shot.ratePerS };
    const latenciesMs = await fireOpenLoop(shot, takeFrom(shot.cursor), plan, tally(fired, false));
    return { ...fired, p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99) };
  },
  /** Sends what was not acknowledged once more; the same bytes. */
  async again(shot: Shot & { jtis: string[] }): Promise<Fired> {
    const wanted = new Set(shot.jtis);
    const open = stock.filter((push) => wanted.has(push.jti)).values();
    const fired: Fired = { acknowledged: 0, others: {}, elapsedMs: 0 };
    const next = () => open.next().value;
    fired.elapsedMs = await fireClosedLoop(shot, next, shot.seconds * 1000, tally(fired, false));
    return fired;
  },
  /** Of the pushes whose ids are kept, those acknowledged so far. */
  acknowledged: () => ids.acknowledged.length,
  /** Ends a closed loop before its time, once what is under way was answered. */
  halt() {
    halted = true;
  },
  /** Ids of pushes sent since the last call. */
  takeIds() {
    const taken = ids;
    ids = { acknowledged: [], open: [] };
    return taken;
  },
  expect: ({ iss, exchanges }: { iss: string; exchanges: Expected[] }) => peer.expect(iss, exchanges),
  takeAnswered: () => peer.takeAnswered(),
};
export type LoadCommands = typeof commands;

serveCommands(commands, () => peer.close());
