import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { citing } from './attest.ts';
import type { Inbox } from './inbox.ts';
import { lockDocuments, readInbox } from './inbox-store.ts';
import type { Caller } from './journal.ts';
import { insertJournal } from './journal-store.ts';
import type { StepResult, Steps } from './steps.ts';

/** Why a vault does not file a document, or could not notify its customer. */
export const REFUSAL_REASONS = ['customer_unknown', 'not_wanted', 'unreadable', 'policy', 'other'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export type Filing = {
  /**
   * The vault filed these: what is stored is read again and held against the manifest, and that is attested, or that it
   * doesn't hold (`document.damaged`). Results in the order of `ids`.
   */
  consign(ids: readonly string[], caller: Caller): Promise<StepResult[]>;
  /** The vault will not file it. */
  refuse(id: string, reason: RefusalReason, caller: Caller): Promise<StepResult>;
  /** The customer was told. */
  notified(ids: readonly string[], caller: Caller): Promise<StepResult[]>;
  /** The customer could not be told; the state stays, the failure is attested. */
  notificationFailed(id: string, reason: RefusalReason, caller: Caller): Promise<StepResult>;
  /** The customer read it, or got it handed over as a file. */
  opened(id: string, how: 'read' | 'download', caller: Caller): Promise<StepResult>;
};

export function createFiling(deps: { db: Database; evidence: Evidence; inbox: Inbox; steps: Steps }): Filing {
  const { db, evidence, inbox, steps } = deps;

  /** Attests that something could not be done; the document stays as it was. */
  async function attestFailure(
    ids: readonly string[],
    event: 'ContentConsignmentFailure' | 'ConsignmentNotificationFailure',
    reasonOf: (id: string) => string,
    caller: Caller,
  ): Promise<void> {
    await db.transact(async (tx) => {
      const documents = [...(await lockDocuments(tx, ids)).values()];
      const records = await Promise.all(
        documents.map((document) =>
          evidence.sign({
            event,
            at: document.now,
            peer: document.iss as EntityId,
            sub: document.linkId,
            reason: reasonOf(document.id),
            ...citing(document),
          }),
        ),
      );
      await evidence.store(tx, records);
      await insertJournal(
        tx,
        documents.map((document) => ({
          actor: caller.subject,
          role: caller.role,
          action: event === 'ContentConsignmentFailure' ? 'document.consigned' : 'document.notified',
          documentId: document.id,
          customerId: document.customerId,
          outcome: reasonOf(document.id),
          detail: null,
        })),
      );
    });
  }

  return {
    async consign(ids, caller) {
      const rows = await readInbox(db.read, ids);
      // Read again only what is about to be filed: a repeated call costs nothing.
      const fresh = [...rows.values()].filter((row) => row.state === 'received' && row.erasedAt === null);
      const checks = await inbox.check(fresh);
      const failed = new Map<string, string>();
      for (const [id, check] of checks) if (!check.ok) failed.set(id, check.reason);
      if (failed.size > 0) {
        await attestFailure(
          [...failed.keys()],
          'ContentConsignmentFailure',
          (id) => failed.get(id) as string,
          caller,
        );
      }
      const filed = ids.filter((id) => !failed.has(id));
      const taken = filed.length === 0 ? [] : await steps.take(filed, { step: 'consigned' }, caller);
      const results = new Map(taken.map((result) => [result.id, result]));
      return ids.map((id): StepResult => results.get(id) ?? { id, ok: false, code: 'document.damaged' });
    },

    async refuse(id, reason, caller) {
      return only(await steps.take([id], { step: 'refused', reason: `vault.${reason}` }, caller));
    },

    notified: (ids, caller) => steps.take(ids, { step: 'notified' }, caller),

    async notificationFailed(id, reason, caller) {
      const row = (await readInbox(db.read, [id])).get(id);
      if (row === undefined) return { id, ok: false, code: 'document.unknown' };
      if (row.erasedAt !== null) return { id, ok: false, code: 'document.erased' };
      if (row.state === 'received' || row.state === 'refused')
        return { id, ok: false, code: 'document.state' };
      await attestFailure([id], 'ConsignmentNotificationFailure', () => `notification.${reason}`, caller);
      return { id, ok: true, state: row.state };
    },

    async opened(id, how, caller) {
      return only(await steps.take([id], { step: how === 'read' ? 'opened' : 'handedOver' }, caller));
    },
  };
}

function only(results: StepResult[]): StepResult {
  const [result] = results;
  if (result === undefined) throw new Error('a step without a result');
  return result;
}
