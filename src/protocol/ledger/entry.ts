import type { ContactCategory } from '../agreement/terms.ts';
import { sha256 } from '../digest.ts';

/**
 * The account of contacts that one host keeps for one guest under one agreement, whatever its version: a sequence that
 * the host alone writes, each entry chained to the one before by its digest. Units move from the guest to the host.
 */
export type SequenceId = { agreement: string; host: string; guest: string };

export type LedgerEntry = {
  /** From 1 on, without a gap. */
  seq: number;
  /** Hash of the entry before; of the first one the sequence's {@link originOf}. */
  prev: string;
  /** `post` counts an accepted message, `reverse` gives a post back. */
  kind: 'post' | 'reverse';
  /** The `slot.message` it is about. */
  exchange: string;
  category: ContactCategory;
  /** Contact units, by the version that the message names; 0 for an edit. */
  weight: number;
  /** Of the sequence, after this entry. */
  total: number;
  /** RFC 3339, UTC, whole seconds. Of a post: the second of the receipt. */
  at: string;
  /** Which post it reverses. */
  of?: number;
};

/** What a sequence begins with, so that no entry can be moved to another one. */
export function originOf({ agreement, host, guest }: SequenceId): string {
  return sha256(`ivx-ledger-origin/1\n${agreement}\n${host}\n${guest}\n`);
}

/** SHA-256 over the members, a line each: every implementation writes the same bytes. */
export function entryHash(entry: LedgerEntry): string {
  const { seq, prev, kind, exchange, category, weight, total, at, of } = entry;
  const lines = [seq, prev, kind, exchange, category, weight, total, at, of ?? '-'];
  return sha256(`ivx-ledger-entry/1\n${lines.join('\n')}\n`);
}

/** What an entry adds to its sequence's total. */
export function unitsOf({ kind, weight }: Pick<LedgerEntry, 'kind' | 'weight'>): number {
  return kind === 'post' ? weight : -weight;
}

/** A second as entries write it. */
export function entryTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

export function entrySeconds({ at }: Pick<LedgerEntry, 'at'>): number {
  return Date.parse(at) / 1000;
}
