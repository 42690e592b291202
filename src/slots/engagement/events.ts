import { type Database, readNow } from '../../db/index.ts';
import { MESSAGE_EVENTS, type MessageEvent } from '../../protocol/slot/engagement.ts';
import { CLOCK_SKEW_S } from '../../protocol/time.ts';
import { type ContactWishes, lockContacts } from '../contact-store.ts';
import { type Engagement, type HandedOut, lockHandedOut, writeEngagement } from '../display-store.ts';
import { dropUndone } from './report-store.ts';
import type { EngagementReporter } from './reporting.ts';

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
  reporter: Pick<EngagementReporter, 'add'>;
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
        const before = new Map(known);
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
          known.set(message.id, engaged(message, event.kind, new Date(atMs)));
        }
        await writeEngagement(tx, [...known.values()]);
        const changes = [...known.values()].map((message) => changed(before.get(message.id), message));
        await dropUndone(
          tx,
          changes.flatMap(({ undone }) => undone),
        );
        await deps.reporter.add(
          tx,
          changes.flatMap(({ done }) => done.map((event) => ({ ...event, customerId: customer }))),
        );
        return { recorded: events.length - ignored.length, ignored };
      });
    },
  };
}

/** The first time of each kind counts; whatever is done with a message, it was displayed. */
function engaged(message: HandedOut, kind: Engagement, at: Date): HandedOut {
  if (kind === 'restored') return { ...message, dismissedAt: null };
  if (kind === 'unreported') return { ...message, reportedAt: null };
  const displayed = { ...message, displayedAt: message.displayedAt ?? at };
  switch (kind) {
    case 'displayed':
      return displayed;
    case 'opened':
      return { ...displayed, openedAt: message.openedAt ?? at };
    case 'clicked':
      return { ...displayed, clickedAt: message.clickedAt ?? at };
    case 'dismissed':
      return { ...displayed, dismissedAt: message.dismissedAt ?? at };
    case 'reported':
      return { ...displayed, reportedAt: message.reportedAt ?? at };
  }
}

function refuse(event: EngagementEvent, message: HandedOut | undefined, now: Date): IgnoredCode | undefined {
  if (message === undefined) return 'event.unknown';
  if (event.at.getTime() > now.getTime() + SKEW_MS) return 'event.future';
  return message.displayedAt === null && message.leasedUntil <= now ? 'event.late' : undefined;
}

const TIMES = {
  displayed: 'displayedAt',
  opened: 'openedAt',
  clicked: 'clickedAt',
  dismissed: 'dismissedAt',
  reported: 'reportedAt',
} as const satisfies Record<MessageEvent, keyof HandedOut>;

/** What is new of a message, and what was taken back. */
function changed(before: HandedOut | undefined, message: HandedOut) {
  const { id: messageId, iss: peer, jti, linkId } = message;
  const about = { peer, linkId, messageId, message: jti };
  const done = MESSAGE_EVENTS.flatMap((kind) => {
    const at = message[TIMES[kind]];
    return at !== null && before?.[TIMES[kind]] === null ? [{ ...about, kind, at }] : [];
  });
  const undone = MESSAGE_EVENTS.filter(
    (kind) => message[TIMES[kind]] === null && before?.[TIMES[kind]] != null,
  ).map((kind) => ({ messageId, kind }));
  return { done, undone };
}
