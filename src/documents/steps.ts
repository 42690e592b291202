import type { Database, Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { citing } from './attest.ts';
import { type LockedDocument, lockDocuments, writeStep } from './inbox-store.ts';
import type { Caller } from './journal.ts';
import { insertJournal } from './journal-store.ts';
import { judgeStep, STEP_EVENTS, type Step, type VaultState } from './life.ts';
import type { StatusReports } from './status.ts';
import type { VaultProblemCode } from './vault-errors.ts';

export type StepCode = VaultProblemCode | 'document.unknown';

export type StepResult =
  | { id: string; ok: true; state: VaultState }
  | { id: string; ok: false; code: StepCode };

export type StepRequest = {
  step: Step;
  /** Why, where the step is a refusal: a dotted code. */
  reason?: string;
};

export type Steps = {
  /** Takes one step of many documents in one transaction; results in the order of `ids`. */
  take(ids: readonly string[], request: StepRequest, caller: Caller): Promise<StepResult[]>;
  /** The same inside the caller's transaction. */
  takeIn(tx: Tx, ids: readonly string[], request: StepRequest, caller: Caller): Promise<StepResult[]>;
};

/** Whoever acts where no token does: the node itself. */
export const NODE_CALLER: Caller = { subject: 'node', role: 'node' };

/** Steps of received documents: the state, its evidence, what travels back and the journal, in one transaction. */
export function createSteps(deps: { db: Database; evidence: Evidence; reports: StatusReports }): Steps {
  const { db, evidence, reports } = deps;

  async function takeIn(tx: Tx, ids: readonly string[], request: StepRequest, caller: Caller) {
    const documents = await lockDocuments(tx, [...new Set(ids)]);
    const taken: { document: LockedDocument; state: VaultState }[] = [];
    const results = new Map<string, StepResult>();
    for (const id of documents.keys()) {
      const document = documents.get(id) as LockedDocument;
      const verdict = judgeStep(document, request.step);
      if (verdict.kind === 'take') taken.push({ document, state: verdict.state });
      results.set(
        id,
        verdict.kind === 'refuse'
          ? { id, ok: false, code: verdict.code }
          : { id, ok: true, state: verdict.kind === 'take' ? verdict.state : document.state },
      );
    }
    const at = taken[0]?.document.now;
    if (at !== undefined) await write(tx, taken, request, at);
    await insertJournal(
      tx,
      [...new Set(ids)].map((id) => {
        const result = results.get(id);
        return {
          actor: caller.subject,
          role: caller.role,
          action: `document.${request.step}`,
          documentId: id,
          customerId: documents.get(id)?.customerId ?? null,
          outcome: result === undefined ? 'document.unknown' : result.ok ? 'ok' : result.code,
          detail: request.reason ?? null,
        };
      }),
    );
    return ids.map((id): StepResult => results.get(id) ?? { id, ok: false, code: 'document.unknown' });
  }

  async function write(
    tx: Tx,
    taken: readonly { document: LockedDocument; state: VaultState }[],
    { step, reason }: StepRequest,
    at: Date,
  ): Promise<void> {
    await writeStep(
      tx,
      step,
      taken.map(({ document, state }) => ({ id: document.id, state })),
      { at, ...(reason !== undefined && { reason }) },
    );
    const records = await Promise.all(
      taken.map(({ document }) =>
        evidence.sign({
          event: STEP_EVENTS[step],
          at,
          peer: document.iss as EntityId,
          sub: document.linkId,
          ...citing(document),
          ...(reason !== undefined && { reason }),
        }),
      ),
    );
    await evidence.store(tx, records);
    await reports.add(
      tx,
      taken.flatMap(({ document }) => {
        const state = step === 'handedOver' ? 'opened' : step;
        // Opening it twice, by reading and by downloading, is told once.
        if (step === 'handedOver' && document.openedAt !== null) return [];
        return [{ documentId: document.id, peer: document.iss, linkId: document.linkId, state, at }];
      }),
    );
  }

  return {
    take: (ids, request, caller) => db.transact((tx) => takeIn(tx, ids, request, caller)),
    takeIn,
  };
}
