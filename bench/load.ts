// Run as a process of its own: the load generator, and the peer in whose name it pushes. Everything is signed before a
// timed round begins.
import { fireClosedLoop, fireOpenLoop, pushRequest, type Shell } from './fire.ts';
import type { Expected } from './peer-words.ts';
import { makePushes, type Push, type PushPlan } from './pushes.ts';
import { serveCommands } from './serve.ts';
import { type MessagePlan, makeMessages } from './slots/messages.ts';
import { quantile } from './statistics.ts';
import { startSyntheticPeer } from './synthetic-peer.ts';

/** What a timed round gave. */
export type Fired = {
  /** Answers with a status of 2xx. */
  acknowledged: number;
  /** How often each other status came; 0 is a connection that broke. */
  others: Record<string, number>;
  elapsedMs: number;
};

/** And its latencies, from when each was due. */
export type Paced = Fired & { p50Ms: number; p99Ms: number };

export type Shot = {
  origin: string;
  /** Pushes are taken from the stock in order, by each cursor from where it stopped: one stock serves several targets. */
  cursor: string;
  seconds: number;
  connections: number;
};

/** Reads of one path after the other, over and over. */
export type Reads = Omit<Shot, 'cursor'> & { paths: readonly string[]; token: string | undefined };

const peer = await startSyntheticPeer();
const signing = { signer: peer.keys.signer, inc: peer.keys.nowS };
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

/** Whether it was acknowledged. */
function tally(fired: Fired, status: number): boolean {
  const acknowledged = status >= 200 && status < 300;
  if (acknowledged) fired.acknowledged++;
  else fired.others[status] = (fired.others[status] ?? 0) + 1;
  return acknowledged;
}

function pushesOf(next: () => Push | undefined, fired: Fired, keepIds = false): Shell<Push> {
  return {
    next,
    toRequest: pushRequest,
    answered({ jti }, status) {
      const acknowledged = tally(fired, status);
      if (keepIds) (acknowledged ? ids.acknowledged : ids.open).push(jti);
    },
  };
}

function readsOf({ paths, token }: Reads, fired: Fired): Shell<string> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let begun = 0;
  return {
    next: () => paths[begun++ % paths.length],
    toRequest: (path) => ({ method: 'GET', path, headers }),
    answered: (_path, status) => {
      tally(fired, status);
    },
  };
}

const nothingFired = (): Fired => ({ acknowledged: 0, others: {}, elapsedMs: 0 });

async function paced<T>(shot: Omit<Shot, 'cursor'> & { ratePerS: number }, shell: Shell<T>) {
  const latenciesMs = await fireOpenLoop(shot, shell, {
    forMs: shot.seconds * 1000,
    ratePerS: shot.ratePerS,
  });
  return { p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99) };
}

const commands = {
  self: () => ({ entityId: peer.entityId, pin: peer.pin, exchangeJwk: peer.exchangeJwk }),
  /** Replaces the stock; all cursors begin anew. */
  async prepare(plan: PushPlan): Promise<void> {
    stock = [];
    cursors.clear();
    stock = await makePushes(plan, { entityId: peer.entityId, ...signing });
  },
  /** The same with messages of guests; see `addGuests`. */
  async prepareMessages(plan: MessagePlan): Promise<void> {
    stock = [];
    cursors.clear();
    stock = await makeMessages(plan, signing);
  },
  addGuests: (count: number) => peer.addGuests(count),
  /** Closed loop. `keepIds` remembers which pushes were acknowledged; see `takeIds`. */
  async fire(shot: Shot & { keepIds?: boolean }): Promise<Fired> {
    const fired = nothingFired();
    halted = false;
    const shell = pushesOf(takeFrom(shot.cursor), fired, shot.keepIds);
    fired.elapsedMs = await fireClosedLoop(shot, shell, shot.seconds * 1000);
    return fired;
  },
  async fireReads(reads: Reads): Promise<Fired> {
    const fired = nothingFired();
    fired.elapsedMs = await fireClosedLoop(reads, readsOf(reads, fired), reads.seconds * 1000);
    return fired;
  },
  /** Open loop at a fixed rate. */
  async pace(shot: Shot & { ratePerS: number }): Promise<Paced> {
    const fired = { ...nothingFired(), elapsedMs: shot.seconds * 1000 };
    halted = false;
    const latencies = await paced(shot, pushesOf(takeFrom(shot.cursor), fired));
    return { ...fired, ...latencies };
  },
  async paceReads(reads: Reads & { ratePerS: number }): Promise<Paced> {
    const fired = { ...nothingFired(), elapsedMs: reads.seconds * 1000 };
    const latencies = await paced(reads, readsOf(reads, fired));
    return { ...fired, ...latencies };
  },
  /** Sends what was not acknowledged once more; the same bytes. */
  async again(shot: Shot & { jtis: string[] }): Promise<Fired> {
    const wanted = new Set(shot.jtis);
    const open = stock.filter((push) => wanted.has(push.jti)).values();
    const fired = nothingFired();
    fired.elapsedMs = await fireClosedLoop(
      shot,
      pushesOf(() => open.next().value, fired),
      shot.seconds * 1000,
    );
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
