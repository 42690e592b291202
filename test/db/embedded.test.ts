import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import t, { type Test } from 'tap';
import { makeLibraryLinks } from '../../src/db/embedded/binaries.ts';
import { type EmbeddedPostgres, lockDataDir, startEmbeddedPostgres } from '../../src/db/embedded/index.ts';
import { isAlive, startToken } from '../../src/db/embedded/process-identity.ts';
import { tempDir } from '../support/temp-dir.ts';

const isRoot = process.geteuid?.() === 0;
const hasProc = process.platform === 'linux';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return (await client.query(sql).finally(() => client.end())).rows;
}

async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs; await sleep(30)) {
    if (await holds()) return;
  }
  throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
}

async function start(
  t: Test,
  dataDir: string,
  log: (line: string) => void = () => {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log });
  t.teardown(() => server.stop());
  return server;
}

// Made once: a cluster is sooner copied than made.
const template = await tempDir(t);
await (await startEmbeddedPostgres({ dataDir: template, log: () => {} })).stop();

/** A data directory as a node that was stopped leaves it. */
async function usedDir(t: Test): Promise<string> {
  const dataDir = await tempDir(t);
  await cp(template, dataDir, { recursive: true });
  return dataDir;
}

type Event = { pid?: number; host?: string; url?: string; code?: string; hint?: string; drained?: number };

/** Another node process that owns the folder; `next` resolves with the next thing it tells. */
function startOwner(t: Test, dataDir: string, env: NodeJS.ProcessEnv = {}, nodeArgs: string[] = []) {
  const script = path.join(import.meta.dirname, '..', 'support', 'embedded-owner.ts');
  const child: ChildProcess = spawn(process.execPath, [...nodeArgs, script, dataDir], {
    // Tap's own loader, told by NODE_OPTIONS, has no business in it.
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const lines = readline
    .createInterface({ input: child.stdout as NodeJS.ReadableStream })
    [Symbol.asyncIterator]();
  t.teardown(() => child.kill('SIGKILL'));
  return {
    pid: child.pid ?? 0,
    async next(): Promise<Event> {
      const line = await lines.next();
      if (line.done) throw new Error('the owner ended without a word');
      return JSON.parse(line.value);
    },
    async kill(): Promise<void> {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

t.test('starts durable, on a socket only, and stops without a trace', async (t) => {
  const dataDir = path.join(await tempDir(t), 'data');
  const server = await start(t, dataDir);
  const settings = await query(
    server.url,
    `select name, setting from pg_settings
     where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'max_connections')`,
  );
  t.strictSame(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
    fsync: 'on',
    full_page_writes: 'on',
    listen_addresses: '',
    max_connections: '100',
    synchronous_commit: 'on',
  });
  t.match(await query(server.url, 'select current_database() as name'), [{ name: 'intervault' }]);
  const client = new pg.Client(server.connection);
  await client.connect();
  await client.end();
  t.equal((await stat(dataDir)).mode & 0o777, 0o700);
  t.equal((await stat(server.connection.host)).mode & 0o777, 0o700);
  await query(server.url, 'create table kept (a int)');

  const pid = server.pid();
  t.ok(isAlive(pid));
  await server.stop();
  t.notOk(isAlive(pid));
  t.equal(server.pid(), 0);
  t.notOk(existsSync(server.connection.host));
  t.strictSame(await readdir(path.join(dataDir, 'postgres.lock')), []);
  t.resolves(server.stop(), 'may be stopped again');

  const again = await start(t, dataDir);
  t.match(await query(again.url, 'select count(*)::int as rows from kept'), [{ rows: 0 }]);
});

t.test('does not log the values of a failed statement', async (t) => {
  const lines: string[] = [];
  const server = await start(t, await usedDir(t), (line) => lines.push(line));
  await query(server.url, 'create table once (name text primary key)');
  await query(server.url, "insert into once values ('Camille Durand')");
  await t.rejects(query(server.url, "insert into once values ('Camille Durand')"), { code: '23505' });
  await server.stop();
  t.match(lines.join('\n'), /ready to accept connections/);
  t.notMatch(lines.join('\n'), /Camille/);
  t.notMatch(lines.join('\n'), /FATAL/, 'an ordinary start and stop alarms nobody');
});

t.test('a PostgreSQL that is killed is started again, with all it had committed', async (t) => {
  const server = await start(t, await usedDir(t));
  await query(server.url, 'create table kept (a int)');
  for (const round of [1, 2]) {
    await query(server.url, `insert into kept values (${round})`);
    const killed = server.pid();
    process.kill(killed, 'SIGKILL');
    await until('restarted', () => server.pid() !== 0 && server.pid() !== killed);
    await until('answers', () =>
      query(server.url, 'select 1').then(
        () => true,
        () => false,
      ),
    );
    t.match(await query(server.url, 'select count(*)::int as rows from kept'), [{ rows: round }]);
  }
});

t.test('stop while it is being restarted', async (t) => {
  const server = await start(t, await usedDir(t));
  const host = server.connection.host;
  process.kill(server.pid(), 'SIGKILL');
  await until('down', () => server.pid() === 0);
  await server.stop();
  t.equal(server.pid(), 0);
  t.notOk(existsSync(host));
});

t.test('SIGKILL of its owner stops PostgreSQL, and the next owner takes over', async (t) => {
  const dataDir = await usedDir(t);
  const owner = startOwner(t, dataDir);
  const { pid = 0, host = '', url = '' } = await owner.next();
  t.ok(isAlive(pid));
  await query(url, 'create table kept (a int)');
  await owner.kill();
  await until('PostgreSQL stopped', () => !isAlive(pid));
  await until('its socket folder removed', () => !existsSync(host));
  const server = await start(t, dataDir);
  t.match(await query(server.url, 'select count(*)::int as rows from kept'), [{ rows: 0 }]);
});

t.test('a left-over PostgreSQL is stopped', { skip: !hasProc && 'needs /proc' }, async (t) => {
  const dataDir = await usedDir(t);
  const owner = startOwner(t, dataDir);
  const { pid = 0, host = '', url = '' } = await owner.next();
  // Whatever else is in the server's process group, and not the server's child, is the watchdog.
  const watchdogs = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const group = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2];
      return (
        Number(group) === pid && /^(da|ba)?sh$|busybox/.test(path.basename(readlinkSync(`/proc/${name}/exe`)))
      );
    } catch {
      return false;
    }
  });
  t.equal(watchdogs.length, 1);
  for (const watchdog of watchdogs) process.kill(Number(watchdog), 'SIGKILL');
  await owner.kill();
  await sleep(300);
  t.ok(isAlive(pid), 'nobody stopped it');
  t.match(await query(url, 'select 1 as one'), [{ one: 1 }]);

  const lines: string[] = [];
  const server = await start(t, dataDir, (line) => lines.push(line));
  t.notOk(isAlive(pid));
  t.not(server.pid(), pid);
  t.notOk(existsSync(host), 'its socket folder is removed');
  t.match(lines.join('\n'), new RegExp(`stopping a left-over PostgreSQL \\(SIGINT to ${pid}\\)`));
});

