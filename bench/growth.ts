import { type BenchNode, peerWithLoad, startBenchNode } from './bench-node.ts';
import type { Bench } from './context.ts';
import { sampleRss } from './procfs.ts';
import { CONNECTIONS, checkFired, type Receiver, receiverOf, timedRound } from './receiver.ts';
import type { Result } from './report.ts';
import { describeRound, detailOf, interleaved, type Rounds, ratioOf } from './rounds.ts';
import { figureOf, median, rounded } from './statistics.ts';

const CONTENT_BYTES = 1024;
/** The fill is cut into as many parts; RSS is compared over a few of them before each mark. */
const PARTS = 100;
const PARTS_COMPARED = 3;
const FEW_DOCUMENTS = 1_000;
const STOCK_MARGIN = 1.6;
const PART_TIMEOUT_S = 600;

/** Throughput and memory of a node that has stored many documents, beside one that has stored few. */
export async function benchGrowth(bench: Bench): Promise<Result> {
  const { options, say } = bench;
  const grown = await startBenchNode(bench, 'grown');
  const grownLinks = await peerWithLoad(bench, grown);
  const rss = await fill(bench, grown, grownLinks);

  const few = await startBenchNode(bench, 'few');
  const fewLinks = await peerWithLoad(bench, few);
  // Both begin with what autovacuum would have done by then.
  for (const node of [grown, few]) await node.pool.query('vacuum analyze');
  const rounds: { grown: Rounds; few: Rounds } = { grown: [], few: [] };
  const warm = await warmUp(bench, few, fewLinks);
  const count = Math.ceil(warm * options.seconds * STOCK_MARGIN) + FEW_DOCUMENTS;
  const measure = (node: BenchNode, links: string[], into: Rounds, name: string) => async () => {
    if (node === few) await shrink(bench, few, links);
    await bench.load.ask('prepare', { count, contentBytes: CONTENT_BYTES, aud: node.url, links });
    const round = await timedRound(bench, receiverOf(node), options.seconds);
    into.push(round);
    say(describeRound(name, round));
  };
  await interleaved(
    options.rounds,
    [
      measure(few, fewLinks, rounds.few, `at ${FEW_DOCUMENTS}`),
      measure(grown, grownLinks, rounds.grown, `at ${options.documents}`),
    ],
    async (round) => say(`growth, round ${round + 1} of ${options.rounds}`),
  );
  return {
    figures: { growth_1e6: ratioOf(rounds.grown, rounds.few), rss_drift_mib: rss.drift },
    details: {
      growth: { many: detailOf(rounds.grown), few: detailOf(rounds.few) },
      rss: { atTenthMib: rounded(figureOf(rss.early)), atEndMib: rounded(figureOf(rss.late)) },
    },
  };
}

/** Stores the documents. RSS is looked at under load only, in the parts before a tenth of them and before the end. */
async function fill(bench: Bench, node: BenchNode, links: string[]) {
  const { options, load, say } = bench;
  const receiver = receiverOf(node);
  const count = Math.ceil(options.documents / PARTS);
  const medians: number[] = [];
  const sampler = sampleRss(node.child().pid);
  for (let part = 1; part <= PARTS; part++) {
    await load.ask('prepare', { count, contentBytes: CONTENT_BYTES, aud: node.url, links });
    sampler.take();
    const fired = await load.ask('fire', {
      origin: node.url,
      cursor: receiver.name,
      seconds: PART_TIMEOUT_S,
      connections: CONNECTIONS,
    });
    medians.push(median(sampler.take()));
    checkFired(receiver, fired, fired.acknowledged);
    if (part % (PARTS / 10) === 0) {
      const perS = (fired.acknowledged * 1000) / fired.elapsedMs;
      const rss = medians.at(-1)?.toFixed(0);
      say(`stored ${part * count} of ${PARTS * count}, ${perS.toFixed(0)}/s, RSS ${rss} MiB`);
    }
  }
  sampler.stop();
  const rows = await receiver.countRows();
  if (rows !== PARTS * count) throw new Error(`${PARTS * count} acknowledgements, but ${rows} rows`);
  const early = medians.slice(PARTS / 10 - PARTS_COMPARED, PARTS / 10);
  const late = medians.slice(-PARTS_COMPARED);
  return { early, late, drift: figureOf(late.map((mib, at) => mib - (early[at] as number))) };
}

/** The node's code is warm, its tables as small as they have to be. */
async function shrink(bench: Bench, node: BenchNode, links: string[]): Promise<void> {
  await node.pool.query(
    'truncate inbound_exchanges, bodies, body_segments, evidence_records, received_documents',
  );
  await pushAll(bench, receiverOf(node), links, FEW_DOCUMENTS);
}

async function warmUp(bench: Bench, node: BenchNode, links: string[]): Promise<number> {
  return pushAll(bench, receiverOf(node), links, bench.options.quick ? 500 : 10_000);
}

/** Returns pushes per second. */
async function pushAll(bench: Bench, receiver: Receiver, links: string[], count: number): Promise<number> {
  await bench.load.ask('prepare', { count, contentBytes: CONTENT_BYTES, aud: receiver.origin, links });
  const fired = await bench.load.ask('fire', {
    origin: receiver.origin,
    cursor: receiver.name,
    seconds: PART_TIMEOUT_S,
    connections: CONNECTIONS,
  });
  checkFired(receiver, fired, count);
  return (count * 1000) / fired.elapsedMs;
}
