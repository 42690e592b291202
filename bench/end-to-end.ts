import { type BenchNode, peerNodes, peerWithLoad, startBenchNode } from './bench-node.ts';
import type { Bench } from './context.ts';
import { eventually } from './eventually.ts';
import { cpuUs } from './procfs.ts';
import { CONNECTIONS, countOf, type Receiver, timedRound } from './receiver.ts';
import type { Result } from './report.ts';
import { describeRound, detailOf, type Rounds, ratioOf } from './rounds.ts';

const CONTENT_BYTES = 1024;
const FIRST_COUNT = 1_500;
const QUICK_COUNT = 200;
const STOCK_MARGIN = 1.6;

/** Documents from A to B, from the first submission until both sides hold all evidence, beside the receive ceiling. */
export async function benchEndToEnd(bench: Bench, ceiling: Receiver): Promise<Result> {
  const { options, load, say } = bench;
  const a = await startBenchNode(bench, 'node-a');
  const b = await startBenchNode(bench, 'node-b');
  const links = await peerNodes(bench, a, b);
  const ceilingLinks = await peerWithLoad(bench, b);
  const ours: Rounds = [];
  const ceilings: Rounds = [];

  let count = options.quick ? QUICK_COUNT : FIRST_COUNT;
  say(`warming up both nodes with ${count} documents`);
  const warm = await exchange(bench, a, b, links, count);
  let ceilingPerS = warm.perS * 5;
  for (let round = 0; round < options.rounds; round++) {
    say(`end to end, round ${round + 1} of ${options.rounds}`);
    if (!options.quick) count = Math.ceil((ours.at(-1) ?? warm).perS * options.seconds);
    const exchanged = await exchange(bench, a, b, links, count);
    ours.push(exchanged);
    say(describeRound('a to b', exchanged));
    const stock = Math.ceil(ceilingPerS * options.seconds * STOCK_MARGIN);
    await load.ask('prepare', { count: stock, contentBytes: CONTENT_BYTES, aud: b.url, links: ceilingLinks });
    const most = await timedRound(bench, ceiling, options.seconds);
    ceilingPerS = most.perS;
    ceilings.push(most);
    say(describeRound('ceiling', most));
  }
  return {
    figures: { end_to_end: ratioOf(ours, ceilings) },
    details: { end_to_end: { both_nodes: detailOf(ours), ceiling: detailOf(ceilings) } },
  };
}

async function exchange(
  bench: Bench,
  a: BenchNode,
  b: BenchNode,
  links: string[],
  count: number,
): Promise<Rounds[number]> {
  const { store } = bench;
  await store.checkpoint();
  const before = await evidenceOf(a, b);
  const pids = [a.child().pid, b.child().pid];
  const nodesBefore = pids.reduce((sum, pid) => sum + cpuUs(pid), 0);
  const storeBefore = store.cpuUs();
  const startMs = performance.now();
  await a.child().ask('submit', { links, count, contentBytes: CONTENT_BYTES, concurrency: CONNECTIONS });
  await eventually(async () => (await countOf(a.pool, 'deliveries')) === 0);
  const elapsedMs = performance.now() - startMs;
  const nodesUsed = pids.reduce((sum, pid) => sum + cpuUs(pid), 0) - nodesBefore;
  const storeUsed = store.cpuUs() - storeBefore;
  const after = await evidenceOf(a, b);
  for (const [what, rows] of Object.entries(after)) {
    const added = rows - (before[what] ?? 0);
    if (added !== count) throw new Error(`${count} documents, but ${added} more of ${what}`);
  }
  return { perS: (count * 1000) / elapsedMs, nodeUs: nodesUsed / count, postgresUs: storeUsed / count };
}

/** What each document must have added, once. */
async function evidenceOf(a: BenchNode, b: BenchNode): Promise<Record<string, number>> {
  const records = (node: BenchNode, event: string) =>
    countOf(node.pool, `evidence_records where event = '${event}' and exchange_iss = '${a.url}'`);
  return {
    'submissions recorded by A': await records(a, 'SubmissionAcceptance'),
    'receipts held by A': await records(a, 'RelayAcceptance'),
    'receipts recorded by A': await records(a, 'ReceiptStored'),
    'receipts given by B': await records(b, 'RelayAcceptance'),
    'documents in B': await countOf(b.pool, `received_documents where iss = '${a.url}'`),
    'accepted documents in A': await countOf(a.pool, `sent_documents where state = 'accepted'`),
  };
}
