import { type BenchNode, peerWithLoad, startBenchNode } from './bench-node.ts';
import type { Bench } from './context.ts';
import { type Latency, PACED_SHARE, pacedRounds } from './latency.ts';
import { CONNECTIONS, checkFired, type Receiver, receiverOf, startNaive, timedRound } from './receiver.ts';
import type { Result } from './report.ts';
import { describeRound, detailOf, interleaved, type Rounds, ratioOf } from './rounds.ts';
import { median } from './statistics.ts';

const SIZES = { '1k': 1024, '20k': 20 * 1024 } as const;
const WARM_UP_PUSHES = 6_000;
const QUICK_WARM_UP_PUSHES = 200;
/** More than a round can take, since a variant may be quicker than when it was cold. */
const STOCK_MARGIN = 1.6;
const STOCK_LEAST = 500;

/** The receive path beside its ceiling and the naive receivers, then its latencies at a fixed rate. */
export async function benchReceive(bench: Bench, ceiling: Receiver): Promise<Result> {
  const { options, store, say } = bench;
  const node = await startBenchNode(bench, 'receiver');
  const links = await peerWithLoad(bench, node);
  const ours = receiverOf(node);
  const naive = await startNaive(bench, false);
  const naiveLog = await startNaive(bench, true);
  const rates = await warmUp(bench, node, links, [ceiling, ours, naive, naiveLog], SIZES['1k']);
  const results: Result = { figures: {}, details: {} };

  const small = await runRounds(bench, node, links, SIZES['1k'], rates, {
    ceiling: () => timedRound(bench, ceiling, options.seconds),
    node: () => timedRound(bench, ours, options.seconds),
    naive: () => timedRound(bench, naive, options.seconds),
    naive_log: () => timedRound(bench, naiveLog, options.seconds),
    node_slow_disk: async () => {
      say(`  slow disk: a commit costs ${(await store.slowDisk(true)).toFixed(2)} ms`);
      const round = await timedRound(bench, ours, options.seconds);
      await store.slowDisk(false);
      return round;
    },
  });
  results.figures['receive_1k'] = ratioOf(small.node, small.ceiling);
  results.figures['receive_vs_naive_log'] = ratioOf(small.node, small.naive_log);
  results.figures['receive_slow_fsync'] = ratioOf(small.node_slow_disk, small.node);
  results.details['receive_1k'] = detailsOf(small);

  const maximum = median(small.node.map(({ perS }) => perS));
  const paced = await benchLatency(bench, node, ceiling, links, maximum);
  Object.assign(results.figures, paced.figures);
  Object.assign(results.details, paced.details);

  const largeRates = await warmUp(bench, node, links, [ceiling, ours], SIZES['20k']);
  const large = await runRounds(bench, node, links, SIZES['20k'], largeRates, {
    ceiling: () => timedRound(bench, ceiling, options.seconds),
    node: () => timedRound(bench, ours, options.seconds),
  });
  results.figures['receive_20k'] = ratioOf(large.node, large.ceiling);
  results.details['receive_20k'] = detailsOf(large);
  return results;
}

type Variants = Record<string, () => Promise<Rounds[number]>>;

async function runRounds<V extends Variants>(
  bench: Bench,
  node: BenchNode,
  links: string[],
  contentBytes: number,
  rates: Map<string, number>,
  variants: V,
): Promise<Record<keyof V, Rounds>> {
  const { options, say, load } = bench;
  const names = Object.keys(variants) as (keyof V & string)[];
  const rounds = Object.fromEntries(names.map((name) => [name, [] as Rounds])) as Record<keyof V, Rounds>;
  // The node meets the stock twice where it has a slow disk too.
  const fastest = Math.max(rates.get('ceiling') ?? 0, 2 * (rates.get('node') ?? 0));
  const count = Math.ceil(fastest * options.seconds * STOCK_MARGIN) + STOCK_LEAST;
  await interleaved(
    options.rounds,
    names.map((name) => async () => {
      const round = await (variants[name] as () => Promise<Rounds[number]>)();
      rounds[name].push(round);
      say(describeRound(name, round));
    }),
    async (round) => {
      say(`receive ${contentBytes} bytes, round ${round + 1} of ${options.rounds}`);
      await load.ask('prepare', { count, contentBytes, aud: node.url, links });
    },
  );
  return rounds;
}

/** Lets the compilers see each receiver's code, and learns how much stock a round needs. */
async function warmUp(
  bench: Bench,
  node: BenchNode,
  links: string[],
  receivers: Receiver[],
  contentBytes: number,
): Promise<Map<string, number>> {
  const { options, load, say } = bench;
  const count = options.quick ? QUICK_WARM_UP_PUSHES : WARM_UP_PUSHES;
  say(`warming up with ${contentBytes} bytes`);
  await load.ask('prepare', { count, contentBytes, aud: node.url, links });
  const rates = new Map<string, number>();
  for (const receiver of receivers) {
    rates.set(receiver.name, (await timedRound(bench, receiver, options.quick ? 1 : 3)).perS);
  }
  return rates;
}

/**
 * The ceiling is sent as much at the same rate, which tells what machine, disk and load generator make of it.
 */
async function benchLatency(
  bench: Bench,
  node: BenchNode,
  ceiling: Receiver,
  links: string[],
  maximumPerS: number,
): Promise<Result> {
  const { options, load, store, say } = bench;
  const ratePerS = maximumPerS * PACED_SHARE;
  const receivers = { ceiling, node: receiverOf(node) };

  async function pace(name: keyof typeof receivers): Promise<Latency> {
    const receiver = receivers[name];
    await store.checkpoint();
    const rowsBefore = await receiver.countRows();
    const paced = await load.ask('pace', {
      origin: receiver.origin,
      cursor: receiver.name,
      seconds: options.seconds,
      connections: CONNECTIONS,
      ratePerS,
    });
    checkFired(receiver, paced, (await receiver.countRows()) - rowsBefore);
    return paced;
  }

  const paced = await pacedRounds(bench, ['ceiling', 'node'], pace, async (round) => {
    say(`paced at ${ratePerS.toFixed(0)}/s, round ${round + 1} of ${options.rounds}`);
    const count = Math.ceil(ratePerS * options.seconds) + 1;
    await load.ask('prepare', { count, contentBytes: SIZES['1k'], aud: node.url, links });
  });
  return {
    figures: { p99_ms_at_60: paced.node.p99Ms },
    details: { paced: { ratePerS: Math.round(ratePerS), ...paced } },
  };
}

function detailsOf(rounds: Record<string, Rounds>): Record<string, object> {
  return Object.fromEntries(Object.entries(rounds).map(([name, of]) => [name, detailOf(of)]));
}
