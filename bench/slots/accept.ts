import { startBenchNode } from '../bench-node.ts';
import type { Bench } from '../context.ts';
import { type Receiver, type Round, startCeiling, startNaive, timedRound } from '../receiver.ts';
import type { Result } from '../report.ts';
import { describeRound, detailOf, interleaved, type Rounds, ratioOf } from '../rounds.ts';
import { hostOf, messageRound } from './host.ts';
import type { GuestPlan } from './messages.ts';
import { host, sizeOf, TIMED_SLOT } from './setting.ts';

const STOCK_MARGIN = 1.6;
const FIRST_STOCK = 6_000;
const QUICK_STOCK = 400;

/**
 * Messages with all rules on, each an entry of the ledger: from some guests, from one (a hot pair), and from as many as
 * there are pairs; beside the receive ceiling, and beside a receiver that locks its log's head for each push.
 */
export async function benchAccept(bench: Bench, entityIds: readonly string[]): Promise<Result> {
  const { options, load, say } = bench;
  const size = sizeOf(bench);
  const ceiling = await startCeiling(bench);
  const naiveLog = await startNaive(bench, true);
  const node = await startBenchNode(bench, 'slots');
  const messages = hostOf(node);
  const { guests } = await host(bench, node, entityIds);
  const some = guests.slice(0, size.guests);

  const stocks = new Map<string, number>();
  const stockOf = (name: string) => stocks.get(name) ?? (options.quick ? QUICK_STOCK : FIRST_STOCK);
  const ofGuests = (from: readonly GuestPlan[]) => (name: string) =>
    messageRound(bench, messages, from, stockOf(name));
  const alone = (receiver: Receiver) => async (name: string) => {
    const plan = { count: stockOf(name), aud: node.url, slot: TIMED_SLOT, guests: some };
    await load.ask('prepareMessages', plan);
    return timedRound(bench, receiver, options.seconds);
  };
  const variants = {
    ceiling: alone(ceiling),
    naive_log: alone(naiveLog),
    messages: ofGuests(some),
    hot_pair: ofGuests(guests.slice(0, 1)),
    all_pairs: ofGuests(guests),
  };
  type Name = keyof typeof variants;
  const names = Object.keys(variants) as Name[];
  const rounds = Object.fromEntries(names.map((name) => [name, [] as Rounds])) as Record<Name, Rounds>;
  const play = async (name: Name): Promise<Round> => {
    const round = await variants[name](name);
    stocks.set(name, Math.ceil(round.perS * options.seconds * STOCK_MARGIN) + QUICK_STOCK);
    return round;
  };
  say('warming up');
  for (const name of names) await play(name);
  await interleaved(
    options.rounds,
    names.map((name) => async () => {
      const round = await play(name);
      rounds[name].push(round);
      say(describeRound(name, round));
    }),
    async (round) => say(`messages, round ${round + 1} of ${options.rounds}`),
  );
  return {
    figures: {
      slots_receive: ratioOf(rounds.messages, rounds.ceiling),
      ledger_hot_pair: ratioOf(rounds.hot_pair, rounds.ceiling),
      ledger_1000_pairs: ratioOf(rounds.all_pairs, rounds.ceiling),
      ledger_vs_naive_log: ratioOf(rounds.hot_pair, rounds.naive_log),
    },
    details: { messages: Object.fromEntries(names.map((name) => [name, detailOf(rounds[name])])) },
  };
}
