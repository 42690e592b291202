import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Writable } from 'node:stream';
import pg from 'pg';
import type { Test } from 'tap';
import type { Connection } from '../../src/db/index.ts';
import type { LinkId } from '../../src/protocol/ids.ts';
import { type ApiClient, createApiClient } from './api.ts';
import { createTestDatabase } from './database.ts';
import type { Hop } from './hop.ts';
import { eventually, peerNodes, restartTestNode, seedLink } from './node.ts';

/** A whole node in a process of its own: the real program, as an operator starts it, that a test may kill. */
export type ProcessNode = {
  readonly name: string;
  /** What its peers call it; the hop's address where one stands in front. */
  readonly entityId: string;
  /** Where the node itself listens. */
  readonly local: string;
  readonly dataDir: string;
  readonly env: Record<string, string>;
  readonly running: boolean;
  /** Starts the program and waits until it says that it is ready. */
  start(): Promise<void>;
  /** Waits until the running program says that it is ready, as after its database was killed. */
  untilReady(): Promise<void>;
  /** SIGKILL of the program's whole process group. Its embedded PostgreSQL ends by its own watchdog. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL of the embedded PostgreSQL, and waits for its end; the program lives on. */
  killDatabase(): Promise<void>;
  /** How the node's database is reached now; the embedded one ends with the node. */
  connection(): Connection;
  /** A connection of the test's own, ended with the test at the latest. */
  connect(): Promise<pg.Client>;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  api(role: 'integrator' | 'operator' | 'vault'): Promise<ApiClient>;
  /** The last lines it wrote. */
  log(): string;
};

export type ProcessNodeOptions = {
  name: string;
  /** `clone`: a database of the test run's server. `embedded`: the node's own PostgreSQL, in its data directory. */
  database: 'clone' | 'embedded';
  env?: Record<string, string>;
  hop?: Hop;
};

const PROGRAM = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts');
/**
 * Run by sh, which becomes the program. Whoever runs the tests may be killed too: the inner shell then ends the whole
 * process group, as it ends itself once the program is gone. It learns of both by the end of descriptor 3.
 */
const WATCHED = `
( read -r line <&3; kill -KILL 0 ) </dev/null >/dev/null 2>&1 &
exec 3<&-
exec "$@"
`;
const READY_TIMEOUT_MS = 60_000;
const KEPT_LINES = 60;

/** Two nodes that know each other and share a link, prepared in this process and then started in their own. */
export async function startProcessPair(
  t: Test,
  sender: ProcessNodeOptions,
  recipient: ProcessNodeOptions,
): Promise<{ a: ProcessNode; b: ProcessNode; link: LinkId }> {
  const a = await createProcessNode(t, sender);
  const b = await createProcessNode(t, recipient);
  const prepared = [await restartTestNode(t, a.env), await restartTestNode(t, b.env)] as const;
  await peerNodes(...prepared);
  const link = await seedLink(...prepared);
  for (const node of prepared) await node.stop();
  await Promise.all([a.start(), b.start()]);
  return { a, b, link };
}

