import type { Config } from '../../config.ts';
import {
  type Connection,
  createDatabase,
  createPools,
  type DatabaseInspection,
  findEmbeddedPostgres,
  inspectDatabase,
  newestMigration,
} from '../../db/index.ts';
import type { KeyStore } from '../../keys/index.ts';
import { findMissingKeys } from '../../registry/index.ts';
import { formatBytes, formatDifference } from '../output.ts';
import { clockFinding, type Finding, failed, messageOf, ok, skipped, warning } from './finding.ts';

const OLDEST_SERVER = 150_000;
const CONNECTIONS_WARN_SHARE = 0.9;

export async function checkDatabase(
  config: Config,
  migrationsDir: string,
  keys: KeyStore | undefined,
): Promise<Finding[]> {
  const check = 'database';
  const connection = await connectionOf(config);
  if (connection === undefined) {
    return [skipped(check, 'the embedded PostgreSQL runs only while the node does')];
  }
  let found: DatabaseInspection;
  try {
    found = await inspectDatabase(connection);
  } catch (error) {
    const hint = 'does the server run, is DATABASE_URL right, does the network let this machine through?';
    return [failed(check, `can't be reached: ${messageOf(error)}`, hint)];
  }
  return [
    serverFinding(check, found),
    migrationFinding(found.migration, await newestMigration(migrationsDir)),
    durabilityFinding(found),
    clockFinding('clock', "the database's clock", found.clockDifferenceMs, formatDifference),
    ...(await keyFindings(connection, found, keys)),
  ];
}

async function connectionOf(config: Config): Promise<Connection | undefined> {
  if (config.databaseUrl !== undefined) return { connectionString: config.databaseUrl.reveal() };
  return findEmbeddedPostgres(config.dataDir);
}

function serverFinding(check: string, found: DatabaseInspection): Finding {
  const { used, max } = found.connections;
  const detail = `PostgreSQL ${found.version}, ${formatBytes(found.sizeBytes)}, ${used} of ${max} connections`;
  if (found.versionNumber < OLDEST_SERVER) return failed(check, detail, 'PostgreSQL 15 or later is needed');
  if (used > max * CONNECTIONS_WARN_SHARE) {
    const hint = 'raise max_connections, or lower INTERVAULT_DATABASE_POOL_SIZE on the replicas';
    return warning(check, detail, hint);
  }
  return ok(check, detail);
}

function migrationFinding(applied: number | undefined, known: number): Finding {
  const check = 'migrations';
  if (applied === known) return ok(check, `at ${applied}, as this release has it`);
  if ((applied ?? 0) > known) {
    const detail = `at ${applied}, this release knows ${known}`;
    return failed(
      check,
      detail,
      'run the release that migrated it, or a later one: migrations only go forward',
    );
  }
  const detail = applied === undefined ? 'none applied yet' : `at ${applied}, this release has ${known}`;
  return warning(check, detail, 'intervault migrate, or start the node, which does it too');
}

function durabilityFinding({ settings }: DatabaseInspection): Finding {
  const check = 'durability';
  const off = Object.entries(settings).filter(([, value]) => value === 'off');
  if (off.length === 0) return ok(check, 'fsync, full_page_writes and synchronous_commit are on');
  const names = off.map(([name]) => name).join(', ');
  return failed(
    check,
    `${names} off`,
    'turn it on: a receipt promises that what it acknowledges survives a crash',
  );
}

/** Whether this data directory has the keys that the database was made with. */
async function keyFindings(
  connection: Connection,
  found: DatabaseInspection,
  keys: KeyStore | undefined,
): Promise<Finding[]> {
  if (keys === undefined || found.migration === undefined) return [];
  const check = 'keys in use';
  const db = createDatabase(createPools({ connection, size: 1 }));
  try {
    const missing = await findMissingKeys(db.read, keys);
    if (missing.length === 0) return [ok(check, 'every key the database names is here')];
    return [
      failed(
        check,
        `missing here: ${missing.join(', ')}`,
        'restore the key directory of this node; never start with new keys',
      ),
    ];
  } catch (error) {
    return [skipped(check, messageOf(error))];
  } finally {
    await db.close();
  }
}
