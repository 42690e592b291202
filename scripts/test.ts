// What `npm test` runs: the compiler, the linters, then every test on one throw-away PostgreSQL, each test file in
// a database of its own.
//
//   node scripts/test.ts                  all of it, without test/slow
//   node scripts/test.ts --slow           only test/slow
//   node scripts/test.ts test/x.test.ts   only these files or folders, without compiler and linters
import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  existsSync,
  constants as fsConstants,
  globSync,
  readFileSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/db/embedded/index.ts';
import { migrate } from '../src/db/migrate.ts';
import { isStartupError } from '../src/db/startup-error.ts';

const root = path.join(import.meta.dirname, '..');
const programs = path.join(root, 'node_modules', '.bin');
const TAP_PLUGINS_SIGNATURE = 'node_modules/@tapjs/test/test-built/dist/esm/index.js';
const MAX_SERVER_LINES = 50;
/** Linux has it. A run takes what its databases take at one time and a write-ahead log of a gigabyte at most: this leaves room. */
const SHARED_MEMORY = '/dev/shm';
const MIN_MEMORY_BYTES = 4 * 1024 ** 3;

const say = (text: string) => process.stdout.write(`${text}\n`);

// What a signal has to end or undo; the run then stops at its next step.
const interruption = new AbortController();
let child: ChildProcess | undefined;
let signalled: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    signalled ??= name;
    interruption.abort();
    child?.kill(name === 'SIGHUP' ? 'SIGTERM' : name);
  });
}

/** Resolves with the exit code; a program ended by a signal counts as failed. */
function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  if (interruption.signal.aborted) return Promise.resolve(1);
  return new Promise((resolve) => {
    const running = spawn(path.join(programs, program), args, { cwd: root, env, stdio: 'inherit' });
    child = running;
    running.once('error', (error) => {
      say(`${program}: ${error.message}`);
      resolve(1);
    });
    running.once('exit', (code) => resolve(code ?? 1));
  });
}

/** The names of the checks that failed. */
async function runChecks(): Promise<string[]> {
  const checks: [name: string, program: string, args: string[]][] = [
    ['tsc --noEmit', 'tsc', ['--noEmit']],
    // What runs in a browser, and its tests, know other things than Node does.
    ['tsc -p web', 'tsc', ['--noEmit', '-p', 'web']],
    ['tsc -p test/browser', 'tsc', ['--noEmit', '-p', 'test/browser']],
    ['biome check', 'biome', ['check', '--error-on-warnings', '.']],
  ];
  if (existsSync(path.join(root, 'openapi.yaml'))) {
    checks.push(['redocly lint', 'redocly', ['lint', '--config=redocly.yaml', 'openapi.yaml']]);
  }
  const failed: string[] = [];
  // Redocly would otherwise ask its maker for a newer version of itself.
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  for (const [name, program, args] of checks) {
    say(`> ${name}`);
    if ((await run(program, args, env)) !== 0) failed.push(name);
  }
  return failed;
}

/**
 * Tap comes built with its TypeScript plugin, which crashes with this compiler; `tap build` makes it again as
 * .taprc says, once for each installation.
 */
