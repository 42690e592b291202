import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t from 'tap';
import { GOALS } from '../../bench/goals.ts';
import { assertDurable } from '../../bench/store.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const RUN_TIMEOUT_MS = 240_000;

const FIGURES_OF = {
  push: [
    'end_to_end',
    'p99_ms_at_60',
    'receive_1k',
    'receive_20k',
    'receive_slow_fsync',
    'receive_vs_naive_log',
    'send',
  ],
  slots: [
    'feed',
    'feed_p99_ms',
    'ledger_1000_pairs',
    'ledger_hot_pair',
    'ledger_vs_naive_log',
    'slots_growth_1e6',
    'slots_receive',
  ],
  memory: ['rss_1gib_mib'],
  growth: ['growth_1e6', 'rss_drift_mib'],
  crash: ['lost'],
} as const;

t.setTimeout(RUN_TIMEOUT_MS * 5);

function runBench(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, ['bench/main.ts', ...args], {
    cwd: ROOT,
    env,
    timeout: RUN_TIMEOUT_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** Processes whose command line names the folder. */
async function processesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(folder)) found.push(command);
  }
  return found;
}

for (const [bench, names] of Object.entries(FIGURES_OF)) {
  t.test(
    `bench ${bench} measures what it names, counts what it measured, and leaves nothing behind`,
    async (t) => {
      const dir = await tempDir(t);
      const { code, stdout, stderr } = await runBench([bench, '--quick', '--json', '--dir', dir]);
      t.equal(code, 0, stderr);
      t.match(stdout, /^\{.*\}\n$/, 'one JSON object on one line, and nothing else');
      const report = JSON.parse(stdout);
      t.match(report, {
        bench,
        quick: true,
        rounds: Number,
        cores: Number,
        fsyncMs: Number,
        commitMs: Number,
      });
      t.ok(report.fsyncMs > 0, 'an fsync costs something');
      t.same(Object.keys(report.figures).sort(), names);
      for (const [name, figure] of Object.entries<Record<string, number>>(report.figures)) {
        t.same(Object.keys(figure), ['median', 'min', 'max'], name);
        const { median = Number.NaN, min = Number.NaN, max = Number.NaN } = figure;
        t.ok([median, min, max].every(Number.isFinite) && min <= median && median <= max, `${name} in order`);
        t.ok(GOALS[name] !== undefined, `${name} has a floor and a goal`);
      }
      if (bench === 'crash') {
        t.same(report.figures.lost, { median: 0, min: 0, max: 0 });
        t.ok(report.details.crash.unanswered > 0, 'the kills fell into the stream');
      }
      t.same(await readdir(dir), [], 'no file');
      t.same(await processesIn(dir), [], 'no process');
    },
  );
}

t.test('without --json it prints each figure beside its floor and goal', async (t) => {
  const dir = await tempDir(t);
  const { code, stdout } = await runBench(['push', '--quick', '--only', 'send', '--dir', dir]);
  t.equal(code, 0);
  t.match(stdout, /A quick run/);
  t.match(stdout, /send +[\d.]+ +[\d.]+ +[\d.]+ +0\.45 +0\.7 +(goal|floor|BELOW FLOOR)/);
});

t.test('wrong arguments end with 2 and say what is possible', async (t) => {
  for (const args of [
    [],
    ['nothing'],
    ['push', 'memory'],
    ['push', '--rounds', '0'],
    ['push', '--only', 'x'],
    ['push', '--only', 'feed'],
    ['crash', '--only', 'receive'],
  ]) {
    const { code, stdout, stderr } = await runBench(args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, /Usage:/);
  }
});

t.test('a store that does not reach the disk is refused', async (t) => {
  // The server of the test run has fsync off.
  const pool = new pg.Pool({ connectionString: process.env['INTERVAULT_TEST_DATABASE_URL'] });
  t.teardown(() => pool.end());
  await t.rejects(assertDurable(pool), { message: /^fsync is off/ });
});