async function createProcessNode(t: Test, options: ProcessNodeOptions): Promise<ProcessNode> {
  const { name, hop } = options;
  const dataDir = mkdtempSync(path.join(tmpdir(), 'ivx-'));
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const databaseUrl = options.database === 'clone' ? (await createTestDatabase(t)).url : undefined;
  const port = await freePort();
  const local = `http://127.0.0.1:${port}`;
  if (hop !== undefined) hop.target = local;
  const entityId = hop?.url ?? local;
  const env: Record<string, string> = {
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    INTERVAULT_DATA_DIR: dataDir,
    INTERVAULT_PUBLIC_URL: entityId,
    INTERVAULT_PORT: String(port),
    INTERVAULT_LISTEN_HOST: '127.0.0.1',
    INTERVAULT_MANAGEMENT_PORT: '0',
    INTERVAULT_ALLOW_INSECURE_PEERS: 'true',
    INTERVAULT_DATABASE_POOL_SIZE: '6',
    INTERVAULT_RETRY_BASE_MS: '50',
    INTERVAULT_RETRY_CAP_MS: '500',
    INTERVAULT_LOG_LEVEL: 'warn',
    ...options.env,
  };

  let child: ChildProcess | undefined;
  let lines: string[] = [];
  const clients = new Set<pg.Client>();

  const running = () => child !== undefined && child.exitCode === null && child.signalCode === null;

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child?.pid === undefined || !running()) return;
    const exited = once(child, 'exit');
    if (signal === 'SIGKILL') process.kill(-child.pid, signal);
    else child.kill(signal);
    await exited;
  }

  async function untilReady(): Promise<void> {
    const until = Date.now() + READY_TIMEOUT_MS;
    while (!(await isReady(dataDir, child?.pid))) {
      if (!running()) throw new Error(`${name} is not running:\n${lines.join('\n')}`);
      if (Date.now() > until) throw new Error(`${name} is not ready:\n${lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  function postmaster(): { pid: number; socketDir: string; port: number } {
    const file = readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(file[0]), port: Number(file[3]), socketDir: file[4] ?? '' };
  }

  function connection(): Connection {
    if (databaseUrl !== undefined) return { connectionString: databaseUrl };
    const { socketDir, port } = postmaster();
    return { host: socketDir, port, user: 'intervault', database: 'intervault' };
  }

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client(connection());
    client.on('error', () => {});
    await client.connect();
    clients.add(client);
    client.on('end', () => clients.delete(client));
    return client;
  }

  // Runs before the folder and the database go, also when the test failed half way.
  t.teardown(async () => {
    await Promise.all([...clients].map((client) => client.end().catch(() => {})));
    await end('SIGKILL');
    if (databaseUrl === undefined) await eventually(async () => !isAlive(() => postmaster().pid), 30_000);
  });

  return {
    name,
    entityId,
    local,
    dataDir,
    env,
    get running() {
      return running();
    },
    async start() {
      lines = [];
      const started = spawn('sh', ['-c', WATCHED, 'sh', process.execPath, PROGRAM, 'start'], {
        env: { ...inheritedEnvironment(), ...env },
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
      });
      child = started;
      const watchdog = started.stdio[3] as Writable;
      watchdog.on('error', () => {});
      started.once('exit', () => watchdog.destroy());
      for (const stream of [started.stdout, started.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          lines = [...lines, ...text.split('\n').filter((line) => line !== '')].slice(-KEPT_LINES);
        });
      }
      await untilReady();
    },
    untilReady,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async killDatabase() {
      if (databaseUrl !== undefined) throw new Error('this server belongs to the whole test run');
      const { pid } = postmaster();
      process.kill(pid, 'SIGKILL');
      await eventually(async () => !isAlive(() => pid));
    },
    connection,
    connect,
    async query(sql, values) {
      const client = await connect();
      try {
        return (await client.query(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
    api: (role) => createApiClient({ url: local, config: { dataDir, publicUrl: entityId } }, role),
    log: () => lines.join('\n'),
  };
}

/** Without the settings of whoever runs the tests, and without tap's loader, which has no business in a node. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('INTERVAULT_') && !['DATABASE_URL', 'NODE_OPTIONS'].includes(name),
    ),
  );
}

async function isReady(dataDir: string, pid: number | undefined): Promise<boolean> {
  try {
    const file = JSON.parse(readFileSync(path.join(dataDir, 'node.json'), 'utf8')) as {
      pid: number;
      managementUrl: string;
    };
    return file.pid === pid && (await fetch(`${file.managementUrl}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Below the ephemeral range, so that nobody is given it while the node is down between two starts. */
async function freePort(): Promise<number> {
  for (let tries = 0; ; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
    if (tries > 50) throw new Error('no free port');
  }
}

function isAlive(pidOf: () => number): boolean {
  try {
    process.kill(pidOf(), 0);
    return true;
  } catch {
    return false;
  }
}