async function ensureTapBuilt(): Promise<void> {
  const built = path.join(root, TAP_PLUGINS_SIGNATURE);
  const signature = existsSync(built) ? readFileSync(built, 'utf8') : '';
  if (/^@tapjs\/worker`/m.test(signature) && !/^@tapjs\/typescript$/m.test(signature)) return;
  say('> tap build');
  if ((await run('tap', ['build'])) !== 0) throw new Error('tap build failed');
}

function testFiles(asked: readonly string[], slow: boolean): string[] {
  const inside = (folder: string) => globSync(path.join(folder, '**', '*.test.ts'), { cwd: root }).sort();
  if (asked.length === 0) {
    return slow
      ? inside('test/slow')
      : inside('test').filter((file) => !file.startsWith(path.join('test', 'slow')));
  }
  return asked.flatMap((name) => {
    const found = statSync(path.join(root, name), { throwIfNoEntry: false });
    return found?.isDirectory() ? inside(name) : [name];
  });
}

/**
 * Where files live in memory, if the system has such a place with room in it: a run makes and drops databases by the
 * hundred, of several hundred files each, and that is most of what the kernel has to do. The slow tests are about
 * large files, full disks and installed programs: they stay on a disk.
 */
function memoryFolder(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    accessSync(SHARED_MEMORY, fsConstants.W_OK);
    return bavail * bsize >= MIN_MEMORY_BYTES ? SHARED_MEMORY : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the server, makes the template that test/support/database.ts clones, and returns the template's URL. */
async function startDatabase(dataDir: string): Promise<{ server: EmbeddedPostgres; url: string }> {
  const lines: string[] = [];
  const server = await startEmbeddedPostgres({
    dataDir,
    // Nothing in this cluster outlives the run. Measured on two busy cores with a quick disk: a small commit takes
    // 0.13 to 0.4 ms so, and 0.5 to 1.3 ms when durable; cloning and dropping a database gains nothing there.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
    log: (line) => {
      lines.push(line);
      if (lines.length > MAX_SERVER_LINES) lines.shift();
      if (/did not start|starting it again/.test(line)) say(lines.join('\n'));
    },
  });
  try {
    const pool = new pg.Pool({ connectionString: server.url });
    await migrate(pool, path.join(root, 'migrations')).finally(() => pool.end());
    return { server, url: server.url };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Tap's own count, the last line of this form in its raw output. Undefined when tap didn't get that far. */
function readCount(file: string): { summary: string; passed: number; failed: number } | undefined {
  if (!existsSync(file)) return undefined;
  const summaries = readFileSync(file, 'utf8').match(/^# \{ total: .*\}$/gm);
  const summary = summaries?.at(-1);
  if (summary === undefined) return undefined;
  const figure = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary)?.[1] ?? 0);
  return { summary, passed: figure('pass'), failed: figure('fail') };
}

async function runTests(files: readonly string[], tapArgs: readonly string[]): Promise<boolean> {
  await ensureTapBuilt();
  const folder = await mkdtemp(path.join((slow ? undefined : memoryFolder()) ?? tmpdir(), 'ivtest-'));
  const temporary = path.join(folder, 'tmp');
  await mkdir(temporary);
  let server: EmbeddedPostgres | undefined;
  try {
    const database = await startDatabase(path.join(folder, 'data'));
    server = database.server;
    const output = path.join(folder, 'output.tap');
    // The default reporter for a terminal redraws the screen, and for a pipe writes every line twice beside a file.
    const reporter = process.stdout.isTTY ? [] : ['--reporter=min'];
    const exitCode = await run('tap', ['run', ...reporter, `--output-file=${output}`, ...tapArgs, ...files], {
      ...process.env,
      INTERVAULT_TEST_DATABASE_URL: database.url,
      // What an interrupted test leaves goes with the rest.
      TMPDIR: temporary,
      // Hundreds of processes load the same modules: compiled once, the others start sooner.
      NODE_COMPILE_CACHE: path.join(folder, 'compiled'),
    });
    const count = readCount(output);
    if (signalled !== undefined) return false;
    if (count === undefined) {
      say(`tap ended with exit code ${exitCode} and no count`);
      return false;
    }
    say(`\n${count.summary}`);
    if (exitCode !== 0 && count.failed === 0) say(`tap ended with exit code ${exitCode}`);
    say(`${count.passed} passed, ${count.failed} failed`);
    return exitCode === 0 && count.failed === 0;
  } finally {
    await server?.stop();
    // A server that an interrupted test owned may take a moment to stop.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

const asked = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const slow = process.argv.includes('--slow');
const tapArgs = process.argv
  .slice(2)
  .filter((arg) => arg.startsWith('-') && arg !== '--slow' && arg !== '--');

const failedChecks = asked.length === 0 && !slow ? await runChecks() : [];
const files = testFiles(asked, slow);
if (files.length === 0) say('there is no such test');
let passed = false;
try {
  passed = files.length > 0 && !interruption.signal.aborted && (await runTests(files, tapArgs));
} catch (error) {
  if (!isStartupError(error)) throw error;
  say(`${error.code}: ${error.message}\n${error.hint}`);
}
for (const name of failedChecks) say(`failed: ${name}`);
process.exitCode =
  signalled === undefined ? Number(!passed || failedChecks.length > 0) : 128 + constants.signals[signalled];
