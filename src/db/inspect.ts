import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from './database.ts';
import { DATABASE_USER } from './embedded/cluster.ts';
import { isAlive } from './embedded/process-identity.ts';
import { type Connection, createPool } from './pool.ts';

/** What an operator should know of a database before, or while, a node uses it. */
export type DatabaseInspection = {
  /** "18.4". */
  version: string;
  /** As PostgreSQL counts: 180004. */
  versionNumber: number;
  /** Of the newest migration applied; undefined where there is none yet. */
  migration: number | undefined;
  settings: { fsync: string; full_page_writes: string; synchronous_commit: string };
  /** Its clock less ours, milliseconds. */
  clockDifferenceMs: number;
  sizeBytes: number;
  connections: { used: number; max: number };
};

/** Connects for this one look. Rejects with the driver's error where that fails. */
export async function inspectDatabase(connection: Connection): Promise<DatabaseInspection> {
  const pool = createPool({ connection, size: 1 });
  try {
    // Warm, so that what is measured next is one way and back.
    await pool.query('select 1');
    const askedMs = Date.now();
    const clock = await pool.query<{ now_ms: number }>(
      'select extract(epoch from clock_timestamp()) * 1000 as now_ms',
    );
    const answeredMs = Date.now();
    const { rows } = await pool.query(
      `select
         current_setting('server_version') as version,
         current_setting('server_version_num')::int as version_number,
         current_setting('fsync') as fsync,
         current_setting('full_page_writes') as full_page_writes,
         current_setting('synchronous_commit') as synchronous_commit,
         current_setting('max_connections')::int as max_connections,
         (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
         pg_database_size(current_database()) as size_bytes,
         to_regclass('schema_migrations') is not null as migrated`,
    );
    const [row] = rows;
    return {
      version: String(row.version).split(' ')[0] ?? '',
      versionNumber: row.version_number,
      migration: row.migrated === true ? await newestApplied(pool) : undefined,
      settings: {
        fsync: row.fsync,
        full_page_writes: row.full_page_writes,
        synchronous_commit: row.synchronous_commit,
      },
      clockDifferenceMs: Math.round(Number(clock.rows[0]?.now_ms) - (askedMs + answeredMs) / 2),
      sizeBytes: row.size_bytes,
      connections: { used: row.used, max: row.max_connections },
    };
  } finally {
    await pool.end();
  }
}

async function newestApplied(pool: ReturnType<typeof createPool>): Promise<number | undefined> {
  const { rows } = await pool.query<{ version: number | null }>(
    'select max(version) as version from schema_migrations',
  );
  return rows[0]?.version ?? undefined;
}

/** The newest migration a database has; undefined where there is none. */
export async function readMigration(db: Database): Promise<number | undefined> {
  const { rows } = await db.withClient((client) =>
    client.query<{ version: number | null }>('select max(version) as version from schema_migrations'),
  );
  return rows[0]?.version ?? undefined;
}

/** The number of the newest migration of a release. */
export async function newestMigration(dir: string): Promise<number> {
  return (await readdir(dir)).filter((name) => name.endsWith('.sql')).length;
}

/** Where the embedded server of a data directory listens, while it runs. */
export async function findEmbeddedPostgres(dataDir: string): Promise<Connection | undefined> {
  let lines: string[];
  try {
    lines = (await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
  } catch {
    return undefined;
  }
  const [pid, , , port, host] = lines;
  if (host === undefined || host === '' || !isAlive(Number(pid))) return undefined;
  return { host, port: Number(port), user: DATABASE_USER, database: 'intervault' };
}
