import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { checkPeer } from '../../src/cli/doctor/peers.ts';
import type { PeerDetails } from '../../src/cli/peer-shapes.ts';
import type { EntityId } from '../../src/protocol/ids.ts';
import { nodeEnvironment, readNodeFile, runProgram, startNodeProgram } from '../support/program.ts';

const NOW_MS = Date.parse('2026-11-22T00:00:00Z');
const ago = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString();

const HEALTHY: PeerDetails = {
  id: 'https://b.example' as EntityId,
  ref: 'x',
  state: 'active',
  stateChangedAt: ago(9_000),
  organizationName: 'Assurance B',
  contacts: ['ops@b.example'],
  federationEndpoint: 'https://b.example/federation/v1',
  limits: {},
  capabilities: [],
  configuration: { stale: false, expiresAt: ago(-9_000), nextFetchAt: ago(-90) },
  clockDifferenceMs: -214,
  lastInboundAt: ago(300),
  lastOutboundAt: ago(3),
  createdAt: ago(9_000),
  keys: [],
  pins: [],
  traffic: { queued: 0, breaker: 'closed' },
};

t.test('each trouble of a peer has its line and its hint', async (t) => {
  const cases: [Partial<PeerDetails>, string, RegExp, RegExp | undefined][] = [
    [{}, 'ok', /^last contact 3 s ago, 0 waiting, clock -214 ms$/, undefined],
    [{ state: 'suspended', stateReason: 'doubt' }, 'skipped', /^suspended: doubt$/, undefined],
    [
      { configuration: { stale: true, nextFetchAt: ago(0), problem: 'fetch.tls' } },
      'failed',
      /configuration expired \(fetch\.tls\)/,
      /peer refresh https:\/\/b\.example; .*ops@b\.example/,
    ],
    [{ clockDifferenceMs: 61_000 }, 'failed', /differs by \+61\.0 s/, /synchronise/],
    [{ clockDifferenceMs: -6_000 }, 'warning', /differs by -6\.0 s/, /synchronise/],
    [
      {
        outboundFailingSince: ago(60),
        outboundProblem: 'peer.timeout',
        traffic: { queued: 7, breaker: 'open', nextProbeAt: ago(-30) },
      },
      'warning',
      /^peer\.timeout since 1 min ago, 7 waiting, breaker open, asked again in 30 s$/,
      /nothing is lost/,
    ],
    [{ outboundFailingSince: ago(901) }, 'failed', /since 15 min ago/, /ops@b\.example/],
    [
      { configuration: { stale: false, expiresAt: ago(-90_000), nextFetchAt: ago(0), problem: 'fetch.dns' } },
      'warning',
      /can't be fetched \(fetch\.dns\); it is good until in 1 d/,
      /peer refresh/,
    ],
    [{ traffic: { queued: 10_001, breaker: 'closed' } }, 'warning', /10001 waiting/, /more slowly/],
  ];
  for (const [changes, status, detail, hint] of cases) {
    const finding = checkPeer({ ...HEALTHY, ...changes }, NOW_MS);
    t.match(finding, { check: 'peer https://b.example', status, detail, ...(hint && { hint }) });
  }
});

t.test('what can be wrong around a node', { timeout: 120_000 }, async (t) => {
  const env = await nodeEnvironment(t);
  const node = await startNodeProgram(t, env);
  const file = path.join(env.INTERVAULT_DATA_DIR, 'node.json');
  const saved = readFileSync(file);
  t.ok(readNodeFile(env.INTERVAULT_DATA_DIR));
  node.signal('SIGKILL');
  await node.ended;
  writeFileSync(file, saved);
  const examine = async (more: Record<string, string> = {}) => {
    const { stdout, code } = await runProgram(t, ['doctor', '--json'], { ...env, ...more });
    const { findings } = JSON.parse(stdout) as {
      findings: { check: string; status: string; detail: string; hint?: string }[];
    };
    t.equal(code, findings.some(({ status }) => status === 'failed') ? 1 : 0);
    return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
  };

  const killed = await examine();
  t.match(killed['node'], { status: 'failed', detail: /process \d+ does not answer/, hint: /killed/ });
  t.match(killed['database'], { status: 'ok' }, 'the database is looked at while the node is down');
  t.match(killed['keys in use'], { status: 'ok' });
  t.match(killed['peers'], { status: 'skipped' });
  const call = await runProgram(t, ['peer', 'list'], env);
  t.equal(call.code, 4, 'a command finds nobody');
  t.match(call.stderr, /^node\.unreachable: .*\nhint: is it running\?/);

  const keys = path.join(env.INTERVAULT_DATA_DIR, 'keys');
  chmodSync(keys, 0o755);
  t.match((await examine())['keys'], { status: 'failed', detail: /mode 755/, hint: /chmod 700/ });
  chmodSync(keys, 0o700);

  const down = await examine({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' });
  t.match(down['database'], { status: 'failed', detail: /can't be reached/, hint: /DATABASE_URL/ });

  const foreign = await nodeEnvironment(t);
  mkdirSync(foreign.INTERVAULT_DATA_DIR, { mode: 0o700 });
  execFileSync('cp', ['-r', keys, path.join(foreign.INTERVAULT_DATA_DIR, 'keys')]);
  const empty = await runProgram(t, ['doctor', '--json'], foreign);
  const { findings } = JSON.parse(empty.stdout) as { findings: { check: string; status: string }[] };
  t.match(
    findings.find(({ check }) => check === 'migrations'),
    { status: 'ok' },
  );
  t.equal(
    findings.find(({ check }) => check === 'keys in use')?.status,
    'ok',
    'a fresh database names no key',
  );

  const other = await nodeEnvironment(t);
  const second = await startNodeProgram(t, other);
  second.signal('SIGTERM');
  await second.ended;
  const mixed = await examine({ DATABASE_URL: other['DATABASE_URL'] ?? '' });
  t.match(mixed['keys in use'], {
    status: 'failed',
    detail: /missing here: .*exchange key/,
    hint: /never start with new keys/,
  });
});
