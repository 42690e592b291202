import type { BenchNode } from '../bench-node.ts';
import type { Bench } from '../context.ts';
import { eventually } from '../eventually.ts';
import { CONNECTIONS, checkFired, countOf, type Receiver, type Round, timedRound } from '../receiver.ts';
import type { GuestPlan } from './messages.ts';
import { sizeOf, TIMED_SLOT } from './setting.ts';

/** A node that takes messages in. Every one it acknowledged stands in its slot and in its ledger, which has no gap. */
export type Host = Receiver & {
  readonly node: BenchNode;
  /** Takes the messages of timed rounds out of their slot again, so that all rounds begin alike. */
  clear(): Promise<void>;
  /** Forgets every message, with all that was kept of it. */
  empty(): Promise<void>;
};

export function hostOf(node: BenchNode): Host {
  const { pool } = node;
  let cleared = 0;
  return {
    node,
    name: node.name,
    origin: node.url,
    pid: () => node.child().pid,
    async countRows() {
      const taken = await countOf(
        pool,
        `inbound_exchanges where act = 'slot.message' and outcome = 'accepted'`,
      );
      const others = {
        'messages in slots': (await countOf(pool, 'hosted_messages')) + cleared,
        'entries of the ledger': await countOf(pool, `ledger_entries where role = 'host'`),
        'ends of its sequences': await endsOf(pool),
      };
      for (const [what, rows] of Object.entries(others))
        if (rows !== taken) throw new Error(`${node.name}: ${taken} messages taken, but ${rows} ${what}`);
      return taken;
    },
    async clear() {
      const { rowCount } = await pool.query('delete from hosted_messages where slot = $1', [TIMED_SLOT]);
      cleared += rowCount ?? 0;
      await pool.query('vacuum analyze hosted_messages');
    },
    async empty() {
      await pool.query(
        `truncate inbound_exchanges, bodies, body_segments, evidence_records, hosted_messages, message_displays,
           engagement_reports, ledger_sequences, ledger_entries, ledger_statements, ledger_disputes, ledger_tellings,
           ledger_exchanges`,
      );
      cleared = 0;
    },
  };
}

async function endsOf(pool: BenchNode['pool']): Promise<number> {
  const { rows } = await pool.query(
    `select coalesce(sum(seq), 0)::int as sum from ledger_sequences where role = 'host'`,
  );
  return rows[0].sum;
}

/** One timed round of messages of these guests to their customers. */
export async function messageRound(
  bench: Bench,
  host: Host,
  guests: readonly GuestPlan[],
  count: number,
): Promise<Round> {
  await host.clear();
  await quiet(host);
  // No more than their customers have room for.
  const room = guests.reduce((sum, { links }) => sum + links.length, 0) * sizeOf(bench).capacity;
  await bench.load.ask('prepareMessages', {
    count: Math.min(count, room),
    aud: host.origin,
    slot: TIMED_SLOT,
    guests,
  });
  return timedRound(bench, host, bench.options.seconds);
}

/** Sends as many messages as there are, and returns how many a second were taken. */
export async function fillSlot(
  bench: Bench,
  host: Host,
  plan: { guests: readonly GuestPlan[]; slot: string; count: number },
): Promise<number> {
  const { load } = bench;
  await load.ask('prepareMessages', { ...plan, aud: host.origin });
  const fired = await load.ask('fire', {
    origin: host.origin,
    cursor: host.name,
    seconds: FILL_TIMEOUT_S,
    connections: CONNECTIONS,
  });
  checkFired(host, fired, plan.count);
  return (plan.count * 1000) / fired.elapsedMs;
}

const FILL_TIMEOUT_S = 600;

/** Every guest has been told of every entry: nobody pays in a round for what is left of another one. */
export async function quiet({ node }: Host): Promise<void> {
  const untold = `ledger_sequences s join ledger_tellings t on t.agreement = s.agreement and t.lane = 'entries'
    where s.role = 'host' and s.seq > t.told`;
  await eventually(async () => (await countOf(node.pool, untold)) === 0, 100);
}
