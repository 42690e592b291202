import type { Registry as PrometheusRegistry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { type Database, readMigration } from '../db/index.ts';
import type { ExchangeService } from '../exchange/index.ts';
import type { KeyStore } from '../keys/index.ts';
import { type Outbox, readQueueLengths } from '../outbox/index.ts';
import type { Registry } from '../registry/index.ts';
import { addNodeChecks } from './node-checks.ts';
import { watchNode } from './node-gauges.ts';
import type { Readiness } from './readiness.ts';

type PoolCounts = { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number };

/** Lets readiness and metrics look at the rooms of a node, at each probe and each scrape. */
export function observeNode(deps: {
  readiness: Readiness;
  metrics: PrometheusRegistry;
  config: Config;
  clock: Clock;
  db: Database;
  pools: readonly PoolCounts[];
  /** The newest migration of this release. */
  newestMigration: number;
  keys: KeyStore;
  registry: Registry;
  outbox: Outbox;
  exchange: ExchangeService;
}): void {
  const { readiness, metrics, config, clock, db, pools, keys, registry, outbox, exchange } = deps;
  const sum = (count: (pool: PoolCounts) => number) => pools.reduce((total, pool) => total + count(pool), 0);
  addNodeChecks(readiness, {
    askDatabase: () => db.withClient((client) => client.query('select 1')),
    migrations: async () => ({ applied: await readMigration(db), known: deps.newestMigration }),
    readKeys: () => keys.reload(),
    registry: registry.status,
  });
  watchNode(metrics, {
    nowMs: () => clock.nowMs(),
    peers: registry.peers,
    registry: registry.status,
    breaker: outbox.breaker,
    queues: () => readQueueLengths(db),
    bodyMemory: () => ({
      reservedBytes: exchange.memory.reservedBytes,
      limitBytes: config.bodyMemoryBytes,
    }),
    databasePool: () => ({
      total: sum((pool) => pool.totalCount),
      idle: sum((pool) => pool.idleCount),
      waiting: sum((pool) => pool.waitingCount),
      limit: config.databasePoolSize,
    }),
  });
}
