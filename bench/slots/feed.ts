import { request } from 'undici';
import type { Bench } from '../context.ts';
import { type Latency, PACED_SHARE, pacedRounds } from '../latency.ts';
import { CONNECTIONS, checkAnswers, measured, type Round } from '../receiver.ts';
import type { Result } from '../report.ts';
import { describeRound, detailOf, interleaved, type Rounds, ratioOf } from '../rounds.ts';
import { median } from '../statistics.ts';
import type { FeedCeilingCommands } from './feed-ceiling.ts';
import type { Host } from './host.ts';
import { type Setting, sizeOf } from './setting.ts';

/** What is read when a page names no number. */
const ITEMS = 10;

type Source = { origin: string; token: string | undefined; pid: () => number; before(): Promise<void> };

/** Feeds of customers for whom messages of many guests wait, beside the least that a feed has to do. */
export async function benchFeed(bench: Bench, host: Host, { customers }: Setting): Promise<Result> {
  const { options, load, say, store } = bench;
  const size = sizeOf(bench);
  const paths = customers.map((customer) => `/v1/customers/${customer}/feed`);
  const ceilingDatabase = await store.createDatabase('feed_ceiling');
  const ceilingChild = await bench.start<FeedCeilingCommands>('slots/feed-ceiling.ts', 'feed-ceiling');
  const ceilingOrigin = await ceilingChild.ask('start', {
    databaseUrl: ceilingDatabase.url,
    customers: [...customers],
    each: size.guests * size.capacity,
  });
  const { pool } = host.node;
  const sources = {
    ceiling: { origin: ceilingOrigin, token: undefined, pid: () => ceilingChild.pid, before: async () => {} },
    node: {
      origin: host.origin,
      token: await host.node.child().ask('token', 'vault'),
      pid: host.pid,
      // The first look of a customer in a round takes leases, and what is looked at again is handed out already.
      before: async () => {
        await pool.query('truncate message_displays');
      },
    },
  } satisfies Record<string, Source>;
  type Name = keyof typeof sources;
  for (const source of Object.values(sources)) await checkFeed(source, paths[0] as string);

  const base = ({ origin, token }: Source) => ({
    origin,
    paths,
    token,
    connections: CONNECTIONS,
    seconds: options.seconds,
  });
  const read = async (name: Name): Promise<Round> => {
    const source: Source = sources[name];
    await source.before();
    const { fired, round } = await measured(bench, source, () => load.ask('fireReads', base(source)));
    checkAnswers({ name }, fired);
    return round;
  };
  const pace = async (name: Name): Promise<Latency> => {
    const source: Source = sources[name];
    await source.before();
    await store.checkpoint();
    const paced = await load.ask('paceReads', { ...base(source), ratePerS });
    checkAnswers({ name }, paced);
    return paced;
  };
  const names = ['ceiling', 'node'] as const;
  say('warming up the feed');
  for (const name of names) await read(name);
  const rounds: Record<Name, Rounds> = { ceiling: [], node: [] };
  await interleaved(
    options.rounds,
    names.map((name) => async () => {
      const round = await read(name);
      rounds[name].push(round);
      say(describeRound(name, round));
    }),
    async (round) => say(`feed, round ${round + 1} of ${options.rounds}`),
  );

  const ratePerS = median(rounds.node.map(({ perS }) => perS)) * PACED_SHARE;
  const paced = await pacedRounds(bench, names, pace, async (round) =>
    say(`feed paced at ${ratePerS.toFixed(0)}/s, round ${round + 1} of ${options.rounds}`),
  );
  return {
    figures: { feed: ratioOf(rounds.node, rounds.ceiling), feed_p99_ms: paced.node.p99Ms },
    details: {
      feed: { node: detailOf(rounds.node), ceiling: detailOf(rounds.ceiling) },
      feed_paced: { ratePerS: Math.round(ratePerS), ...paced },
    },
  };
}

/** A feed that is empty, or refused, is read fast. */
async function checkFeed({ origin, token }: Source, path: string): Promise<void> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await request(`${origin}${path}`, { headers });
  const { items } = (await response.body.json()) as { items?: unknown[] };
  if (items?.length !== ITEMS)
    throw new Error(`${origin} shows ${items?.length ?? `nothing (${response.statusCode})`}`);
}
