import { writeFile } from 'node:fs/promises';
import { createMetrics } from '../src/http/metrics.ts';
import { watchNode } from '../src/http/node-gauges.ts';
import { createRoomMetrics } from '../src/http/room-metrics.ts';

/** docs/metrics.md, whole: `node scripts/metrics-docs.ts` writes it, a test compares it. */
export const METRICS_DOCS_FILE = new URL('../docs/metrics.md', import.meta.url);

export type MetricRow = { name: string; type: string; labels: string[]; help: string };

/** What a node registers, whatever it then counts. */
export function describeMetrics(): MetricRow[] {
  const { registry } = createMetrics({ processMetrics: false });
  createRoomMetrics(registry);
  watchNode(registry, {
    nowMs: () => 0,
    peers: () => [],
    registry: () => {
      throw new Error('nobody scrapes this');
    },
    breaker: () => ({ state: 'closed', failures: 0, nextProbeAtMs: null }),
    queues: async () => [],
    bodyMemory: () => ({ reservedBytes: 0, limitBytes: 0 }),
    databasePool: () => ({ total: 0, idle: 0, waiting: 0, limit: 0 }),
  });
  return registry
    .getMetricsAsArray()
    .map((metric) => {
      const { name, type, help, labelNames } = metric as unknown as {
        name: string;
        type: string;
        help: string;
        labelNames: string[];
      };
      return { name, type: String(type), labels: [...labelNames], help };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function renderMetricsDocs(rows: readonly MetricRow[] = describeMetrics()): string {
  return `# Metrics

\`GET /metrics\` on the management port, in the format of Prometheus. Names end in their unit; what has none is a count.
Beside these there are the usual ones of a Node process (\`process_…\`, \`nodejs_…\`). Each replica tells of itself; the
queue is that of the whole node, the same on every replica, at most 15 seconds old.

The label \`peer\` is a peer's id. The first 200 active and suspended peers, by id, have series of their own; what the
others do is told together as \`others\`. \`code\` is one of the codes of [problems.md](problems.md), or \`other\`.

| metric | type | labels | what it tells |
|---|---|---|---|
${rows.map(renderRow).join('\n')}

## What to watch

| alert when | because |
|---|---|
| \`intervault_queue_oldest_age_seconds > 3600\` | a peer has taken nothing for an hour; \`intervault peer show\` tells why |
| \`intervault_peer_breaker_state == 2\` for 15 minutes | a peer does not answer |
| \`intervault_peers_configuration_stale > 0\` | nothing is exchanged with a peer until its configuration can be fetched |
| \`rate(intervault_exchanges_received_total{outcome="refused"}[5m])\` rises | a peer sends what this node does not take |
| \`intervault_database_connections{state="waiting"} > 0\` for a minute | the pool is too small, or the database too slow |
| \`intervault_body_memory_reserved_bytes\` near its limit | more bodies arrive at once than memory was given for |
| \`intervault_registry_view_age_seconds > 15\` | the replica can't read the database, and turns not ready |
| \`rate(intervault_uploads_swept_total[1h]) > 0\` | processes die while they receive |

This table of metrics is generated from the program: \`node scripts/metrics-docs.ts\` writes it, a test compares it.
`;
}

function renderRow({ name, type, labels, help }: MetricRow): string {
  const shown = labels.map((label) => `\`${label}\``).join(', ');
  return `| \`${name}\` | ${type} | ${shown} | ${help.replaceAll('|', '\\|')} |`;
}

if (import.meta.main) await writeFile(METRICS_DOCS_FILE, renderMetricsDocs());