t.test('a second owner is refused, from this process and from another', async (t) => {
  const dataDir = await usedDir(t);
  const server = await start(t, dataDir);
  const refused = { code: 'db.data_dir_locked', hint: /DATABASE_URL/ };
  await t.rejects(startEmbeddedPostgres({ dataDir, log: () => {} }), refused);
  t.match(await startOwner(t, dataDir).next(), refused);
  t.match(await query(server.url, 'select 1 as one'), [{ one: 1 }], 'the first owner is not disturbed');
  await server.stop();
  await start(t, dataDir);
});

t.test('Ctrl-C reaches the node and not PostgreSQL', async (t) => {
  const owner = startOwner(t, await usedDir(t));
  const { pid = 0 } = await owner.next();
  process.kill(-owner.pid, 'SIGINT');
  t.strictSame(await owner.next(), { drained: 42 });
  t.notOk(isAlive(pid));
});

t.test('an initdb that was interrupted is begun again', async (t) => {
  const remains = await tempDir(t);
  await mkdir(path.join(remains, 'postgres.init-Ab12Cd'));
  await writeFile(path.join(remains, 'postgres.init-Ab12Cd', 'PG_VERSION'), '18\n');
  const server = await start(t, remains);
  t.match(await query(server.url, 'select 1 as one'), [{ one: 1 }]);
  await server.stop();

  const killed = await tempDir(t);
  const owner = startOwner(t, killed);
  const unfinished = () => readdirSync(killed).filter((name) => name.includes('.init'));
  await until('initdb is at work', () =>
    unfinished().some((name) => existsSync(path.join(killed, name, 'global'))),
  );
  await owner.kill();
  t.notOk(existsSync(path.join(killed, 'postgres')));
  await start(t, killed);
  t.strictSame((await readdir(killed)).sort(), ['postgres', 'postgres.lock']);
});

