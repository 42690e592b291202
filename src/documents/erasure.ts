import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { BodyStore } from '../exchange/index.ts';
import { type EntityId, firstUuidV7At } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { citing } from './attest.ts';
import {
  claimCursor,
  moveCursor,
  readEndedBodies,
  readOverdueDeletions,
  writeErasure,
} from './erasure-store.ts';
import { type LockedDocument, lockDocuments } from './inbox-store.ts';
import type { Caller } from './journal.ts';
import { insertJournal } from './journal-store.ts';
import { lockSent } from './recall-store.ts';
import { NODE_CALLER } from './steps.ts';

/** Why an operator erases: what the person asked for (GDPR article 17), an order, a mistake. */
export const ERASURE_REASONS = ['request', 'legal', 'error', 'other'] as const;
export type ErasureReason = (typeof ERASURE_REASONS)[number];

/** Large contents go segment by segment, so a transaction takes few. */
const ERASURE_BATCH = 20;
const RETENTION_BATCH = 500;
const RETENTION_CURSOR = 'outbound.retention';

export type Erasure = {
  /**
   * Erases a received document at once, whatever its state: its key and its bytes, its type, the note of its recall.
   * Envelope, receipt and evidence stay, and a signed tombstone says why.
   *
   * @throws Refusal `document.unknown`, `document.erased`
   */
  eraseReceived(id: string, reason: ErasureReason, caller: Caller): Promise<void>;
  /** The same for this node's own copy of what it sent. One that is still queued is given up. */
  eraseSent(id: string, reason: ErasureReason, caller: Caller): Promise<void>;
  /** Erases what customers deleted and can no longer restore; true where more is waiting. */
  sweepDeleted(): Promise<boolean>;
  /** Drops the bodies of exchanges that ended longer ago than the retention; true where more is waiting. */
  sweepRetention(): Promise<boolean>;
};

export function createErasure(deps: {
  db: Database;
  clock: Clock;
  evidence: Evidence;
  bodies: Pick<BodyStore, 'erase'>;
  self: () => string;
  retentionMs: number;
  /** Acts whose bodies are no copies: they are kept as long as what they signed may be disputed. */
  lastingActs: readonly string[];
}): Erasure {
  const { db, evidence, bodies } = deps;

  async function eraseIn(
    tx: Tx,
    documents: readonly LockedDocument[],
    reason: string,
    caller: Caller,
  ): Promise<void> {
    const [first] = documents;
    if (first === undefined) return;
    await bodies.erase(
      tx,
      documents.flatMap(({ bodyId, recallBodyId }) =>
        recallBodyId === null ? [bodyId] : [bodyId, recallBodyId],
      ),
    );
    await writeErasure(tx, 'received', { ids: documents.map(({ id }) => id), at: first.now, reason });
    await evidence.store(
      tx,
      await Promise.all(
        documents.map((document) =>
          evidence.sign({
            event: 'Erasure',
            at: document.now,
            peer: document.iss as EntityId,
            sub: document.linkId,
            reason,
            ...citing(document),
          }),
        ),
      ),
    );
    await insertJournal(
      tx,
      documents.map((document) => ({
        actor: caller.subject,
        role: caller.role,
        action: 'document.erase',
        documentId: document.id,
        customerId: document.customerId,
        outcome: 'ok',
        detail: reason,
      })),
    );
  }

  return {
    async eraseReceived(id, reason, caller) {
      await db.transact(async (tx) => {
        const document = (await lockDocuments(tx, [id])).get(id);
        if (document === undefined) throw new Refusal('document.unknown');
        if (document.erasedAt !== null) throw new Refusal('document.erased');
        await eraseIn(tx, [document], `erasure.${reason}`, caller);
      });
    },

    async eraseSent(id, reason, caller) {
      await db.transact(async (tx) => {
        const document = (await lockSent(tx, [id])).get(id);
        if (document === undefined) throw new Refusal('document.unknown');
        if (document.erasedAt !== null) throw new Refusal('document.erased');
        const { bodyId, recallBodyId, now } = document;
        await bodies.erase(tx, recallBodyId === null ? [bodyId] : [bodyId, recallBodyId]);
        await writeErasure(tx, 'sent', { ids: [id], at: now, reason: `erasure.${reason}` });
        await evidence.record(tx, {
          event: 'Erasure',
          at: now,
          peer: document.peer as EntityId,
          sub: document.linkId,
          reason: `erasure.${reason}`,
          ...citing({ ...document, iss: deps.self(), jti: id }),
        });
        await insertJournal(tx, [
          {
            actor: caller.subject,
            role: caller.role,
            action: 'document.erase',
            documentId: id,
            customerId: null,
            outcome: 'ok',
            detail: `erasure.${reason}`,
          },
        ]);
      });
    },

    sweepDeleted: () =>
      db.transact(async (tx) => {
        const ids = await readOverdueDeletions(tx, ERASURE_BATCH);
        const documents = [...(await lockDocuments(tx, ids)).values()];
        await eraseIn(tx, documents, 'erasure.customer', NODE_CALLER);
        return ids.length === ERASURE_BATCH;
      }),

    sweepRetention: () =>
      db.transact(async (tx) => {
        const from = await claimCursor(tx, RETENTION_CURSOR);
        if (from === undefined) return false;
        const endedBefore = new Date(deps.clock.nowMs() - deps.retentionMs);
        const { lastingActs } = deps;
        const range = { from, before: firstUuidV7At(endedBefore), lastingActs };
        const ended = await readEndedBodies(tx, { ...range, endedBefore, limit: RETENTION_BATCH });
        const [first, last] = [ended[0], ended.at(-1)];
        if (first !== undefined && last !== undefined) {
          await bodies.erase(
            tx,
            ended.map(({ bodyId }) => bodyId),
          );
          // One tombstone for the batch: these end by rule, not by anybody's choice.
          await evidence.record(tx, {
            event: 'Erasure',
            reason: 'erasure.retention',
            subject: `sent:${first.jti}..${last.jti}:${ended.length}`,
          });
        }
        await moveCursor(tx, RETENTION_CURSOR, range);
        return ended.length === RETENTION_BATCH;
      }),
  };
}
