import { readFile } from 'node:fs/promises';
import t from 'tap';
import { describeMetrics, METRICS_DOCS_FILE, renderMetricsDocs } from '../../scripts/metrics-docs.ts';
import { PROBLEM_DOCS_FILE, renderProblemDocs } from '../../scripts/problem-docs.ts';
import type { ExchangeService } from '../../src/exchange/index.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { addNodeChecks, type NodeCheckSources } from '../../src/http/node-checks.ts';
import { type GaugeSources, watchNode } from '../../src/http/node-gauges.ts';
import { createReadiness } from '../../src/http/readiness.ts';
import { createRoomMetrics } from '../../src/http/room-metrics.ts';
import type { Attempt } from '../../src/outbox/index.ts';
import type { RefusalCode } from '../../src/protocol/refusal.ts';

const NOW_MS = 1_790_000_000_000;

async function series(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  const text = await metrics.registry.getSingleMetricAsString(name);
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

t.test('deliveries are counted by result, and a code of the peer’s invention is no series', async (t) => {
  const metrics = createMetrics({ processMetrics: false });
  const rooms = createRoomMetrics(metrics.registry);
  const attempts: Attempt[] = [
    { kind: 'settled' },
    { kind: 'retry', code: 'peer.timeout', peerFault: true },
    { kind: 'retry', code: 'made.up', peerFault: false },
    { kind: 'hold', code: 'link.paused', delayMs: 1 },
    { kind: 'give_up', reason: 'exchange.expired' },
  ];
  for (const attempt of attempts) rooms.tried(attempt, 20);
  t.same((await series(metrics, 'intervault_delivery_tries_total')).sort(), [
    'intervault_delivery_tries_total{result="gave_up",code="exchange.expired"} 1',
    'intervault_delivery_tries_total{result="held",code="link.paused"} 1',
    'intervault_delivery_tries_total{result="retry",code="other"} 1',
    'intervault_delivery_tries_total{result="retry",code="peer.timeout"} 1',
    'intervault_delivery_tries_total{result="settled",code=""} 1',
  ]);
  const timed = await series(metrics, 'intervault_delivery_try_duration_seconds');
  t.ok(timed.includes('intervault_delivery_try_duration_seconds_count 4'), 'holding back asks nobody');
});

t.test('receptions are counted by outcome', async (t) => {
  const metrics = createMetrics({ processMetrics: false });
  const rooms = createRoomMetrics(metrics.registry);
  const answers = [
    { kind: 'decided', outcome: 'accepted', receipt: '', replayed: false },
    { kind: 'decided', outcome: 'accepted', receipt: '', replayed: true },
    { kind: 'refused', code: 'link.unknown' as RefusalCode },
  ] as const;
  let next = 0;
  const service = { receive: async () => answers[next++] } as unknown as ExchangeService;
  const counted = rooms.countExchanges(service);
  for (const _ of answers) await counted.receive({} as Parameters<ExchangeService['receive']>[0]);
  t.same((await series(metrics, 'intervault_exchanges_received_total')).sort(), [
    'intervault_exchanges_received_total{outcome="accepted",code=""} 1',
    'intervault_exchanges_received_total{outcome="refused",code="link.unknown"} 1',
    'intervault_exchanges_received_total{outcome="replayed",code=""} 1',
  ]);
});

function gauges(changes: Partial<GaugeSources> = {}) {
  const metrics = createMetrics({ processMetrics: false });
  watchNode(metrics.registry, {
    nowMs: () => NOW_MS,
    peers: () => [],
    registry: () => ({
      viewAgeMs: 500,
      peers: { discovered: 0, requested: 0, active: 0, suspended: 0, revoked: 0 },
      stalePeers: [],
    }),
    breaker: () => ({ state: 'closed', failures: 0, nextProbeAtMs: null }),
    queues: async () => [],
    bodyMemory: () => ({ reservedBytes: 5, limitBytes: 10 }),
    databasePool: () => ({ total: 7, idle: 3, waiting: 2, limit: 20 }),
    ...changes,
  });
  return metrics;
}

const peer = (n: number) => ({
  entityId: `https://p${String(n).padStart(4, '0')}.example`,
  state: 'active' as const,
  configurationExpiresAtMs: NOW_MS + n * 1000,
});

t.test('two hundred peers have series of their own, the others share one', async (t) => {
  const peers = Array.from({ length: 203 }, (_, n) => peer(n));
  const metrics = gauges({
    peers: () => peers,
    queues: async () =>
      peers.map(({ entityId }, n) => ({ peer: entityId, queued: 2, oldestMs: NOW_MS - n * 1000 })),
    breaker: (id) => ({
      state: id === peers[202]?.entityId ? 'open' : 'closed',
      failures: 0,
      nextProbeAtMs: null,
    }),
  });
  const lengths = await series(metrics, 'intervault_queue_length');
  t.equal(lengths.length, 201);
  t.ok(lengths.includes('intervault_queue_length{peer="https://p0199.example"} 2'));
  t.ok(lengths.includes('intervault_queue_length{peer="others"} 6'), 'summed');
  const ages = await series(metrics, 'intervault_queue_oldest_age_seconds');
  t.ok(ages.includes('intervault_queue_oldest_age_seconds{peer="others"} 202'), 'the oldest of them');
  const breakers = await series(metrics, 'intervault_peer_breaker_state');
  t.ok(breakers.includes('intervault_peer_breaker_state{peer="others"} 2'), 'the worst of them');
  const expiries = await series(metrics, 'intervault_peer_configuration_expires_seconds');
  t.ok(
    expiries.includes('intervault_peer_configuration_expires_seconds{peer="others"} 200'),
    'the first to expire',
  );
});

t.test('the queue is read once in a while, and a read that fails costs no scrape', async (t) => {
  let reads = 0;
  let nowMs = NOW_MS;
  const metrics = gauges({
    nowMs: () => nowMs,
    queues: async () => {
      reads++;
      throw new Error('canceling statement due to statement timeout');
    },
    peers: () => [peer(1)],
  });
  t.match(await metrics.registry.metrics(), /intervault_queue_length\{peer="https:\/\/p0001\.example"\} 0/);
  await metrics.registry.metrics();
  t.equal(reads, 1, 'both gauges of both scrapes share it');
  nowMs += 15_000;
  await metrics.registry.metrics();
  t.equal(reads, 2);
  t.match(
    await metrics.registry.metrics(),
    /intervault_database_connections\{state="in_use"\} 4\n.*"idle"\} 3\n.*"waiting"\} 2/,
  );
});

