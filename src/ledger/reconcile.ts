import type { Tx } from '../db/index.ts';
import { unitsOf } from '../protocol/ledger/entry.ts';
import { readUnposted, readUnsettled, type StoredContact } from './contact-store.ts';
import { readDisputes } from './dispute-store.ts';
import { readEntriesAfter, readEntriesAt } from './entry-store.ts';
import { findOverdue } from './overdue.ts';
import type { Sequence } from './sequence-store.ts';

/**
 * Why both books may differ, each by its exchange. `units`: what the peer's balance will change by once it is settled, as
 * far as that is known.
 */
export type Difference = {
  /**
   * `unacknowledged`: written here, and not applied by the peer yet. `unposted`: accepted by the peer, its entry is on its
   * way. `unsettled`: sent, without a signed answer. `missing`, `unreversed`: overdue, by the peer's own signatures.
   * `disputed`: the peer's entry is wrong. `objected`: the peer says so of an own entry.
   */
  kind: 'unacknowledged' | 'unposted' | 'unsettled' | 'missing' | 'unreversed' | 'disputed' | 'objected';
  side: 'hosted' | 'granted';
  exchange: string;
  seq?: number;
  units: number;
  reason?: string;
};

export type Reconciliation = {
  /** This node's total of what it hosted, and the total at which the peer has taken it. */
  hosted: { total: number; told: number };
  /** The peer's total of what it hosted, as its entries say, and what of it is acknowledged here. */
  granted: { total: number; acknowledged: number };
  /** The most important kinds first; at most so many of each. */
  differences: Difference[];
  /** Whether there are more than are shown. */
  more: boolean;
};

/** Of each kind. */
const SHOWN = 200;

export async function reconcile(
  client: Tx['client'],
  given: { agreement: string; host: Sequence | undefined; guest: Sequence | undefined; told: number },
): Promise<Reconciliation> {
  const { agreement, host, guest, told } = given;
  const toldEntry = await readEntriesAt(client, 'host', [{ agreement, seq: told }]);
  const under = await readEntriesAfter(client, { agreement, role: 'host' }, { after: told }, SHOWN + 1);
  const disputes = await readDisputes(client, { agreement, open: true }, 2 * SHOWN + 1);
  const disputed = disputes.filter(({ role, seq, reason }) => {
    return role === 'guest' && seq !== null && reason !== 'unreversed';
  });
  const wrong = new Map(
    (
      await readEntriesAt(
        client,
        'guest',
        disputed.map(({ seq }) => ({ agreement, seq: seq as number })),
      )
    ).map((entry) => [entry.seq, entry]),
  );
  const overdue = guest === undefined ? [] : await findOverdue(client, [guest]);
  const late = new Set(overdue.map(({ exchange }) => exchange));
  const soon = [{ agreement, before: new Date(8.64e15 / 1000) }];
  const unposted = (await readUnposted(client, soon, SHOWN + 1)).filter(
    ({ exchange }) => !late.has(exchange),
  );
  const unsettled = await readUnsettled(client, agreement, SHOWN + 1);
  const ofContact =
    (kind: Difference['kind']) =>
    ({ exchange, weight }: StoredContact): Difference => ({ kind, side: 'granted', exchange, units: weight });

  const groups: Difference[][] = [
    disputed.map(({ seq, exchange, reason }) => {
      const entry = wrong.get(seq as number);
      const units = entry === undefined ? 0 : unitsOf(entry);
      return { kind: 'disputed', side: 'granted', exchange, seq: seq as number, units, reason };
    }),
    disputes
      .filter(({ role }) => role === 'host')
      .map(({ seq, exchange, reason }) => {
        const own = { kind: 'objected' as const, side: 'hosted' as const, exchange, units: 0, reason };
        return { ...own, ...(seq !== null && { seq }) };
      }),
    overdue.map(({ seq, exchange, reason }) => {
      const found = { kind: reason as 'missing' | 'unreversed', side: 'granted' as const, exchange };
      return { ...found, ...(seq !== null && { seq }), units: 0 };
    }),
    under.map((entry) => {
      const { seq, exchange } = entry;
      return { kind: 'unacknowledged', side: 'hosted', exchange, seq, units: unitsOf(entry) };
    }),
    unposted.map(ofContact('unposted')),
    unsettled.map(ofContact('unsettled')),
  ];
  return {
    hosted: { total: host?.total ?? 0, told: toldEntry[0]?.total ?? 0 },
    granted: { total: guest?.total ?? 0, acknowledged: guest?.counted ?? 0 },
    differences: groups.flatMap((group) => group.slice(0, SHOWN)),
    more: groups.some((group) => group.length > SHOWN),
  };
}
