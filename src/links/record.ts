import type { Tx } from '../db/index.ts';
import type { Evidence, EvidenceDraft } from '../evidence/index.ts';
import { sha256Bytes } from '../protocol/digest.ts';
import type { EntityId } from '../protocol/ids.ts';
import { insertJournal, type JournalEntry } from './journal-store.ts';

/** Something that happened to a link: a line of its journal, and the signed record of it. */
export type LinkEvent = JournalEntry & {
  /** Where a record of this node's own attests it; a receipt attests the rest. */
  attest?: {
    peer: string;
    event:
      | 'NotificationForAcceptance'
      | 'ConsignmentAcceptance'
      | 'ConsignmentRejection'
      | 'AcceptanceRejectionExpiry'
      | 'LinkChanged'
      | 'Erasure';
    /** SHA-256 of what it answers: the link token, for a consent. */
    cites?: string;
  };
};

/** Signs and keeps what happened, in the transaction in which it happened. */
export async function recordLinkEvents(
  tx: Tx,
  evidence: Evidence,
  events: readonly LinkEvent[],
): Promise<void> {
  const signed = await Promise.all(
    events.map(async (event) => {
      const { attest, ...entry } = event;
      if (attest === undefined) return { entry, record: undefined };
      const record = await evidence.sign(draftOf(event, attest));
      return { entry: { ...entry, evidenceSha256: sha256Bytes(record.jws) }, record };
    }),
  );
  await evidence.store(
    tx,
    signed.flatMap(({ record }) => (record === undefined ? [] : [record])),
  );
  await insertJournal(
    tx,
    signed.map(({ entry }) => entry),
  );
}

const WITH_REASON = new Set(['ConsignmentRejection', 'LinkChanged', 'Erasure']);

function draftOf(event: LinkEvent, attest: NonNullable<LinkEvent['attest']>): EvidenceDraft {
  const { owner, rev, state, exchange, reason } = event;
  return {
    event: attest.event,
    at: event.at,
    peer: attest.peer as EntityId,
    sub: event.linkId,
    ...(exchange !== undefined && { env: { jti: exchange.jti, iss: exchange.iss as EntityId } }),
    ...(attest.cites !== undefined && { cites: attest.cites }),
    ...(owner !== undefined &&
      rev !== undefined &&
      state !== undefined && { subject: `half:${owner}:${rev}:${state}` }),
    ...(reason !== undefined && WITH_REASON.has(attest.event) && { reason }),
  };
}
