import type { ContactCategory } from '../agreement/terms.ts';
import { entryHash, entrySeconds, type LedgerEntry, unitsOf } from './entry.ts';
import { floorOf, type Head, headAfter } from './sequence.ts';

/** What is wrong with an entry, in the order in which it is looked for. */
export const ENTRY_FAULTS = [
  'unknown',
  'refused',
  'duplicate',
  'category',
  'weight',
  'time',
  'reversal',
  'order',
  'total',
] as const;
export type EntryFault = (typeof ENTRY_FAULTS)[number];

/** A message of the guest's own to this host under this agreement: what an entry about it has to say. */
export type Contact = {
  category: ContactCategory;
  weight: number;
  /** `sent` has no signed answer yet. */
  state: 'sent' | 'accepted' | 'refused';
  /** Unix seconds, by the host's receipt. */
  decidedS: number | undefined;
  /** The entry that posted it, right or wrong: there is one for ever. */
  postedSeq: number | undefined;
};

/** An entry that was applied before, or just now. */
export type AppliedEntry = Pick<LedgerEntry, 'seq' | 'kind' | 'exchange' | 'category' | 'weight'> & {
  fault: EntryFault | undefined;
  reversedBy: number | undefined;
};

/** What the guest holds of the sequence, as far as some entries ask for it. */
export type GuestView = {
  /** The hash of an applied entry. */
  hashAt(seq: number): string | undefined;
  contact(exchange: string): Contact | undefined;
  entry(seq: number): AppliedEntry | undefined;
};

/** `counted`: the total as the guest acknowledges it, that is without what is wrong. */
export type GuestHead = Head & { counted: number };

export type TakenEntry = {
  entry: LedgerEntry;
  hash: string;
  /** Wrong, and why: it is taken all the same, so that the sequence goes on, counts for nothing and is disputed. */
  fault: EntryFault | undefined;
  /** What it adds to the counted total. */
  counted: number;
};

export type Applying =
  | { ok: true; taken: TakenEntry[]; head: GuestHead }
  | { ok: false; code: 'ledger.gap' | 'ledger.fork' | 'exchange.unknown'; seq: number };

/**
 * The guest checks: entries that follow each other ({@link findBreak}), held against what it applied before and against
 * its own receipts. All of them or none.
 */
export function applyEntries(start: GuestHead, entries: readonly LedgerEntry[], view: GuestView): Applying {
  const taken: TakenEntry[] = [];
  const posted = new Map<string, number>();
  const applied = new Map<number, AppliedEntry>();
  let head = start;
  const now: GuestView = {
    hashAt: (seq) => view.hashAt(seq),
    contact(exchange) {
      const contact = view.contact(exchange);
      return contact && { ...contact, postedSeq: contact.postedSeq ?? posted.get(exchange) };
    },
    entry: (seq) => applied.get(seq) ?? view.entry(seq),
  };
  for (const entry of entries) {
    const hash = entryHash(entry);
    if (entry.seq <= head.seq) {
      // Said again: the same, or another history.
      if (now.hashAt(entry.seq) !== hash) return { ok: false, code: 'ledger.fork', seq: entry.seq };
      continue;
    }
    if (entry.seq > head.seq + 1) return { ok: false, code: 'ledger.gap', seq: entry.seq };
    if (entry.prev !== head.hash) return { ok: false, code: 'ledger.fork', seq: entry.seq };
    const { kind, exchange } = entry;
    if (kind === 'post' && now.contact(exchange)?.state === 'sent') {
      // Its receipt may be on its way.
      return { ok: false, code: 'exchange.unknown', seq: entry.seq };
    }
    const fault = findFault(head, entry, now);
    const counted = countedOf(entry, fault, now);
    taken.push({ entry, hash, fault, counted });
    const { seq, category, weight } = entry;
    applied.set(seq, { seq, kind, exchange, category, weight, fault, reversedBy: undefined });
    if (kind === 'post' && !posted.has(exchange)) posted.set(exchange, seq);
    const reversed = fault === 'reversal' || entry.of === undefined ? undefined : now.entry(entry.of);
    if (reversed !== undefined) applied.set(reversed.seq, { ...reversed, reversedBy: seq });
    head = { ...headAfter(head, entry, hash), counted: head.counted + counted };
  }
  return { ok: true, taken, head };
}

function findFault(head: Head, entry: LedgerEntry, view: GuestView): EntryFault | undefined {
  const wrong = entry.kind === 'post' ? faultOfPost(entry, view) : faultOfReverse(entry, view);
  if (wrong !== undefined) return wrong;
  if (entrySeconds(entry) < floorOf(head)) return 'order';
  return entry.total === head.total + unitsOf(entry) ? undefined : 'total';
}

function faultOfPost(entry: LedgerEntry, view: GuestView): EntryFault | undefined {
  const contact = view.contact(entry.exchange);
  if (contact === undefined) return 'unknown';
  if (contact.state !== 'accepted') return 'refused';
  if (contact.postedSeq !== undefined) return 'duplicate';
  if (contact.category !== entry.category) return 'category';
  if (contact.weight !== entry.weight) return 'weight';
  return contact.decidedS === entrySeconds(entry) ? undefined : 'time';
}

/** A reversal is always the guest's gain: all it has to be is the exact opposite of a post that stands. */
function faultOfReverse(entry: LedgerEntry, view: GuestView): EntryFault | undefined {
  const of = view.entry(entry.of as number);
  const fits =
    of?.kind === 'post' &&
    of.reversedBy === undefined &&
    of.exchange === entry.exchange &&
    of.category === entry.category &&
    of.weight === entry.weight;
  return fits ? undefined : 'reversal';
}

/** What was never counted is not given back either. */
function countedOf(entry: LedgerEntry, fault: EntryFault | undefined, view: GuestView): number {
  if (entry.kind === 'post') return fault === undefined ? entry.weight : 0;
  if (fault === 'reversal') return 0;
  return view.entry(entry.of as number)?.fault === undefined ? -entry.weight : 0;
}
