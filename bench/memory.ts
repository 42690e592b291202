import { type BenchNode, peerNodes, startBenchNode } from './bench-node.ts';
import type { Bench } from './context.ts';
import { eventually } from './eventually.ts';
import { sampleRss } from './procfs.ts';
import { countOf } from './receiver.ts';
import type { Result } from './report.ts';
import { figureOf, median, rounded } from './statistics.ts';

const DOCUMENT_BYTES = 1024 ** 3;
const QUICK_DOCUMENT_BYTES = 32 * 1024 ** 2;
const SMALL_DOCUMENTS = 500;
const SETTLE_MS = 3_000;
const TRANSFER_TIMEOUT_MS = 420_000;
/** No further round begins after this, so that a slow machine keeps within eight minutes too. */
const LAST_START_MS = 3 * 60_000;

/** Resident memory of both nodes above idle, while one large document is submitted, sent, received and read back. */
export async function benchMemory(bench: Bench): Promise<Result> {
  const { options, say } = bench;
  const a = await startBenchNode(bench, 'node-a');
  const b = await startBenchNode(bench, 'node-b');
  const links = await peerNodes(bench, a, b);
  const link = links[0] as string;
  // Idle is a node that has worked: its code is compiled, its connections are open.
  await a.child().ask('submit', { links, count: SMALL_DOCUMENTS, contentBytes: 1024, concurrency: 16 });
  await delivered(a, 60_000);
  const idle = { a: await idleMib(a), b: await idleMib(b) };
  say(`idle: A ${idle.a.toFixed(0)} MiB, B ${idle.b.toFixed(0)} MiB`);

  const sizeBytes = options.quick ? QUICK_DOCUMENT_BYTES : DOCUMENT_BYTES;
  const worst: number[] = [];
  const above: { a: number[]; b: number[] } = { a: [], b: [] };
  const startMs = performance.now();
  for (let round = 0; round < options.rounds; round++) {
    if (round > 0 && performance.now() - startMs > LAST_START_MS) break;
    const samplers = { a: sampleRss(a.child().pid), b: sampleRss(b.child().pid) };
    const roundMs = performance.now();
    const id = await a.child().ask('submitLarge', { link, sizeBytes });
    await delivered(a, TRANSFER_TIMEOUT_MS);
    await checkArrived(b, id, sizeBytes);
    const peak = { a: Math.max(...samplers.a.take()) - idle.a, b: Math.max(...samplers.b.take()) - idle.b };
    samplers.a.stop();
    samplers.b.stop();
    above.a.push(peak.a);
    above.b.push(peak.b);
    worst.push(Math.max(peak.a, peak.b));
    const seconds = ((performance.now() - roundMs) / 1000).toFixed(0);
    say(
      `  round ${round + 1}: A ${peak.a.toFixed(0)} MiB, B ${peak.b.toFixed(0)} MiB above idle, ${seconds} s`,
    );
  }
  return {
    figures: { rss_1gib_mib: figureOf(worst) },
    details: {
      memory: {
        documentBytes: sizeBytes,
        idleMib: { a: Math.round(idle.a), b: Math.round(idle.b) },
        senderMib: rounded(figureOf(above.a)),
        recipientMib: rounded(figureOf(above.b)),
      },
    },
  };
}

async function delivered(node: BenchNode, timeoutMs: number): Promise<void> {
  await eventually(async () => (await countOf(node.pool, 'deliveries')) === 0, 100, timeoutMs);
}

/** Stored whole, its digest compared by the recipient on the way in; each segment authenticates on the way out. */
async function checkArrived(b: BenchNode, id: string, sizeBytes: number): Promise<void> {
  const { rows } = await b.pool.query('select body_id, content_size from received_documents where jti = $1', [
    id,
  ]);
  if (rows.length !== 1 || Number(rows[0].content_size) !== sizeBytes)
    throw new Error('the document is not there');
  const read = await b.child().ask('readBodies', [rows[0].body_id]);
  if (read !== sizeBytes) throw new Error(`${read} bytes came back of ${sizeBytes}`);
}

async function idleMib(node: BenchNode): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const sampler = sampleRss(node.child().pid);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  sampler.stop();
  return median(sampler.take());
}