t.test("a postmaster.pid whose number is another program's by now does not prevent the start", async (t) => {
  const dataDir = await usedDir(t);
  const cluster = path.join(dataDir, 'postgres');
  await writeFile(
    path.join(cluster, 'postmaster.pid'),
    `${process.pid}\n${cluster}\n1\n5432\n/tmp\n\n0 0\nready\n`,
  );
  await start(t, dataDir);
});

t.test('the lock', async (t) => {
  t.test('of a dead process, and of one whose pid was reused, is taken over', async (t) => {
    const dataDir = await tempDir(t);
    const child = spawn('true', { stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve));
    await mkdir(path.join(dataDir, 'postgres.lock'));
    await writeFile(path.join(dataDir, 'postgres.lock', `${child.pid}-12_abcdef00-00000000`), '');
    await writeFile(path.join(dataDir, 'postgres.lock', `${process.pid}-12_abcdef00-00000001`), '');
    const lock = await lockDataDir(dataDir);
    const [own, ...others] = await readdir(path.join(dataDir, 'postgres.lock'));
    t.match(own, new RegExp(`^${process.pid}-${startToken(process.pid)}-[0-9a-f]{8}$`));
    t.strictSame(others, []);
    await lock.release();
  });

  t.test('is refused while its owner lives', async (t) => {
    const dataDir = await tempDir(t);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    const pid = child.pid ?? 0;
    await mkdir(path.join(dataDir, 'postgres.lock'));
    await writeFile(path.join(dataDir, 'postgres.lock', `${pid}-${startToken(pid)}-00000000`), '');
    await t.rejects(lockDataDir(dataDir), {
      code: 'db.data_dir_locked',
      message: new RegExp(`process ${pid}$`),
    });
  });

  t.test('never has two owners', async (t) => {
    const folder = await tempDir(t);
    for (let round = 0; round < 4; round++) {
      const dataDir = path.join(folder, String(round));
      const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => lockDataDir(dataDir)));
      const owners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      t.ok(owners.length <= 1, `${owners.length} owners`);
      for (const owner of owners) await owner.value.release();
      t.resolves((await lockDataDir(dataDir)).release(), 'free again');
    }
  });
});

t.test('what is missing is said with a code and a hint', async (t) => {
  const platform = 'data:text/javascript,Object.defineProperty(process,"arch",{value:"sparc"})';
  t.match(await startOwner(t, await tempDir(t), {}, ['--import', platform]).next(), {
    code: 'db.embedded_missing',
    hint: /DATABASE_URL/,
  });

  t.test('no user namespaces', { skip: !isRoot && 'only root needs one' }, async (t) => {
    const dataDir = path.join(await tempDir(t), 'data');
    const owner = startOwner(t, dataDir, { PATH: path.join(path.dirname(dataDir), 'bin') });
    t.match(await owner.next(), { code: 'db.embedded_namespace', hint: /ordinary user/ });
    t.notOk(existsSync(dataDir), 'nothing was made');
  });

  t.test('a cluster of another major version', async (t) => {
    const dataDir = await usedDir(t);
    await writeFile(path.join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
    const failure = { code: 'db.embedded_start', message: /incompatible/, hint: /major version/ };
    await t.rejects(startEmbeddedPostgres({ dataDir, log: () => {} }), failure);
    t.strictSame(await readdir(path.join(dataDir, 'postgres.lock')), [], 'the folder is free again');
  });
});

t.test('library links that the installation left out are made', async (t) => {
  const links = [
    { source: 'native/lib/libx.so.60.2', target: 'native/lib/libx.so.60' },
    { source: 'native/lib/libx.so.60.2', target: 'native/lib/libx.so' },
  ];
  const native = { 'pg-symlinks.json': JSON.stringify(links), lib: { 'libx.so.60.2': 'x' } };
  const root = t.testdir({ native, broken: { native: { 'pg-symlinks.json': JSON.stringify(links) } } });
  await makeLibraryLinks(root, 'x');
  await makeLibraryLinks(root, 'x');
  t.equal(readFileSync(path.join(root, 'native/lib/libx.so.60'), 'utf8'), 'x');
  t.equal(readlinkSync(path.join(root, 'native/lib/libx.so')), 'libx.so.60.2');
  await t.rejects(makeLibraryLinks(path.join(root, 'broken'), 'x'), {
    code: 'db.embedded_missing',
    hint: /npm rebuild/,
  });
});
