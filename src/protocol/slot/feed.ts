import type { SlotGrant } from '../agreement/terms.ts';
import { type Contact, capsFor, quietHoursOf } from './caps.ts';
import type { MessagePriority } from './message.ts';
import { type QuietHours, quietUntil } from './quiet-hours.ts';
import { fitsFrom, type RollingLimit } from './windows.ts';

/**
 * What a customer's feed shows now. A message that is handed out for the first time takes a lease, which counts as a display
 * until it ends or the display is confirmed; one that was handed out before is shown again and counts no more. Times are Unix
 * milliseconds of the host's database.
 */
export type FeedMessage = Contact & {
  id: string;
  /** The guest. */
  iss: string;
  priority: MessagePriority;
  grant: SlotGrant;
  /** Handed out before: displayed, or its lease is running. */
  shown: boolean;
  muted: boolean;
};

export type Display = Contact & { iss: string };

export type FeedFacts = {
  nowMs: number;
  /** May be shown by time, link and slot; `atMs` is since when. */
  messages: readonly FeedMessage[];
  /** Displays and running leases, as far back as anything looks; oldest first. */
  displays: readonly Display[];
  customer: { calm: RollingLimit | undefined; quiet: QuietHours | undefined; zone: string | undefined };
  /** Most messages at once. */
  limit: number;
};

export type Shown = { id: string; lease: boolean };

/**
 * Guests take turns, whoever was not seen for longest first; each guest's own order is by category and priority, and what may
 * not be shown is passed over. So of the messages that one link, slot and category has, no more than `limit` of those
 * that were shown, and of those that were not, ever matter: whoever reads them from a store need read no others.
 */
export function chooseFeed(facts: FeedFacts): Shown[] {
  const displays = [...facts.displays];
  const feed: Shown[] = [];
  let guests = inOrder(facts).map((own) => own.values());
  while (guests.length > 0) {
    guests = guests.filter((own) => {
      const shown = feed.length < facts.limit ? takeNext(own, displays, facts) : undefined;
      if (shown !== undefined) feed.push(shown);
      return shown !== undefined;
    });
  }
  return feed;
}

/** A guest's next message that may be shown. What is leased counts for those after it. */
function takeNext(own: Iterator<FeedMessage>, displays: Display[], facts: FeedFacts): Shown | undefined {
  for (let next = own.next(); next.done !== true; next = own.next()) {
    const { id, iss, slot, category, shown } = next.value;
    if (shown) return { id, lease: false };
    if (mayBeLeased(next.value, displays, facts)) {
      displays.push({ iss, slot, category, atMs: facts.nowMs });
      return { id, lease: true };
    }
  }
  return undefined;
}

function mayBeLeased(message: FeedMessage, displays: readonly Display[], facts: FeedFacts): boolean {
  const { nowMs, customer } = facts;
  const { grant, iss } = message;
  const ofGuest = displays.filter((display) => display.iss === iss);
  const capped = capsFor(grant, message, 'displayed').some(
    ({ cap, times }) => fitsFrom(times(ofGuest), cap, nowMs) !== undefined,
  );
  if (capped) return false;
  if (message.category === 'service') return true;
  if (message.muted) return false;
  if (quietHoursOf(grant, customer).some((hours) => quietUntil(hours, nowMs) !== undefined)) return false;
  const counted = displays.filter(({ category }) => category !== 'service').map(({ atMs }) => atMs);
  return customer.calm === undefined || fitsFrom(counted, customer.calm, nowMs) === undefined;
}

const PRIORITIES: readonly MessagePriority[] = ['high', 'normal', 'low'];

function inOrder({ messages, displays }: FeedFacts): FeedMessage[][] {
  const lastSeen = new Map<string, number>();
  for (const { iss, atMs } of displays) lastSeen.set(iss, atMs);
  return [...Map.groupBy(messages, ({ iss }) => iss)]
    .sort(([a], [b]) => (lastSeen.get(a) ?? 0) - (lastSeen.get(b) ?? 0) || (a < b ? -1 : 1))
    .map(([, own]) => own.sort(inOwnOrder));
}

function inOwnOrder(a: FeedMessage, b: FeedMessage): number {
  const service = Number(b.category === 'service') - Number(a.category === 'service');
  const priority = PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority);
  return service || priority || a.atMs - b.atMs || (a.id < b.id ? -1 : 1);
}
