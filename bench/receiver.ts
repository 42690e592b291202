import type pg from 'pg';
import type { BenchNode } from './bench-node.ts';
import type { CeilingCommands } from './ceiling.ts';
import type { Bench } from './context.ts';
import type { Fired } from './load.ts';
import type { NaiveCommands } from './naive.ts';
import { cpuUs } from './procfs.ts';

/** Something that takes pushes. */
export type Receiver = {
  readonly name: string;
  readonly origin: string;
  pid(): number;
  /** Rows it has stored for good: one for each push it acknowledged. */
  countRows(): Promise<number>;
};

export type Round = {
  perS: number;
  /** CPU time for each push, microseconds. */
  nodeUs: number;
  postgresUs: number;
};

export const CONNECTIONS = 64;

export async function startCeiling(bench: Bench): Promise<Receiver> {
  const { url, pool } = await bench.store.createDatabase('ceiling');
  const child = await bench.start<CeilingCommands>('ceiling.ts', 'ceiling');
  const origin = await child.ask('start', { databaseUrl: url, jwk: bench.peer.exchangeJwk });
  return { name: 'ceiling', origin, pid: () => child.pid, countRows: () => countOf(pool, 'pushes') };
}

export async function startNaive(bench: Bench, log: boolean): Promise<Receiver> {
  const name = log ? 'naive_log' : 'naive';
  const { url, pool } = await bench.store.createDatabase(name);
  const child = await bench.start<NaiveCommands>('naive.ts');
  const origin = await child.ask('start', { databaseUrl: url, jwk: bench.peer.exchangeJwk, log });
  return { name, origin, pid: () => child.pid, countRows: () => countOf(pool, 'pushes') };
}

export function receiverOf(node: BenchNode): Receiver {
  return {
    name: 'node',
    origin: node.url,
    pid: () => node.child().pid,
    async countRows() {
      const exchanges = await countOf(node.pool, `inbound_exchanges where outcome = 'accepted'`);
      for (const table of ['received_documents', `bodies where state = 'kept'`]) {
        const rows = await countOf(node.pool, table);
        if (rows !== exchanges)
          throw new Error(`${exchanges} accepted exchanges, but ${rows} rows of ${table}`);
      }
      return exchanges;
    },
  };
}

export async function countOf(pool: pg.Pool, from: string): Promise<number> {
  const { rows } = await pool.query(`select count(*)::int as count from ${from}`);
  return rows[0].count;
}

/**
 * One timed round of closed-loop load from the stock. Fails unless every push was acknowledged and exactly as many rows
 * are there.
 */
export async function timedRound(bench: Bench, receiver: Receiver, seconds: number): Promise<Round> {
  const { load } = bench;
  const rowsBefore = await receiver.countRows();
  const { fired, round } = await measured(bench, receiver, () =>
    load.ask('fire', {
      origin: receiver.origin,
      cursor: receiver.name,
      seconds,
      connections: CONNECTIONS,
    }),
  );
  checkFired(receiver, fired, (await receiver.countRows()) - rowsBefore);
  return round;
}

/** What was fired, and what each acknowledged one cost the process that took it, and PostgreSQL. */
export async function measured(
  { store }: Bench,
  { pid }: Pick<Receiver, 'pid'>,
  fire: () => Promise<Fired>,
): Promise<{ fired: Fired; round: Round }> {
  await store.checkpoint();
  const nodeBefore = cpuUs(pid());
  const storeBefore = store.cpuUs();
  const fired = await fire();
  const nodeUsed = cpuUs(pid()) - nodeBefore;
  const storeUsed = store.cpuUs() - storeBefore;
  const round = {
    perS: (fired.acknowledged * 1000) / fired.elapsedMs,
    nodeUs: nodeUsed / fired.acknowledged,
    postgresUs: storeUsed / fired.acknowledged,
  };
  return { fired, round };
}

export function checkFired(receiver: Receiver, fired: Fired, rows: number): void {
  checkAnswers(receiver, fired);
  if (rows !== fired.acknowledged) {
    throw new Error(`${receiver.name}: ${fired.acknowledged} acknowledgements, but ${rows} rows`);
  }
}

export function checkAnswers({ name }: Pick<Receiver, 'name'>, { acknowledged, others }: Fired): void {
  if (Object.keys(others).length > 0) {
    throw new Error(`${name}: answers other than 2xx: ${JSON.stringify(others)}`);
  }
  if (acknowledged === 0) throw new Error(`${name}: nothing was acknowledged`);
}
