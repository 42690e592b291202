import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import {
  createDatabase,
  createPool,
  createPools,
  type Database,
  migrate,
  newestMigration,
  openDatabase,
  type Pools,
} from './db/index.ts';
import { createLogger } from './http/index.ts';

const MIGRATIONS = path.join(import.meta.dirname, '..', 'migrations');

export type NodeDatabase = Readonly<{
  db: Database;
  pools: Pools;
  /** The newest migration of this release. */
  newestMigration: number;
}>;

/** Opens the database and brings it to this version. What closes it is pushed to `stops`, also where a later step fails. */
export async function openNodeDatabase(
  { config, logger }: { config: Config; logger: Logger },
  stops: (() => Promise<unknown>)[],
): Promise<NodeDatabase> {
  const { connection, stop } = await open(config, logger);
  stops.push(stop);
  const pools = createPools({
    connection,
    size: config.databasePoolSize,
    onIdleError: (error) => logger.warn({ err: error }, 'an idle database connection broke'),
  });
  const db = createDatabase(pools);
  stops.push(() => db.close());
  await migrate(pools.statements, MIGRATIONS);
  return { db, pools, newestMigration: await newestMigration(MIGRATIONS) };
}

/** Brings the database to this version, and nothing else. */
export async function migrateDatabase(
  config: Config,
  logger: Logger = createLogger(config.logLevel),
): Promise<{ applied: string[]; version: number }> {
  const { connection, stop } = await open(config, logger);
  try {
    const pool = createPool({ connection, size: 2 });
    try {
      return await migrate(pool, MIGRATIONS);
    } finally {
      await pool.end();
    }
  } finally {
    await stop();
  }
}

function open(config: Config, logger: Logger): ReturnType<typeof openDatabase> {
  return openDatabase(config, (line) => logger.debug({ postgres: line }, 'embedded PostgreSQL'));
}
