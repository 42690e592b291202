import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { citing } from './attest.ts';
import { type LockedDocument, lockDocuments, writeDeletion } from './inbox-store.ts';
import type { Caller } from './journal.ts';
import { insertJournal } from './journal-store.ts';

export type Deletion = {
  /**
   * The customer deletes a document: out of sight at once, erased once the grace is over. Twice is once; the sender is
   * never told. Returns until when it can be restored.
   *
   * @throws Refusal `document.unknown`, `document.erased`
   */
  remove(id: string, caller: Caller): Promise<{ deletedAt: Date; restorableUntil: Date }>;
  /**
   * Takes it back. What isn't deleted stays as it is.
   *
   * @throws Refusal `document.unknown`, `document.erased`, `document.grace_over`
   */
  restore(id: string, caller: Caller): Promise<void>;
};

export function createDeletion(deps: { db: Database; evidence: Evidence; graceMs: number }): Deletion {
  const { db, evidence, graceMs } = deps;

  /** One change of one document; a refused attempt is kept in the journal as well. */
  async function change<T>(
    id: string,
    action: string,
    caller: Caller,
    work: (document: LockedDocument) => Promise<{ result: T; deletedAt: Date | null | undefined }>,
  ): Promise<T> {
    const outcome = await db.transact(async (tx) => {
      const document = (await lockDocuments(tx, [id])).get(id);
      const done = await attempt(document, work);
      if (done.ok && document !== undefined && done.value.deletedAt !== undefined) {
        const { deletedAt } = done.value;
        await writeDeletion(tx, id, deletedAt === null ? null : { deletedAt, graceMs });
        await evidence.record(tx, {
          event: deletedAt === null ? 'DocumentRestored' : 'DocumentDeleted',
          at: document.now,
          peer: document.iss as EntityId,
          sub: document.linkId,
          ...citing(document),
        });
      }
      await insertJournal(tx, [
        {
          actor: caller.subject,
          role: caller.role,
          action,
          documentId: id,
          customerId: document?.customerId ?? null,
          outcome: done.ok ? 'ok' : done.refusal.code,
          detail: null,
        },
      ]);
      return done;
    });
    if (!outcome.ok) throw outcome.refusal;
    return outcome.value.result;
  }

  return {
    remove: (id, caller) =>
      change(id, 'document.delete', caller, async (document) => {
        const { deletedAt, restorableUntil, now } = document;
        if (deletedAt !== null && restorableUntil !== null) {
          return { result: { deletedAt, restorableUntil }, deletedAt: undefined };
        }
        return {
          result: { deletedAt: now, restorableUntil: new Date(now.getTime() + graceMs) },
          deletedAt: now,
        };
      }),

    restore: (id, caller) =>
      change(id, 'document.restore', caller, async ({ deletedAt, restorableUntil, now }) => {
        if (deletedAt === null) return { result: undefined, deletedAt: undefined };
        if (restorableUntil !== null && restorableUntil <= now) throw new Refusal('document.grace_over');
        return { result: undefined, deletedAt: null };
      }),
  };
}

async function attempt<T>(
  document: LockedDocument | undefined,
  work: (document: LockedDocument) => Promise<T>,
): Promise<{ ok: true; value: T } | { ok: false; refusal: Refusal }> {
  try {
    if (document === undefined) throw new Refusal('document.unknown');
    if (document.erasedAt !== null) throw new Refusal('document.erased');
    return { ok: true, value: await work(document) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, refusal: error };
    throw error;
  }
}
