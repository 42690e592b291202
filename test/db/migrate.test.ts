import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { tempDir } from '../support/temp-dir.ts';

const FIRST = 'create table first (a int);\ninsert into first values (1);\n';
const SECOND = 'alter table first add b int not null default 2;\ncreate table second (a int);\n';

// An empty database for each test; the run's template has this project's own migrations.
const server = await startEmbeddedPostgres({
  dataDir: await tempDir(t),
  settings: { fsync: 'off' },
  log: () => {},
});
t.teardown(() => server.stop());
let databases = 0;

async function emptyDatabase(t: Test): Promise<() => pg.Pool> {
  const admin = new pg.Client(server.connection);
  await admin.connect();
  const database = `migrate_${++databases}`;
  await admin.query(`create database ${database}`).finally(() => admin.end());
  return () => {
    const pool = new pg.Pool({ ...server.connection, database, max: 2, statement_timeout: 500 });
    pool.on('error', () => {});
    t.teardown(() => pool.end());
    return pool;
  };
}

t.test('applies what is missing, in order, once', async (t) => {
  const pool = (await emptyDatabase(t))();
  const dir = t.testdir({ '0001-first.sql': FIRST, 'schema.txt': 'not a migration' });
  t.strictSame(await migrate(pool, dir), { applied: ['0001-first.sql'], version: 1 });
  await writeFile(path.join(dir, '0002-second.sql'), SECOND);
  t.strictSame(await migrate(pool, dir), { applied: ['0002-second.sql'], version: 2 });
  t.strictSame(await migrate(pool, dir), { applied: [], version: 2 });
  t.strictSame((await pool.query('select a, b from first')).rows, [{ a: 1, b: 2 }]);
  const { rows } = await pool.query(
    'select version, name, length(sha256) as hex, applied_at from schema_migrations',
  );
  t.match(rows, [
    { version: 1, name: '0001-first.sql', hex: 64, applied_at: Date },
    { version: 2, name: '0002-second.sql', hex: 64, applied_at: Date },
  ]);
});

t.test('several replicas at once, one of them slow', async (t) => {
  const pool = await emptyDatabase(t);
  // Longer than the pool's statement timeout, which must not apply to a migration nor to waiting for one.
  const dir = t.testdir({ '0001-first.sql': `${FIRST}select pg_sleep(1);\n`, '0002-second.sql': SECOND });
  const results = await Promise.all([1, 2, 3, 4].map(() => migrate(pool(), dir)));
  t.strictSame(results.flatMap((result) => result.applied).sort(), ['0001-first.sql', '0002-second.sql']);
  t.ok(results.every((result) => result.version === 2));
});

t.test('a failed migration leaves nothing of itself, and what came before it', async (t) => {
  const pool = (await emptyDatabase(t))();
  const dir = t.testdir({ '0001-first.sql': FIRST, '0002-second.sql': `${SECOND}select 1 / 0;\n` });
  await t.rejects(migrate(pool, dir), {
    code: 'db.migration_failed',
    message: /0002-second.*division/,
    hint: String,
  });
  t.match((await pool.query('select max(version) as version from schema_migrations')).rows, [{ version: 1 }]);
  t.match((await pool.query("select to_regclass('second') as found")).rows, [{ found: null }]);
  await writeFile(path.join(dir, '0002-second.sql'), SECOND);
  t.strictSame(await migrate(pool, dir), { applied: ['0002-second.sql'], version: 2 });
});

t.test('a database newer than the node is refused', async (t) => {
  const pool = (await emptyDatabase(t))();
  const dir = t.testdir({ '0001-first.sql': FIRST, '0002-second.sql': SECOND });
  await migrate(pool, dir);
  await rm(path.join(dir, '0002-second.sql'));
  await t.rejects(migrate(pool, dir), { code: 'db.newer_than_node', message: /at migration 2.*knows 1/ });
});

t.test('an applied file that changed is refused, unless only its line endings did', async (t) => {
  const pool = (await emptyDatabase(t))();
  const dir = t.testdir({ '0001-first.sql': FIRST });
  await migrate(pool, dir);
  await writeFile(path.join(dir, '0001-first.sql'), FIRST.replaceAll('\n', '\r\n'));
  await writeFile(path.join(dir, '0002-second.sql'), SECOND);
  t.equal((await migrate(pool, dir)).version, 2);
  await writeFile(path.join(dir, '0001-first.sql'), `${FIRST}-- and one more thing\n`);
  await t.rejects(migrate(pool, dir), {
    code: 'db.migration_changed',
    message: /0001-first/,
    hint: /new migration/,
  });
});

t.test('gaps, doubles and strange names are refused before anything is done', async (t) => {
  const pool = (await emptyDatabase(t))();
  for (const names of [
    ['0002-a.sql'],
    ['0001-a.sql', '0003-b.sql'],
    ['0001-a.sql', '0001-b.sql'],
    ['1-a.sql'],
    [],
  ]) {
    const dir = t.testdir(Object.fromEntries(names.map((name) => [name, FIRST])));
    await t.rejects(migrate(pool, dir), { code: 'db.migration_files' }, names.join(' '));
  }
  t.match((await pool.query("select to_regclass('schema_migrations') as found")).rows, [{ found: null }]);
});
