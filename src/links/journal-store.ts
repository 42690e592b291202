import { insertRows, type Reader, type Tx } from '../db/index.ts';
import type { Owner } from './store.ts';

export type JournalEvent =
  | 'started'
  | 'shown'
  | 'declined'
  | 'expired'
  | 'redeemed'
  | 'redeem_accepted'
  | 'redeem_refused'
  | 'wrong_code'
  | 'completed'
  | 'lapsed'
  | 'changed'
  | 'ignored'
  | 'acknowledged'
  | 'erased';

export type JournalEntry = {
  linkId: string;
  at: Date;
  event: JournalEvent;
  owner?: Owner;
  rev?: number;
  state?: string;
  reason?: string;
  /** The exchange that brought it, or carries it. */
  exchange?: { iss: string; jti: string };
  evidenceSha256?: Buffer;
};

export async function insertJournal(tx: Tx, entries: readonly JournalEntry[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'link_journal',
      columns: [
        'link_id',
        'at',
        'event',
        'owner',
        'rev',
        'state',
        'reason',
        'exchange_iss',
        'exchange_jti',
        'evidence_sha256',
      ],
    },
    entries.map((entry) => [
      entry.linkId,
      entry.at,
      entry.event,
      entry.owner ?? null,
      entry.rev ?? null,
      entry.state ?? null,
      entry.reason ?? null,
      entry.exchange?.iss ?? null,
      entry.exchange?.jti ?? null,
      entry.evidenceSha256 ?? null,
    ]),
  );
}

/** A link's journal, oldest first. */
export async function readJournal(
  reader: Reader,
  linkId: string,
  page: { after: number; limit: number },
): Promise<(JournalEntry & { id: number })[]> {
  const rows = await reader
    .selectFrom('link_journal')
    .selectAll()
    .where('link_id', '=', linkId)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    linkId: row.link_id,
    at: row.at,
    event: row.event as JournalEvent,
    ...(row.owner !== null && { owner: row.owner }),
    ...(row.rev !== null && { rev: row.rev }),
    ...(row.state !== null && { state: row.state }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.exchange_iss !== null &&
      row.exchange_jti !== null && { exchange: { iss: row.exchange_iss, jti: row.exchange_jti } }),
    ...(row.evidence_sha256 !== null && { evidenceSha256: row.evidence_sha256 }),
  }));
}
