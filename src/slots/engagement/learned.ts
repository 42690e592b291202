import type { Database } from '../../db/index.ts';
import type { ContactWishes } from '../contact-store.ts';
import type { SlotDeps } from '../deps.ts';
import { type LearnedCursor, type LearnedRow, readLearned } from './learned-store.ts';

/** One thing a customer did, and who learns of it. */
export type Learned = {
  from: { id: string; organizationName: string };
  kind: LearnedRow['kind'];
  at: Date;
  /** The message it is about, as the feed names it. */
  message?: string;
  /**
   * `individual`: the guest was told, or will be, exactly this. `aggregate`: it counts in a figure of many, where one is told.
   * `never`: nobody is told.
   */
  told: 'individual' | 'aggregate' | 'never';
  /** When the guest had it. */
  toldAt?: Date;
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
  deps: Pick<SlotDeps, 'registry' | 'links'> & {
    db: Database;
    requireKnown(customer: string): Promise<ContactWishes>;
  },
): LearnedList {
  return {
    async list(customer, { before, limit }) {
      await deps.requireKnown(customer);
      const rows = await deps.db.withClient((client) => readLearned(client, customer, { before, limit }));
      const links = await deps.links.read([...new Set(rows.map(({ linkId }) => linkId))]);
      const host = deps.registry.self.entityId;
      const events = rows.map((row): Learned => {
        const { peer, kind, at, messageId, individual, toldAt, linkId } = row;
        const agreed = links.get(linkId)?.scopes[host]?.engagement ?? 'none';
        return {
          from: { id: peer, organizationName: deps.registry.peer(peer)?.organizationName ?? peer },
          kind,
          at,
          ...(messageId !== null && { message: messageId }),
          told: individual ? 'individual' : agreed === 'none' ? 'never' : 'aggregate',
          ...(toldAt !== null && { toldAt }),
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
