import type { Database } from '../db/index.ts';
import { CLOCK_SKEW_S } from '../protocol/time.ts';
import type { ContactWishes } from './contact-store.ts';
import { lockContacts } from './contact-store.ts';
import { type Engagement, type HandedOut, lockHandedOut, writeEngagement } from './display-store.ts';
import { readNow } from './feed-store.ts';

/** What a customer did with a message, as their page tells it. */
export type EngagementEvent = { message: string; kind: Engagement; at: Date };

export type EngagementResult = { recorded: number; ignored: { index: number; code: IgnoredCode }[] };

/**
 * `unknown`: never handed out to this customer. `future`: over a minute ahead of this node's clock. `late`: the lease has
 * ended, and its place may be another message's by now; the page has to fetch the feed again.
 */
export type IgnoredCode = 'event.unknown' | 'event.future' | 'event.late';

export type Engagements = {
  /** Keeps the first time of each kind; told again changes nothing. @throws Refusal `customer.not_found` */
  record(customer: string, events: readonly EngagementEvent[]): Promise<EngagementResult>;
};

const SKEW_MS = CLOCK_SKEW_S * 1000;

export function createEngagements(deps: {
  db: Database;
  requireKnown(customer: string): Promise<ContactWishes>;
}): Engagements {
  return {
    async record(customer, events) {
      await deps.requireKnown(customer);
      return deps.db.transact(async (tx) => {
        await lockContacts(tx, [customer]);
        const now = await readNow(tx);
        const ids = [...new Set(events.map((event) => event.message))];
        const known = await lockHandedOut(tx, customer, ids);
        const ignored: EngagementResult['ignored'] = [];
        for (const [index, event] of events.entries()) {
          const message = known.get(event.message);
          const code = refuse(event, message, now);
          if (code !== undefined || message === undefined) {
            ignored.push({ index, code: code ?? 'event.unknown' });
            continue;
          }
          // The page's clock is bounded by what this node knows to be true.
          const atMs = Math.min(Math.max(event.at.getTime(), message.leasedAt.getTime()), now.getTime());
          await writeEngagement(tx, message.id, event.kind, new Date(atMs));
          known.set(message.id, { ...message, displayedAt: message.displayedAt ?? new Date(atMs) });
        }
        return { recorded: events.length - ignored.length, ignored };
      });
    },
  };
}

function refuse(event: EngagementEvent, message: HandedOut | undefined, now: Date): IgnoredCode | undefined {
  if (message === undefined) return 'event.unknown';
  if (event.at.getTime() > now.getTime() + SKEW_MS) return 'event.future';
  return message.displayedAt === null && message.leasedUntil <= now ? 'event.late' : undefined;
}
