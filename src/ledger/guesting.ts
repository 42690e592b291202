import type { Tx } from '../db/index.ts';
import type { SettledItem } from '../exchange/index.ts';
import {
  answerContacts,
  type ContactAnswer,
  insertContacts,
  type NewContact,
  withdrawContacts,
} from './contact-store.ts';
import { readSequences } from './sequence-store.ts';

/** What a guest notes of its own messages, so that it can hold the host's entries against its receipts. */
export type GuestLedger = {
  /** Messages go out: in the transaction that stages them. */
  send(tx: Tx, contacts: readonly NewContact[]): Promise<void>;
  /** What became of messages; `replaces` as they were sent. Without a signed answer nothing is known. */
  settle(tx: Tx, items: readonly (SettledItem & { replaces: string | null })[]): Promise<void>;
  /** The host took these back. */
  withdraw(tx: Tx, withdrawn: readonly { exchange: string; at: Date }[]): Promise<void>;
  /** Whether the ledger of an agreement has two histories, so that messages wait. */
  isSuspended(tx: Tx, agreement: string): Promise<boolean>;
};

export const guestLedger: GuestLedger = {
  send: insertContacts,
  settle: (tx, items) =>
    answerContacts(
      tx,
      items.flatMap((item): ContactAnswer[] => {
        const { jti, state, decidedAt, nextEligibleAt, outcome, replaces } = item;
        if (decidedAt === undefined) return [];
        const eligibleBy = outcome === 'deferred' ? (nextEligibleAt ?? null) : null;
        const answer = state === 'accepted' ? ('accepted' as const) : ('refused' as const);
        return [{ exchange: jti, state: answer, decidedAt, eligibleBy, replaces }];
      }),
    ),
  withdraw: withdrawContacts,
  async isSuspended(tx, agreement) {
    const [granted] = await readSequences(tx.client, { role: 'guest', agreements: [agreement] });
    return granted?.suspendedAt != null;
  },
};
