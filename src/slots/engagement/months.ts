import { createSweeper, type Sweeper, type Tx } from '../../db/index.ts';
import { FIGURES, type Figure, tellOfGroup } from '../../protocol/slot/engagement.ts';
import type { SlotDeps } from '../deps.ts';
import {
  type Candidate,
  insertGroup,
  insertMonth,
  readCandidates,
  readOpenMonths,
  readToldGroups,
} from './month-store.ts';
import { claimable } from './report-store.ts';

const HOUR_MS = 3_600_000;
/** What was sent on a month's last day is still looked at: so long after it, what customers did is counted. */
const CLOSE_AFTER_MS = 7 * 24 * HOUR_MS;
/** Groups told of before, that a new one is held against. */
const COMPARED_GROUPS = 24;
const LINKS_AT_ONCE = 1000;

export type EngagementMonths = {
  /** Closes months that are over, each guest's by itself. */
  close(now: Date): Promise<void>;
  readonly sweeper: Sweeper;
};

/** Counts, once a month and for each guest, what its customers did, where enough of them agreed to be counted. */
export function createEngagementMonths(deps: SlotDeps): EngagementMonths {
  const { db, registry } = deps;

  async function agreed(candidates: readonly Candidate[]): Promise<Candidate[]> {
    const host = registry.self.entityId;
    const ids = candidates.map(({ linkId }) => linkId);
    const may = new Set<string>();
    for (let from = 0; from < ids.length; from += LINKS_AT_ONCE) {
      for (const [id, link] of await deps.links.read(ids.slice(from, from + LINKS_AT_ONCE))) {
        const engagement = link.scopes[host]?.engagement ?? 'none';
        if (link.state === 'active' && engagement !== 'none') may.add(id);
      }
    }
    return candidates.filter(({ linkId }) => may.has(linkId));
  }

  async function closeIn(tx: Tx, peer: string, month: string, counted: readonly Candidate[], now: Date) {
    // A customer with two accounts is one.
    const byCustomer = Map.groupBy(counted, ({ customerId }) => customerId);
    const group = new Set(byCustomer.keys());
    const did = Object.fromEntries(FIGURES.map((figure) => [figure, 0])) as Record<Figure, number>;
    for (const links of byCustomer.values()) {
      for (const figure of new Set(links.flatMap((one) => one.did))) did[figure]++;
    }
    const told = await readToldGroups(tx, peer, COMPARED_GROUPS);
    const said = tellOfGroup({ k: deps.options.minGroupSize, group, told, did });
    if (!(await insertMonth(tx, peer, { month, ...said }, now))) return;
    if (said.customers !== undefined) await insertGroup(tx, peer, month, [...group]);
    await claimable(tx, [peer]);
  }

  async function close(now: Date): Promise<void> {
    const doneUntil = new Date(now.getTime() - CLOSE_AFTER_MS);
    for (const { peer, month } of await db.withClient((client) => readOpenMonths(client, doneUntil))) {
      const from = new Date(`${month}-01T00:00:00Z`);
      const until = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
      const span = { peer, from, until, doneUntil: new Date(until.getTime() + CLOSE_AFTER_MS) };
      const candidates = await db.transact((tx) => readCandidates(tx, span));
      const counted = await agreed(candidates);
      await db.transact((tx) => closeIn(tx, peer, month, counted, now));
    }
  }

  return {
    close,
    sweeper: createSweeper({
      intervalMs: HOUR_MS,
      round: async () => {
        await close(new Date(deps.clock.nowMs()));
        return false;
      },
      onError: deps.onError,
    }),
  };
}
