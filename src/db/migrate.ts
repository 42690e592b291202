import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { startupError } from './startup-error.ts';

export type MigrateResult = {
  /** Names of the files applied now, in order. */
  applied: string[];
  /** Of the database, after. */
  version: number;
};

type MigrationFile = { version: number; name: string; sql: string; sha256: string };

/** Any number serves that no other program takes as its advisory lock in this database. */
const LOCK_KEY = 4_931_770_001;

/**
 * Brings the database to the newest migration of `dir` (`0001-name.sql`, numbered without gaps, forward only),
 * each in a transaction of its own. Replicas that start at once wait for each other. Needs a session: not
 * through a proxy that pools by transaction. Fails with a {@link StartupError}: `db.newer_than_node`,
 * `db.migration_changed`, `db.migration_failed` or `db.migration_files`.
 */
export async function migrate(pool: pg.Pool, dir: string): Promise<MigrateResult> {
  const files = await readMigrations(dir);
  const client = await pool.connect();
  try {
    // The pool's limits are made for requests, not for building an index or waiting for another replica.
    await client.query('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [LOCK_KEY]);
    return await applyMissing(client, files);
  } finally {
    // Closing the session gives back the lock and the settings, whatever state it is in.
    client.release(true);
  }
}

async function readMigrations(dir: string): Promise<MigrationFile[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  const files: MigrationFile[] = [];
  for (const [index, name] of names.entries()) {
    const version = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1]);
    if (version !== index + 1) {
      throw startupError(
        'db.migration_files',
        `${path.join(dir, name)} is not the migration number ${index + 1}`,
        'Name migrations 0001-what-it-does.sql, numbered without gaps.',
      );
    }
    // A checkout that rewrites line endings must not look like a changed file.
    const sql = (await readFile(path.join(dir, name), 'utf8')).replaceAll('\r\n', '\n');
    files.push({ version, name, sql, sha256: createHash('sha256').update(sql).digest('hex') });
  }
  if (files.length === 0) {
    throw startupError('db.migration_files', `there is no migration in ${dir}`, 'Reinstall the package.');
  }
  return files;
}

async function applyMissing(client: pg.PoolClient, files: readonly MigrationFile[]): Promise<MigrateResult> {
  await client.query(`
    create table if not exists schema_migrations (
      version int primary key,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null default now()
    )`);
  const { rows } = await client.query<{ version: number; name: string; sha256: string }>(
    'select version, name, sha256 from schema_migrations order by version',
  );
  for (const row of rows) {
    const file = files[row.version - 1];
    if (file === undefined) {
      throw startupError(
        'db.newer_than_node',
        `the database is at migration ${rows.at(-1)?.version}, this node knows ${files.length}`,
        'Run the release that migrated it, or a later one: migrations only go forward.',
      );
    }
    if (file.sha256 !== row.sha256) {
      throw startupError(
        'db.migration_changed',
        `${file.name} differs from the ${row.name} that was applied to the database`,
        'Restore the file as it was released, and put what it should do now in a new migration.',
      );
    }
  }
  const applied: string[] = [];
  for (const file of files.slice(rows.length)) {
    await applyOne(client, file);
    applied.push(file.name);
  }
  return { applied, version: files.length };
}

async function applyOne(client: pg.PoolClient, file: MigrationFile): Promise<void> {
  try {
    await client.query('begin');
    await client.query(file.sql);
    await client.query('insert into schema_migrations (version, name, sha256) values ($1, $2, $3)', [
      file.version,
      file.name,
      file.sha256,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw startupError(
      'db.migration_failed',
      `${file.name} failed: ${error instanceof Error ? error.message : String(error)}`,
      'Nothing of it was kept. The database user must own the schema; mend the cause and start again.',
      error,
    );
  }
}
