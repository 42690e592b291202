import { createHash } from 'node:crypto';
import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import { newUuidV7 } from '../random.ts';
import { claimUnsealed, markSealed, type SealedRow } from './journal-store.ts';

const BATCH = 5_000;

/** SHA-256 over the rows of one seal, in the order of their ids: what its evidence record names. */
export function journalDigest(rows: readonly SealedRow[]): string {
  const digest = createHash('sha256');
  for (const row of rows) {
    const { id, atUs, actor, role, action, documentId, customerId, outcome, detail } = row;
    digest.update(
      `${JSON.stringify([id, atUs, actor, role, action, documentId, customerId, outcome, detail])}\n`,
    );
  }
  return digest.digest('base64url');
}

/**
 * Attests the journal at intervals, so that an entry can't be changed or removed later without its showing: one signed
 * digest for many reads. True where more is waiting.
 */
export function createJournalSeal(deps: { db: Database; evidence: Evidence }): () => Promise<boolean> {
  return () =>
    deps.db.transact(async (tx) => {
      const rows = await claimUnsealed(tx, BATCH);
      if (rows.length === 0) return false;
      const seal = newUuidV7();
      await markSealed(
        tx,
        rows.map((row) => row.id),
        seal,
      );
      await deps.evidence.record(tx, {
        event: 'JournalSealed',
        subject: `journal:${seal}:${rows.length}:${journalDigest(rows)}`,
      });
      return rows.length === BATCH;
    });
}
