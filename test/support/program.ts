import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { createTestDatabase } from './database.ts';
import { tempDir } from './temp-dir.ts';

/** How a program ended, and what it said. `code` is null where a signal ended it. */
export type Ended = { code: number | null; stdout: string; stderr: string };

export type Program = {
  readonly pid: number;
  readonly running: boolean;
  readonly ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
  stdout(): string;
  stderr(): string;
};

const MAIN = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const RUN_TIMEOUT_MS = 60_000;

/** Without the settings of whoever runs the tests, and without tap's loader. */
function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('INTERVAULT_') && !['DATABASE_URL', 'NODE_OPTIONS'].includes(name),
  );
  return {
    ...Object.fromEntries(inherited),
    NODE_COMPILE_CACHE: path.join(tmpdir(), 'ivx-compile-cache'),
    ...env,
  };
}

/** Starts the real program, or another build of it; whatever still runs when `t` ends is killed. */
export function startProgram(
  t: Test,
  args: readonly string[],
  env: Record<string, string>,
  options: { main?: string; input?: string } = {},
): Program {
  // tap puts its loader back into NODE_OPTIONS of every program that is called node; `env` is not.
  const command = ['-u', 'NODE_OPTIONS', process.execPath, options.main ?? MAIN, ...args];
  const child: ChildProcess = spawn('env', command, {
    env: environment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(options.input ?? '');
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, ...texts }));
  });
  const running = () => child.exitCode === null && child.signalCode === null;
  t.teardown(async () => {
    if (running()) child.kill('SIGKILL');
    await ended;
  });
  return {
    pid: child.pid ?? 0,
    get running() {
      return running();
    },
    ended,
    signal: (name) => child.kill(name),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
  };
}

/** Runs one command to its end. */
export async function runProgram(
  t: Test,
  args: readonly string[],
  env: Record<string, string>,
  options: { main?: string; input?: string; timeoutMs?: number } = {},
): Promise<Ended> {
  const program = startProgram(t, args, env, options);
  const timer = setTimeout(() => program.signal('SIGKILL'), options.timeoutMs ?? RUN_TIMEOUT_MS);
  const ended = await program.ended;
  clearTimeout(timer);
  return ended;
}

/** What a node of its own is started with: a data directory, a free port, and a database unless it is to embed one. */
export async function nodeEnvironment(
  t: Test,
  options: { database?: 'clone' | 'embedded'; env?: Record<string, string> } = {},
): Promise<Record<string, string> & { INTERVAULT_DATA_DIR: string; INTERVAULT_PUBLIC_URL: string }> {
  const dataDir = path.join(await tempDir(t), 'data');
  const port = await freePort();
  const database = options.database === 'embedded' ? undefined : await createTestDatabase(t);
  return {
    ...(database !== undefined && { DATABASE_URL: database.url }),
    INTERVAULT_DATA_DIR: dataDir,
    INTERVAULT_PUBLIC_URL: `http://127.0.0.1:${port}`,
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
}

type NodeFile = { url: string; managementUrl: string; pid: number };

export function readNodeFile(dataDir: string): NodeFile | undefined {
  const file = path.join(dataDir, 'node.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as NodeFile) : undefined;
}

/** Starts a node and waits until it says that it is ready. */
export async function startNodeProgram(
  t: Test,
  env: Record<string, string> & { INTERVAULT_DATA_DIR: string },
  options: { main?: string } = {},
): Promise<Program> {
  const program = startProgram(t, ['start'], env, options);
  const until = Date.now() + RUN_TIMEOUT_MS;
  for (;;) {
    const file = readNodeFile(env.INTERVAULT_DATA_DIR);
    if (file?.pid === program.pid) {
      const answer = await fetch(`${file.managementUrl}/readyz`).catch(() => undefined);
      if (answer?.ok === true) return program;
    }
    if (!program.running || Date.now() > until) {
      throw new Error(`the node is not ready:\n${program.stderr()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Below the ephemeral range, so that nobody is given it while the node is down between two starts. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('no free port');
}
