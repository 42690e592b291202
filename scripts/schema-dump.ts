// Writes migrations/schema.txt: the schema that the migrations make, as a reviewer reads it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/db/embedded/index.ts';
import { migrate } from '../src/db/migrate.ts';
import { dumpSchema } from '../src/db/schema-dump.ts';

const migrations = path.join(import.meta.dirname, '..', 'migrations');
const dataDir = await mkdtemp(path.join(tmpdir(), 'intervault-schema-'));
try {
  const server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' }, log: () => {} });
  const pool = new pg.Pool({ connectionString: server.url });
  // The server is stopped under its idle connections.
  pool.on('error', () => {});
  try {
    await migrate(pool, migrations);
    await writeFile(path.join(migrations, 'schema.txt'), await dumpSchema(pool));
  } finally {
    await pool.end();
    await server.stop();
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
