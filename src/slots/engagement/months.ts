import { createSweeper, type Sweeper, type Tx } from '../../db/index.ts';
import { tellOfGroup } from '../../protocol/slot/engagement.ts';
import type { SlotDeps } from '../deps.ts';
import {
  addMembers,
  beginMonth,
  type Candidate,
  countGroup,
  endGroup,
  forgetGroups,
  insertMonth,
  type Month,
  readCandidates,
  readDifferences,
  readOpenMonths,
  removeKnown,
} from './month-store.ts';
import { claimable } from './report-store.ts';

const HOUR_MS = 3_600_000;
/** What was sent on a month's last day is still looked at: so long after it, what customers did is counted. */
export const CLOSE_AFTER_MS = 7 * 24 * HOUR_MS;
/** Groups told of before, that a new one is held against. Who was in earlier ones is forgotten. */
const COMPARED_GROUPS = 24;
const LINKS_AT_ONCE = 1000;
const NIL = '00000000-0000-0000-0000-000000000000';

export type EngagementMonths = {
  /** Closes months that are over, each guest's by itself. */
  close(now: Date): Promise<void>;
  readonly sweeper: Sweeper;
};

/** Counts, once a month and for each guest, what its customers did, where enough of them agreed to be counted. */
export function createEngagementMonths(deps: SlotDeps): EngagementMonths {
  const { db, registry } = deps;

  /** By what their link allows: to be counted, or told of one by one. */
  async function sort(candidates: readonly Candidate[]): Promise<{ counted: Candidate[]; known: string[] }> {
    const host = registry.self.entityId;
    const links = await deps.links.read(candidates.map(({ linkId }) => linkId));
    const agreed = ({ linkId }: Candidate) => {
      const link = links.get(linkId);
      return link?.state === 'active' ? link.scopes[host]?.engagement : 'none';
    };
    return {
      counted: candidates.filter((one) => agreed(one) === 'aggregate'),
      known: candidates.filter((one) => agreed(one) === 'individual').map(({ customerId }) => customerId),
    };
  }

  async function gather(tx: Tx, month: Month): Promise<void> {
    const known: string[] = [];
    let after = NIL;
    for (;;) {
      const page = await readCandidates(tx, { ...month, after, limit: LINKS_AT_ONCE });
      const sorted = await sort(page);
      await addMembers(tx, month, sorted.counted);
      known.push(...sorted.known);
      if (page.length < LINKS_AT_ONCE) break;
      after = page.at(-1)?.linkId ?? NIL;
    }
    await removeKnown(tx, month, known);
  }

  async function closeIn(tx: Tx, month: Month, now: Date): Promise<void> {
    if (!(await beginMonth(tx, month))) return;
    await gather(tx, month);
    const { customers, did } = await countGroup(tx, month);
    const differences = await readDifferences(tx, month);
    const said = tellOfGroup({ k: deps.options.minGroupSize, customers, differences, did });
    await insertMonth(tx, month.peer, { month: month.month, ...said }, now);
    await endGroup(tx, month, said.customers !== undefined);
    await forgetGroups(tx, month.peer, COMPARED_GROUPS);
    await claimable(tx, [month.peer]);
  }

  async function close(now: Date): Promise<void> {
    const ended = new Date(now.getTime() - CLOSE_AFTER_MS);
    for (const { peer, month } of await db.withClient((client) => readOpenMonths(client, ended))) {
      const from = new Date(`${month}-01T00:00:00Z`);
      const until = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
      const doneUntil = new Date(until.getTime() + CLOSE_AFTER_MS);
      await db.transact((tx) => closeIn(tx, { peer, month, from, until, doneUntil }, now));
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
