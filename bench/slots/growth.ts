import { startBenchNode } from '../bench-node.ts';
import type { Bench } from '../context.ts';
import type { Result } from '../report.ts';
import { describeRound, detailOf, interleaved, type Rounds, ratioOf } from '../rounds.ts';
import { fillSlot, type Host, hostOf, messageRound, quiet } from './host.ts';
import type { GuestPlan } from './messages.ts';
import { FILLED_SLOT, host, type Setting, type Size, sizeOf } from './setting.ts';

/** The fill is cut into as many parts. */
const PARTS = 100;
/** One message in a hundred of the grown node is stored by the small one. */
const SMALL_SHARE = 100;
const STOCK_MARGIN = 1.6;

export type Grown = { host: Host; setting: Setting };

/** A node that hosts messages of many guests to all their customers: its slots are full. */
export async function grow(bench: Bench, entityIds: readonly string[]): Promise<Grown> {
  const size = sizeOf(bench);
  const node = await startBenchNode(bench, 'grown');
  const setting = await host(bench, node, entityIds.slice(0, size.guests));
  const grown = hostOf(node);
  await fill(bench, grown, setting.guests, size.capacity);
  await quiet(grown);
  await node.pool.query('vacuum analyze');
  return { host: grown, setting };
}

/**
 * What a message costs there, beside a node that stores a hundredth. The customers who are sent to have as many messages of
 * their guest on both, so that it is what is stored besides that is compared.
 */
export async function benchGrowth(
  bench: Bench,
  { host: grown, setting }: Grown,
  entityIds: readonly string[],
): Promise<Result> {
  const { options, say } = bench;
  const size = sizeOf(bench);
  const node = await startBenchNode(bench, 'small');
  const small = hostOf(node);
  const smallSetting = await host(bench, node, entityIds.slice(0, 1));
  const smallGuests = sentTo(smallSetting, size);
  const grownGuests = sentTo(setting, size);
  const rounds: { grown: Rounds; small: Rounds } = { grown: [], small: [] };

  const room = smallGuests.reduce((sum, { links }) => sum + links.length, 0) * size.capacity;
  let count = Math.min(6_000, room);
  const play = async (name: 'grown' | 'small') => {
    if (name === 'small') await shrink(bench, small, smallGuests, size);
    const [receiver, guests] = name === 'small' ? [small, smallGuests] : [grown, grownGuests];
    return messageRound(bench, receiver, guests, count);
  };
  say('warming up');
  for (const name of ['small', 'grown'] as const) {
    const { perS } = await play(name);
    count = Math.min(room, Math.max(count, Math.ceil(perS * options.seconds * STOCK_MARGIN)));
  }
  await interleaved(
    options.rounds,
    (['small', 'grown'] as const).map((name) => async () => {
      const round = await play(name);
      rounds[name].push(round);
      say(describeRound(name, round));
    }),
    async (round) => say(`growth, round ${round + 1} of ${options.rounds}`),
  );
  return {
    figures: { slots_growth_1e6: ratioOf(rounds.grown, rounds.small) },
    details: { growth: { grown: detailOf(rounds.grown), small: detailOf(rounds.small) } },
  };
}

/** One guest, and as many of its customers as make up the small node's share. */
function sentTo({ guests }: Setting, size: Size): GuestPlan[] {
  const [first] = guests as readonly [GuestPlan];
  const customers = Math.max(5, Math.ceil((size.customers * size.guests) / SMALL_SHARE));
  return [{ ...first, links: first.links.slice(0, customers) }];
}

async function shrink(bench: Bench, small: Host, guests: readonly GuestPlan[], size: Size): Promise<void> {
  await quiet(small);
  await small.empty();
  await fill(bench, small, guests, size.capacity);
  await small.node.pool.query('vacuum analyze');
}

async function fill(bench: Bench, into: Host, guests: readonly GuestPlan[], each: number): Promise<void> {
  const total = guests.reduce((sum, { links }) => sum + links.length, 0) * each;
  const perCustomer = guests.length;
  // Whole turns of all guests, so that the parts together give each of their customers as many.
  const part = Math.max(perCustomer, Math.ceil(total / PARTS / perCustomer) * perCustomer);
  const links = (guests[0] as GuestPlan).links.length;
  let turns = 0;
  for (let stored = 0; stored < total; ) {
    const count = Math.min(part, total - stored);
    const offset = turns % links;
    const rotated = guests.map((guest) => ({
      ...guest,
      links: [...guest.links.slice(offset), ...guest.links.slice(0, offset)],
    }));
    const perS = await fillSlot(bench, into, { guests: rotated, slot: FILLED_SLOT, count });
    stored += count;
    turns += count / perCustomer;
    if (total > 100_000 && Math.floor((stored * 10) / total) > Math.floor(((stored - count) * 10) / total))
      bench.say(`stored ${stored} of ${total}, ${perS.toFixed(0)}/s`);
  }
}
