import { mkdir, realpath, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries } from './binaries.ts';
import { DATABASE_USER, ensureCluster } from './cluster.ts';
import type { Launched } from './launch.ts';
import { findLauncher } from './launcher.ts';
import { clearLeftovers } from './leftovers.ts';
import { lockDataDir } from './lock.ts';
import { adminClient, launchServer, type ServerOptions, untilReady } from './server.ts';
import { makeSocketDir, SOCKET_PORT } from './socket-dir.ts';

export type EmbeddedPostgresOptions = {
  /** Made if absent, 0700. The cluster is its `postgres` folder, beside the lock `postgres.lock`. */
  dataDir: string;
  /** Server settings over the durable defaults. Switching fsync off is for tests. */
  settings?: Readonly<Record<string, string>>;
  /** Told what the supervisor does and what the server logs, without the values of any statement. */
  log: (line: string) => void;
};

export type EmbeddedPostgres = {
  /** What `pg` takes; `host` is the folder of the Unix socket. It stays the same when the server is restarted. */
  readonly connection: { host: string; port: number; user: string; database: string };
  /** The same as a URL that `pg` and libpq understand (the WHATWG parser does not). */
  readonly url: string;
  /** Ends open connections, stops the server, releases the data directory. May be called again. */
  stop(): Promise<void>;
  /** Of the server now running; 0 while it is being restarted or once it is stopped. */
  pid(): number;
};

const DATABASE = 'intervault';

const RESTART_BASE_MS = 100;
const RESTART_CAP_MS = 10_000;
/** A server that ran this long without dying has earned a quick restart again. */
const STABLE_AFTER_MS = 60_000;

const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 60_000 },
  { signal: 'SIGQUIT', waitMs: 10_000 },
  { signal: 'SIGKILL', waitMs: 10_000 },
] as const;

/**
 * Starts a durable PostgreSQL in `dataDir` and keeps it running until `stop`: one that dies is started again. It
 * can't outlive this process. Fails with a {@link StartupError}: `db.embedded_missing`,
 * `db.embedded_namespace`, `db.data_dir_locked` or `db.embedded_start`.
 */
export async function startEmbeddedPostgres(given: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = given;
  const binaries = await findBinaries();
  const launcher = findLauncher();
  await mkdir(given.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(given.dataDir);
  const lock = await lockDataDir(dataDir);
  let socketDir = '';
  let server: Launched | undefined;
  const stopping = new AbortController();

  async function startServer(options: ServerOptions): Promise<Launched> {
    await clearLeftovers(options.clusterDir, options.socketDir, log);
    stopping.signal.throwIfAborted();
    server = launchServer(options);
    await untilReady(server, options);
    return server;
  }

  async function shutDown(): Promise<void> {
    if (server !== undefined) await end(server, log);
    if (socketDir !== '') await rm(socketDir, { recursive: true, force: true });
    await lock.release();
  }

  try {
    const clusterDir = await ensureCluster(dataDir, binaries, launcher, log);
    socketDir = await makeSocketDir();
    const options = { binaries, launcher, clusterDir, socketDir, settings: given.settings ?? {}, log };
    const first = await startServer(options);
    await ensureDatabase(socketDir);
    const supervision = supervise(first, () => startServer(options), stopping.signal, log);
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      stopping.abort();
      if (server !== undefined) await end(server, log);
      await supervision;
      await shutDown();
    };
    return {
      connection: { host: socketDir, port: SOCKET_PORT, user: DATABASE_USER, database: DATABASE },
      url: `postgresql://${DATABASE_USER}@/${DATABASE}?host=${encodeURIComponent(socketDir)}&port=${SOCKET_PORT}`,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
      pid: () => (server === undefined || server.outcome() !== undefined ? 0 : (server.child.pid ?? 0)),
    };
  } catch (error) {
    await shutDown();
    throw error;
  }
}

/** Starts the server again each time it ends, until `stopping`; the pause doubles up to a cap. */
async function supervise(
  first: Launched,
  startServer: () => Promise<Launched>,
  stopping: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  let server: Launched | undefined = first;
  let failures = 0;
  while (!stopping.aborted) {
    if (server !== undefined) {
      const readyMs = performance.now();
      const how = await server.ended;
      if (stopping.aborted) return;
      if (performance.now() - readyMs > STABLE_AFTER_MS) failures = 0;
      log(`PostgreSQL ended (${how}); starting it again`);
    }
    const pauseMs = Math.min(RESTART_CAP_MS, RESTART_BASE_MS * 2 ** failures);
    failures++;
    await sleep(pauseMs, undefined, { signal: stopping }).catch(() => {});
    if (stopping.aborted) return;
    try {
      server = await startServer();
      log('PostgreSQL is running again');
    } catch (error) {
      server = undefined;
      if (!stopping.aborted)
        log(`PostgreSQL did not start: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function end(server: Launched, log: (line: string) => void): Promise<void> {
  for (const { signal, waitMs } of STOP_STEPS) {
    if (server.outcome() !== undefined) return;
    if (signal !== 'SIGINT') log(`PostgreSQL has not stopped; sending ${signal}`);
    server.child.kill(signal);
    const timer = new AbortController();
    await Promise.race([server.ended, sleep(waitMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }
}

async function ensureDatabase(socketDir: string): Promise<void> {
  const client = adminClient(socketDir);
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
