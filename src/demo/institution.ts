import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** One institution of the demo: a whole node in a process of its own, as an operator would run it. */
export type Institution = {
  readonly name: string;
  readonly url: string;
  readonly dataDir: string;
  start(): Promise<void>;
  /** SIGKILL: nothing is told, nothing is finished. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  token(role: string): Promise<string>;
  readonly running: boolean;
};

/** How the demo starts the program it is part of. */
export type ProgramStarter = {
  program: readonly [string, ...string[]];
  env: Record<string, string | undefined>;
};

const execute = promisify(execFile);

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** Lines of a node's log that are shown when it doesn't start. */
const KEPT_LINES = 20;

export function createInstitution(
  starter: ProgramStarter,
  options: { name: string; port: number; dataDir: string },
): Institution {
  const { name, port, dataDir } = options;
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...starter.env,
    INTERVAULT_DATA_DIR: dataDir,
    INTERVAULT_PUBLIC_URL: url,
    INTERVAULT_LISTEN_HOST: '127.0.0.1',
    INTERVAULT_PORT: String(port),
    INTERVAULT_MANAGEMENT_PORT: '0',
    INTERVAULT_ALLOW_INSECURE_PEERS: 'true',
    INTERVAULT_ORGANIZATION_NAME: name,
    INTERVAULT_LOG_LEVEL: 'warn',
    INTERVAULT_RETRY_BASE_MS: '200',
    INTERVAULT_RETRY_CAP_MS: '2000',
    INTERVAULT_TOKEN_RATE_PER_MIN: '1000000',
    INTERVAULT_PEER_RATE_PER_MIN: '1000000',
  };
  let child: ChildProcess | undefined;
  let log: string[] = [];

  function launch(): ChildProcess {
    const [command, ...first] = starter.program;
    return spawn(command, [...first, 'start'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async function exited(process: ChildProcess): Promise<void> {
    if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
  }

  return {
    name,
    url,
    dataDir,
    get running() {
      return child !== undefined && child.exitCode === null && child.signalCode === null;
    },
    async start() {
      log = [];
      const started = launch();
      child = started;
      for (const stream of [started.stdout, started.stderr]) {
        if (stream === null) continue;
        createInterface({ input: stream }).on('line', (line) => {
          log = [...log.slice(1 - KEPT_LINES), line];
        });
      }
      const until = Date.now() + START_TIMEOUT_MS;
      for (;;) {
        if (started.exitCode !== null) throw new Error(`${name} did not start:\n${log.join('\n')}`);
        if (await answers(dataDir, started.pid)) return;
        if (Date.now() > until) throw new Error(`${name} did not start in time:\n${log.join('\n')}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async kill() {
      if (child === undefined) return;
      child.kill('SIGKILL');
      await exited(child);
    },
    async stop() {
      if (child === undefined) return;
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited(child);
      clearTimeout(impatience);
    },
    async token(role) {
      const [command, ...first] = starter.program;
      const args = ['token', 'create', '--role', role, '--ttl', '12h', '--subject', 'demo'];
      const { stdout } = await execute(command, [...first, ...args], { env });
      return stdout.trim();
    },
  };
}

/** Ready once this very process says so on its management port. */
async function answers(dataDir: string, pid: number | undefined): Promise<boolean> {
  try {
    const file = JSON.parse(await readFile(path.join(dataDir, 'node.json'), 'utf8')) as {
      pid: number;
      managementUrl: string;
    };
    return file.pid === pid && (await fetch(`${file.managementUrl}/readyz`)).ok;
  } catch {
    return false;
  }
}
