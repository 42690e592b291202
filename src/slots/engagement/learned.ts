import type { Database } from '../../db/index.ts';
import type { ContactWishes } from '../contact-store.ts';
import type { SlotDeps } from '../deps.ts';
import {
  type LearnedCursor,
  type LearnedRow,
  type MonthAsked,
  readLearned,
  readMonthsKnown,
} from './learned-store.ts';
import { CLOSE_AFTER_MS } from './months.ts';
import { type Told, tellingOf } from './told.ts';

/** One thing a customer did, and who learns of it. */
export type Learned = {
  from: { id: string; organizationName: string };
  kind: LearnedRow['kind'];
  at: Date;
  /** The message it is about, as the feed names it. */
  message?: string;
  told: Told;
  /** When the guest had it, or the figure it counts in. */
  toldAt?: Date;
  /** The kind of engagement that takes it back, while its message can still be shown. */
  undo?: 'restored' | 'unreported';
};

export type LearnedList = {
  /**
   * What guests learn of a customer, word for word, the newest first; `before` continues.
   *
   * @throws Refusal `customer.not_found`
   */
  list(
    customer: string,
    page: { before?: LearnedCursor; limit: number },
  ): Promise<{ events: Learned[]; next: LearnedCursor | null }>;
};

export function createLearnedList(
  deps: Pick<SlotDeps, 'registry' | 'links' | 'clock'> & {
    db: Database;
    requireKnown(customer: string): Promise<ContactWishes>;
  },
): LearnedList {
  return {
    async list(customer, { before, limit }) {
      await deps.requireKnown(customer);
      const { rows, months } = await deps.db.withClient(async (client) => {
        const read = await readLearned(client, customer, { before, limit });
        const reading = { now: new Date(deps.clock.nowMs()), closeAfterMs: CLOSE_AFTER_MS };
        const known = await readMonthsKnown(client, customer, monthsOf(read), reading);
        return { rows: read, months: new Map(known.map((month) => [keyOf(month), month])) };
      });
      const concerned = [
        ...rows.map(({ linkId }) => linkId),
        ...[...months.values()].flatMap((m) => m.links),
      ];
      const links = await deps.links.read([...new Set(concerned)]);
      const host = deps.registry.self.entityId;
      const agreed = (linkId: string) => {
        const link = links.get(linkId);
        return (link?.state === 'active' ? link.scopes[host]?.engagement : undefined) ?? 'none';
      };
      const events = rows.map((row): Learned => {
        const { peer, kind, at, messageId, month, undo } = row;
        return {
          from: { id: peer, organizationName: deps.registry.peer(peer)?.organizationName ?? peer },
          kind,
          at,
          ...(messageId !== null && { message: messageId }),
          ...tellingOf(row, {
            month: month === null ? undefined : months.get(keyOf({ peer, month })),
            agreed,
          }),
          ...(undo !== null && { undo }),
        };
      });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        events,
        next: last === undefined ? null : { at: last.at, kind: last.kind, id: last.messageId ?? last.linkId },
      };
    },
  };
}

const keyOf = ({ peer, month }: MonthAsked) => `${month} ${peer}`;

/** Each once. */
function monthsOf(rows: readonly LearnedRow[]): MonthAsked[] {
  const asked = rows.flatMap(({ peer, month }) => (month === null ? [] : [{ peer, month }]));
  return [...new Map(asked.map((one) => [keyOf(one), one])).values()];
}