t.test('readiness says which part is not right, and peers turn nothing red', async (t) => {
  const look = async (changes: Partial<NodeCheckSources> = {}) => {
    const readiness = createReadiness();
    addNodeChecks(readiness, {
      askDatabase: async () => undefined,
      migrations: async () => ({ applied: 6, known: 6 }),
      readKeys: async () => undefined,
      registry: () => ({ viewAgeMs: 900, peers: { active: 3 }, stalePeers: [] }),
      ...changes,
    });
    return readiness.look();
  };
  const red = async (changes: Partial<NodeCheckSources>) =>
    (await look(changes)).reasons.filter(({ ok }) => !ok).map(({ check }) => check);
  const refuse = async () => {
    throw new Error('no');
  };
  t.match(await look(), { status: 'ready', reasons: { 4: { check: 'peers', detail: '3 active' } } });
  t.same(await red({ askDatabase: refuse }), ['database']);
  t.same(await red({ migrations: async () => ({ applied: 5, known: 6 }) }), ['migrations']);
  t.same(await red({ migrations: async () => ({ applied: undefined, known: 6 }) }), ['migrations']);
  t.same(await red({ migrations: async () => ({ applied: 7, known: 6 }) }), [], 'a newer release came by');
  t.same(await red({ readKeys: refuse }), ['keys']);
  t.same(await red({ registry: () => ({ viewAgeMs: 15_000, peers: {}, stalePeers: [] }) }), []);
  t.same(await red({ registry: () => ({ viewAgeMs: 15_001, peers: {}, stalePeers: [] }) }), ['registry']);
  const stale = await look({
    registry: () => ({ viewAgeMs: 0, peers: { active: 3 }, stalePeers: ['https://x.example'] }),
  });
  t.match(stale, {
    status: 'ready',
    reasons: { 4: { ok: true, detail: '3 active, 1 with an expired configuration' } },
  });
  t.notMatch(JSON.stringify(stale), /x\.example/, 'no institution is named');
});

t.test('the documented tables are the tables', async (t) => {
  t.equal(await readFile(METRICS_DOCS_FILE, 'utf8'), renderMetricsDocs(), 'run node scripts/metrics-docs.ts');
  t.equal(await readFile(PROBLEM_DOCS_FILE, 'utf8'), renderProblemDocs(), 'run node scripts/problem-docs.ts');
  for (const { name, help } of describeMetrics()) {
    t.match(name, /^intervault_/);
    t.match(help, /^[A-Z]/, name);
  }
  // Every metric the text tells to watch exists.
  const named = new Set(describeMetrics().map(({ name }) => name));
  for (const [name] of renderMetricsDocs().matchAll(/intervault_[a-z_]+/g)) t.ok(named.has(name), name);
});
