import {
  entryHash,
  entrySeconds,
  entryTime,
  type LedgerEntry,
  originOf,
  type SequenceId,
  unitsOf,
} from './entry.ts';

/** Where a sequence stands. Times are Unix seconds. */
export type Head = {
  seq: number;
  /** Of the newest entry; of an empty sequence its origin. */
  hash: string;
  total: number;
  /** The latest time of any entry. */
  latestS: number;
  /** End of what statements have closed: nothing before it may be written any more. */
  closedS: number;
};

/** An entry's time may lie this much before the latest one's: decisions that run side by side commit in any order. */
export const ORDER_SLACK_S = 60;

export function emptyHead(sequence: SequenceId): Head {
  return { seq: 0, hash: originOf(sequence), total: 0, latestS: 0, closedS: 0 };
}

/** The earliest time that the next entry may bear. So whoever holds a receipt knows when its entry is overdue. */
export function floorOf({ latestS, closedS }: Pick<Head, 'latestS' | 'closedS'>): number {
  return Math.max(latestS - ORDER_SLACK_S, closedS);
}

export type EntryDraft = Pick<LedgerEntry, 'kind' | 'exchange' | 'category' | 'weight' | 'of'> & {
  atS: number;
};

/** The host writes: the next entries of a sequence, and where it stands then. */
export function appendEntries(
  head: Head,
  drafts: readonly EntryDraft[],
): { entries: LedgerEntry[]; head: Head } {
  const entries: LedgerEntry[] = [];
  let { seq, hash, total, latestS } = head;
  for (const { atS, of, ...draft } of drafts) {
    const entry = {
      seq: seq + 1,
      prev: hash,
      ...draft,
      total: total + unitsOf(draft),
      at: entryTime(atS),
      ...(of !== undefined && { of }),
    };
    entries.push(entry);
    ({ seq, total } = entry);
    hash = entryHash(entry);
    latestS = Math.max(latestS, atS);
  }
  return { entries, head: { ...head, seq, hash, total, latestS } };
}

/** Where a sequence stands after an entry of it. */
export function headAfter(head: Head, entry: LedgerEntry, hash: string): Head {
  const { seq, total } = entry;
  return { ...head, seq, hash, total, latestS: Math.max(head.latestS, entrySeconds(entry)) };
}

/** The first place where entries that came together don't follow each other; undefined where all do. */
export function findBreak(entries: readonly LedgerEntry[]): number | undefined {
  for (const [at, entry] of entries.entries()) {
    const before = entries[at - 1];
    if (before !== undefined && (entry.seq !== before.seq + 1 || entry.prev !== entryHash(before))) {
      return entry.seq;
    }
    // Only a reversal names another entry, and that one stands before it.
    if ((entry.kind === 'reverse') !== (entry.of !== undefined) || (entry.of ?? 0) >= entry.seq) {
      return entry.seq;
    }
  }
  return undefined;
}
