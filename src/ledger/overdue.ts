import type { Tx } from '../db/index.ts';
import type { Contact } from '../protocol/ledger/applying.ts';
import { isMissing, isUnreversed, type Withdrawn } from '../protocol/ledger/overdue.ts';
import { floorOf } from '../protocol/ledger/sequence.ts';
import { readUnposted, readUnreversed, type StoredContact } from './contact-store.ts';
import type { DisputeItem } from './dispute-store.ts';
import { headOf } from './heads.ts';
import type { Sequence } from './sequence-store.ts';

/** Looked at in one go: an honest host has none. */
const MAX_OVERDUE = 500;

/** What hosts owe and can no longer write, of sequences where this node is the guest. */
export async function findOverdue(
  client: Tx['client'],
  sequences: readonly Sequence[],
): Promise<(DisputeItem & { agreement: string })[]> {
  const accountsBefore = (seconds: (sequence: Sequence) => number) =>
    sequences.map((one) => ({ agreement: one.agreement, before: new Date(seconds(one) * 1000) }));
  const before = accountsBefore((one) => Math.max(0, floorOf(headOf(one))));
  const unposted = await readUnposted(client, before, MAX_OVERDUE);
  const unreversed = await readUnreversed(
    client,
    accountsBefore((one) => one.closedS),
    MAX_OVERDUE,
  );
  const headAt = new Map(sequences.map((one) => [one.agreement, headOf(one)]));
  const overdue = (contacts: StoredContact[], reason: 'missing' | 'unreversed') =>
    contacts.flatMap((contact) => {
      const head = headAt.get(contact.agreement);
      const told = contactOf(contact);
      const isOwed = reason === 'missing' ? isMissing : isUnreversed;
      if (head === undefined || !isOwed(head, told)) return [];
      const { agreement, exchange, postedSeq } = contact;
      return [{ agreement, exchange, seq: postedSeq, reason }];
    });
  return [...overdue(unposted, 'missing'), ...overdue(unreversed, 'unreversed')];
}

const secondsOf = (time: Date | null) => (time === null ? undefined : time.getTime() / 1000);

/** A stored message as the protocol's functions see it. */
export function contactOf(contact: StoredContact): Contact & Withdrawn {
  const { category, weight, state, replaced } = contact;
  return {
    ...{ category, weight, state, replaced },
    decidedS: secondsOf(contact.decidedAt),
    withdrawnS: secondsOf(contact.withdrawnAt),
    eligibleByS: secondsOf(contact.eligibleBy),
    postedSeq: contact.postedSeq ?? undefined,
    reversedSeq: contact.reversedSeq ?? undefined,
  };
}
