import type { Contact } from './applying.ts';
import { floorOf, type Head } from './sequence.ts';

/** What a host owes and has not written, by its own signatures. */
export type OverdueReason = 'missing' | 'unreversed';

/** How a message fared that was taken back: the seconds of its two receipts tell. */
export type Withdrawn = {
  /** When the host took the withdrawal; Unix seconds, by its receipt. */
  withdrawnS: number | undefined;
  /** When the message was to be shown, rounded up to the hour as its receipt says. */
  eligibleByS: number | undefined;
  reversedSeq: number | undefined;
  /** An edit took its place: the contact goes on in that. */
  replaced: boolean;
};

const HOUR_S = 3600;

/**
 * An accepted message whose entry can no longer come: the sequence has gone past the second of its receipt. The proof is
 * the receipt, and a later entry or a statement, all signed by the host.
 */
export function isMissing(head: Pick<Head, 'latestS' | 'closedS'>, contact: Contact): boolean {
  return (
    contact.state === 'accepted' &&
    contact.postedSeq === undefined &&
    (contact.decidedS as number) < floorOf(head)
  );
}

/**
 * A message that was surely withdrawn before it could be shown, and whose post still stands after a statement closed the
 * time: a host gives back within an hour. The other hour is what a receipt rounds up by.
 */
export function isUnreversed({ closedS }: Pick<Head, 'closedS'>, contact: Contact & Withdrawn): boolean {
  const { weight, withdrawnS, eligibleByS, postedSeq, reversedSeq, replaced } = contact;
  return (
    weight > 0 &&
    !replaced &&
    postedSeq !== undefined &&
    reversedSeq === undefined &&
    withdrawnS !== undefined &&
    eligibleByS !== undefined &&
    withdrawnS < eligibleByS - HOUR_S &&
    withdrawnS < closedS - HOUR_S
  );
}
