import type { GuestHead } from '../protocol/ledger/applying.ts';
import type { Head } from '../protocol/ledger/sequence.ts';
import type { Sequence } from './sequence-store.ts';

/** A stored sequence as the protocol's functions see it, and back. */
export function headOf({ seq, head: hash, total, latestS, closedS }: Sequence): Head {
  return { seq, hash, total, latestS, closedS };
}

export function guestHeadOf(sequence: Sequence): GuestHead {
  return { ...headOf(sequence), counted: sequence.counted };
}

export function withHead(sequence: Sequence, { hash, ...head }: Head & { counted?: number }): Sequence {
  // A host acknowledges all that it writes.
  return { ...sequence, ...head, counted: head.counted ?? head.total, head: hash };
}
