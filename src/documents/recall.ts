import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../db/index.ts';
import {
  type ActHandler,
  type ExchangeService,
  type OutcomeListener,
  type SettledItem,
  saltedManifest,
} from '../exchange/index.ts';
import type { Outbox } from '../outbox/index.ts';
import type { EntityId, LinkId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { Caller } from './journal.ts';
import { insertJournal } from './journal-store.ts';
import {
  findRecalled,
  type LockedSent,
  labelRecalled,
  lockSent,
  type RecallReason,
  type RecallState,
  readWaitingRecalls,
  settleRecalls,
  writeRecall,
  writeStopped,
} from './recall-store.ts';

export const RECALL_ACT = 'document.recall';
export const RECALL_REASONS: readonly RecallReason[] = ['error', 'wrong_recipient', 'superseded', 'other'];
export const RECALL_NOTE_MAX_CHARS = 300;

/** The end of a push that nobody confirmed: the peer may hold the document, or not. */
const UNCONFIRMED = 'exchange.unconfirmed';

export type RecallView = {
  id: string;
  state: LockedSent['state'];
  recall: { state: RecallState; reason: RecallReason; requestedAt: Date; code: string | null };
};

/** `document.recall` at the recipient: a label with its reason and date. The customer keeps the copy. */
export function createRecallHandler(): ActHandler {
  const recallOf = (item: Parameters<ActHandler['apply']>[1][number]) => ({
    iss: item.iss,
    document: item.manifest.body['document'] as string,
    linkId: item.claims.sub as string,
    reason: item.manifest.body['reason'] as string,
    bodyId: item.bodyId,
    at: item.decidedAt,
  });
  return {
    act: RECALL_ACT,
    content: 'none',
    link: 'required',
    async judge(tx, items) {
      const recalls = items.map(recallOf);
      const isKnown = await findRecalled(tx, recalls);
      // The document itself may still be on its way.
      return recalls.map((recall) =>
        isKnown(recall) ? undefined : { refusal: 'exchange.unknown' as const },
      );
    },
    apply: (tx, items) => labelRecalled(tx, items.map(recallOf)),
  };
}

export type Recalls = {
  /**
   * Recalls a document this node sent. Where it is still on its way, its delivery is given up instead, and the recall
   * travels only if the peer turns out to have accepted it; the note then stays behind. Recalling again changes nothing.
   *
   * @throws Refusal `document.unknown`, `recall.state`
   */
  recall(id: string, given: { reason: RecallReason; note?: string }, caller: Caller): Promise<RecallView>;
  readonly outcome: OutcomeListener;
  /** What the end of a push means for a recall that waited for it; part of the outcome of document.push. */
  pushSettled(tx: Tx, items: readonly SettledItem[]): Promise<void>;
};

export function createRecalls(deps: {
  db: Database;
  clock: Clock;
  outbox: Pick<Outbox, 'cancel'>;
  exchange: () => Pick<ExchangeService, 'outbound'>;
  windowS: number;
}): Recalls {
  const { db, clock, outbox } = deps;

  async function stage(
    tx: Tx,
    document: { id: string; linkId: string; peer: string },
    given: { reason: RecallReason; note?: string },
  ): Promise<string> {
    const said = {
      aud: document.peer as EntityId,
      act: RECALL_ACT,
      sub: document.linkId as LinkId,
      manifest: saltedManifest({
        document: document.id,
        reason: given.reason,
        ...(given.note !== undefined && { note: given.note }),
      }),
      submitted: true,
      windowS: deps.windowS,
    };
    const [jti] = await deps.exchange().outbound.say(tx, [said], new Date(clock.nowMs()));
    return jti as string;
  }

  /** Whether the delivery has to be given up once the transaction is durable. */
  async function decide(
    tx: Tx,
    document: LockedSent,
    given: { reason: RecallReason; note?: string },
  ): Promise<boolean> {
    if (document.recallState === 'sending' || document.recallState === 'accepted') {
      // Said again while the delivery is still to be given up: that step may have been lost.
      return document.state === 'submitted' || document.state === 'sending';
    }
    const { id, state, stateCode } = document;
    const { reason } = given;
    switch (state) {
      case 'accepted':
      case 'consigned':
      case 'notified':
      case 'opened':
        await writeRecall(tx, { id, reason, jti: await stage(tx, document, given) });
        return false;
      case 'submitted':
      case 'sending':
        await writeRecall(tx, { id, reason, jti: null });
        return true;
      case 'failed':
        if (stateCode !== UNCONFIRMED) throw new Refusal('recall.state', { state });
        await writeRecall(tx, { id, reason, jti: null });
        return false;
      default:
        throw new Refusal('recall.state', { state });
    }
  }

  return {
    async recall(id, given, caller) {
      const { cancel, view } = await db.transact(async (tx) => {
        const document = (await lockSent(tx, [id])).get(id);
        if (document === undefined) throw new Refusal('document.unknown');
        const cancel = await decide(tx, document, given);
        await insertJournal(tx, [
          {
            actor: caller.subject,
            role: caller.role,
            action: 'document.recall',
            documentId: id,
            customerId: null,
            outcome: 'ok',
            detail: given.reason,
          },
        ]);
        return { cancel, view: viewOf((await lockSent(tx, [id])).get(id)) };
      });
      if (cancel) await outbox.cancel(id);
      return view;
    },

    outcome: {
      act: RECALL_ACT,
      settled: (tx, items) =>
        settleRecalls(
          tx,
          items.map((item) => ({
            jti: item.jti,
            accepted: item.state === 'accepted',
            reason: item.reason,
          })),
        ),
    },

    async pushSettled(tx, items) {
      const waiting = await readWaitingRecalls(
        tx,
        items.map((item) => item.jti),
      );
      if (waiting.length === 0) return;
      const byId = new Map(items.map((item) => [item.jti, item]));
      const stopped: string[] = [];
      for (const document of waiting) {
        const item = byId.get(document.id);
        if (item?.state === 'accepted') {
          const jti = await stage(tx, document, { reason: document.reason });
          await writeRecall(tx, { id: document.id, reason: document.reason, jti });
        } else if (item?.reason !== UNCONFIRMED) {
          stopped.push(document.id);
        }
      }
      if (stopped.length > 0) await writeStopped(tx, stopped);
    },
  };
}

function viewOf(document: LockedSent | undefined): RecallView {
  if (
    document?.recallState == null ||
    document.recallReason === null ||
    document.recallRequestedAt === null
  ) {
    throw new Error('a recall that was written is not there');
  }
  return {
    id: document.id,
    state: document.state,
    recall: {
      state: document.recallState,
      reason: document.recallReason,
      requestedAt: document.recallRequestedAt,
      code: document.recallCode,
    },
  };
}
