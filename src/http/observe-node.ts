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

/** Lets readiness and metrics look at the rooms of a node, at each probe and each scrape. */
export function observeNode(deps: {
  readiness: Readiness;
  metrics: PrometheusRegistry;
  config: Config;
  clock: Clock;
  db: Database;
  pool: { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number };
  /** The newest migration of this release. */
  newestMigration: number;
  keys: KeyStore;
  registry: Registry;
  outbox: Outbox;
  exchange: ExchangeService;
}): void {
  const { readiness, metrics, config, clock, db, pool, keys, registry, outbox, exchange } = deps;
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
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      limit: config.databasePoolSize,
    }),
  });
}
