import { type Dispatcher, Pool } from 'undici';
import type { Push } from './pushes.ts';

/** What is sent over and over, one by one. */
export type Shell<T> = {
  /** Undefined where none is left. */
  next(): T | undefined;
  toRequest(shot: T): Dispatcher.DispatchOptions;
  /** One answer: its status, or 0 where the connection broke. */
  answered(shot: T, status: number): void;
};

export type Target = { origin: string; connections: number };

const EXCHANGES = '/federation/v1/exchanges';
/** An answer that takes longer than this counts as none. */
const ANSWER_TIMEOUT_MS = 30_000;
const BROKEN_PAUSE_MS = 100;

function createPool({ origin, connections }: Target): Pool {
  return new Pool(origin, {
    connections,
    pipelining: 1,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
}

export function pushRequest(push: Push): Dispatcher.DispatchOptions {
  return {
    method: 'PUT',
    path: `${EXCHANGES}/${push.jti}`,
    headers: { 'ivx-envelope': push.envelope, 'content-type': 'application/ivx-exchange' },
    body: Buffer.concat([push.manifest, push.content]),
  };
}

/** Below undici's `request`: what the load generator saves, the processes it measures get. */
function send(pool: Pool, request: Dispatcher.DispatchOptions): Promise<number> {
  return new Promise((resolve) => {
    let status = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData() {},
      onResponseEnd: () => resolve(status),
      onResponseError: () => resolve(0),
    };
    pool.dispatch(request, handler);
  });
}

/**
 * Closed loop: each connection sends the next one as soon as the last one was answered, for `forMs` or until none is
 * left. Resolves with the milliseconds from the first request to the last answer.
 */
export async function fireClosedLoop<T>(
  target: Target,
  { next, toRequest, answered }: Shell<T>,
  forMs: number,
): Promise<number> {
  const pool = createPool(target);
  const startMs = performance.now();
  const untilMs = startMs + forMs;
  async function connection(): Promise<void> {
    while (performance.now() < untilMs) {
      const shot = next();
      if (shot === undefined) return;
      const status = await send(pool, toRequest(shot));
      answered(shot, status);
      // Whoever is down would otherwise be offered the whole stock within a second.
      if (status === 0 || status === 503)
        await new Promise((resolve) => setTimeout(resolve, BROKEN_PAUSE_MS));
    }
  }
  await Promise.all(Array.from({ length: target.connections }, connection));
  const elapsedMs = performance.now() - startMs;
  await pool.close();
  return elapsedMs;
}

/**
 * Open loop: one is due every 1/`ratePerS` whether or not earlier ones were answered, and its latency counts from
 * when it was due, so that a stall is felt by all that should have been sent during it. Resolves with the latencies.
 */
export async function fireOpenLoop<T>(
  target: Target,
  { next, toRequest, answered }: Shell<T>,
  plan: { forMs: number; ratePerS: number },
): Promise<number[]> {
  const pool = createPool(target);
  const total = Math.floor((plan.forMs * plan.ratePerS) / 1000);
  const everyMs = 1000 / plan.ratePerS;
  const latenciesMs: number[] = [];
  const sent: Promise<void>[] = [];
  const startMs = performance.now();
  while (sent.length < total) {
    const dueMs = startMs + sent.length * everyMs;
    if (dueMs > performance.now()) {
      // Timers are no finer than a millisecond, and what one is late counts as latency. To spin instead would take a
      // whole core from those that are measured.
      await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    const shot = next();
    if (shot === undefined) break;
    sent.push(
      send(pool, toRequest(shot)).then((status) => {
        latenciesMs.push(performance.now() - dueMs);
        answered(shot, status);
      }),
    );
  }
  await Promise.all(sent);
  await pool.close();
  return latenciesMs;
}
