import { Gauge, type Registry as PrometheusRegistry } from 'prom-client';
import type { BreakerState, QueueLength } from '../outbox/index.ts';
import type { PeerState } from '../registry/index.ts';
import { labelPeers } from './metric-labels.ts';

/** What is asked at each scrape. Only the queue is cached, since reading it costs the database something. */
export type GaugeSources = Readonly<{
  nowMs: () => number;
  peers: () => readonly {
    entityId: string;
    state: PeerState;
    configurationExpiresAtMs: number | undefined;
  }[];
  registry: () => {
    viewAgeMs: number;
    peers: Readonly<Record<PeerState, number>>;
    stalePeers: readonly string[];
  };
  breaker: (peer: string) => BreakerState;
  queues: () => Promise<readonly QueueLength[]>;
  bodyMemory: () => { reservedBytes: number; limitBytes: number };
  databasePool: () => { total: number; idle: number; waiting: number; limit: number };
}>;

const QUEUE_CACHE_MS = 15_000;
const BREAKER: Readonly<Record<BreakerState['state'], number>> = { closed: 0, half_open: 1, open: 2 };

/** Gauges of what is, as opposed to what happened. One that can't be read is missing from the scrape, no more. */
export function watchNode(registry: PrometheusRegistry, sources: GaugeSources): void {
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    collect: (set: (labels: Record<Label, string>, value: number) => void) => void | Promise<void>,
  ) => {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      async collect() {
        this.reset();
        await collect((labels, value) => this.set(labels, value));
      },
    });
  };
  const none = {} as Record<never, string>;

  peerGauges(gauge, sources);
  queueGauges(gauge, sources);
  gauge('intervault_registry_view_age_seconds', "Age of this replica's view of peers and keys", [], (set) =>
    set(none, sources.registry().viewAgeMs / 1000),
  );
  gauge('intervault_body_memory_reserved_bytes', 'Memory that the bodies being received take', [], (set) =>
    set(none, sources.bodyMemory().reservedBytes),
  );
  gauge(
    'intervault_body_memory_limit_bytes',
    'Memory that the bodies being received may take together',
    [],
    (set) => set(none, sources.bodyMemory().limitBytes),
  );
  gauge(
    'intervault_database_connections',
    'Connections of this process to the database; waiting counts requests for one',
    ['state'],
    (set) => {
      const { total, idle, waiting } = sources.databasePool();
      set({ state: 'in_use' }, total - idle);
      set({ state: 'idle' }, idle);
      set({ state: 'waiting' }, waiting);
    },
  );
  gauge('intervault_database_connections_limit', 'Connections this process may open', [], (set) =>
    set(none, sources.databasePool().limit),
  );
}

type MakeGauge = <Label extends string>(
  name: string,
  help: string,
  labelNames: readonly Label[],
  collect: (set: (labels: Record<Label, string>, value: number) => void) => void | Promise<void>,
) => void;

function peerGauges(gauge: MakeGauge, sources: GaugeSources): void {
  gauge('intervault_peers', 'Peers by state', ['state'], (set) => {
    for (const [state, count] of Object.entries(sources.registry().peers)) set({ state }, count);
  });
  gauge(
    'intervault_peers_configuration_stale',
    'Active and suspended peers whose configuration has expired: nothing new is exchanged with them',
    [],
    (set) => set({}, sources.registry().stalePeers.length),
  );
  gauge(
    'intervault_peer_configuration_expires_seconds',
    "Time until the configuration known of a peer expires; negative once it has, the peer's worst where peers share a label",
    ['peer'],
    (set) => {
      const label = labelPeers(livePeers(sources));
      const worst = new Map<string, number>();
      for (const { entityId, state, configurationExpiresAtMs } of sources.peers()) {
        if (!isLive(state)) continue;
        const leftS = ((configurationExpiresAtMs ?? 0) - sources.nowMs()) / 1000;
        const peer = label(entityId);
        worst.set(peer, Math.min(leftS, worst.get(peer) ?? Number.POSITIVE_INFINITY));
      }
      for (const [peer, leftS] of worst) set({ peer }, leftS);
    },
  );
  gauge(
    'intervault_peer_breaker_state',
    'Whether deliveries to a peer flow: 0 closed (they flow), 1 half open (one is tried), 2 open (none is)',
    ['peer'],
    (set) => {
      const live = livePeers(sources);
      const label = labelPeers(live);
      const worst = new Map<string, number>();
      for (const peer of live) {
        const value = BREAKER[sources.breaker(peer).state];
        worst.set(label(peer), Math.max(value, worst.get(label(peer)) ?? 0));
      }
      for (const [peer, value] of worst) set({ peer }, value);
    },
  );
}

function queueGauges(gauge: MakeGauge, sources: GaugeSources): void {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<readonly QueueLength[]> = Promise.resolve([]);
  /** Both gauges of a scrape share a read, and so do scrapes that follow quickly. */
  function queues(): Promise<readonly QueueLength[]> {
    if (sources.nowMs() - readAtMs >= QUEUE_CACHE_MS) {
      readAtMs = sources.nowMs();
      reading = sources.queues().catch(() => []);
    }
    return reading;
  }

  gauge('intervault_queue_length', 'Exchanges that wait to be delivered to a peer', ['peer'], async (set) => {
    const label = labelPeers(livePeers(sources));
    const lengths = new Map(livePeers(sources).map((peer) => [label(peer), 0]));
    for (const { peer, queued } of await queues()) {
      lengths.set(label(peer), (lengths.get(label(peer)) ?? 0) + queued);
    }
    for (const [peer, length] of lengths) set({ peer }, length);
  });
  gauge(
    'intervault_queue_oldest_age_seconds',
    'Age of the oldest exchange that waits for a peer; 0 where none does',
    ['peer'],
    async (set) => {
      const label = labelPeers(livePeers(sources));
      const ages = new Map(livePeers(sources).map((peer) => [label(peer), 0]));
      for (const { peer, oldestMs } of await queues()) {
        const ageS = Math.max(0, (sources.nowMs() - oldestMs) / 1000);
        ages.set(label(peer), Math.max(ageS, ages.get(label(peer)) ?? 0));
      }
      for (const [peer, ageS] of ages) set({ peer }, ageS);
    },
  );
}

const isLive = (state: PeerState) => state === 'active' || state === 'suspended';

/** In an order that doesn't change between scrapes, so that a peer keeps its label. */
function livePeers(sources: GaugeSources): string[] {
  return sources
    .peers()
    .filter(({ state }) => isLive(state))
    .map(({ entityId }) => entityId)
    .sort();
}
