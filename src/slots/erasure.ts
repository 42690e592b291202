import type { Database, Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { BodyStore } from '../exchange/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { eraseMessages, eraseReports, takeExpired, takeOldReplies } from './erasure-store.ts';

/** A message lasts 30 days at most; so long after its end nobody needs its texts to understand an answer to it. */
const MESSAGE_RETENTION_DAYS = 90;
/** What people wrote to each other, they may want to read again. */
const REPLY_RETENTION_DAYS = 365;
const BATCH = 200;

export type MessageErasure = {
  /** Forgets what was said to the customer of a link, both ways; the link's own tombstone tells of it. */
  eraseLink(tx: Tx, linkId: string): Promise<void>;
  /** Forgets the texts of messages that are long over; true where more is waiting. */
  sweep(): Promise<boolean>;
};

export function createMessageErasure(deps: {
  db: Database;
  evidence: Pick<Evidence, 'record'>;
  bodyStore: Pick<BodyStore, 'erase'>;
  outbox: Pick<Outbox, 'cancelIn'>;
}): MessageErasure {
  const { db, evidence, bodyStore, outbox } = deps;
  return {
    async eraseLink(tx, linkId) {
      const told = await eraseReports(tx, linkId);
      // Those on their way are given up; what is over already has no delivery.
      await outbox.cancelIn(
        tx,
        told.map(({ jti }) => jti),
      );
      const bodies = await eraseMessages(tx, linkId);
      await bodyStore.erase(tx, [...bodies, ...told.map(({ bodyId }) => bodyId)]);
    },
    sweep: () =>
      db.transact(async (tx) => {
        const messages = await forget(tx, 'messages', await takeExpired(tx, MESSAGE_RETENTION_DAYS, BATCH));
        const replies = await forget(tx, 'replies', await takeOldReplies(tx, REPLY_RETENTION_DAYS, BATCH));
        return messages === BATCH || replies === BATCH;
      }),
  };

  async function forget(
    tx: Tx,
    what: string,
    over: readonly { id: string; bodyId: string }[],
  ): Promise<number> {
    const [first, last] = [over[0], over.at(-1)];
    if (first === undefined || last === undefined) return 0;
    await bodyStore.erase(
      tx,
      over.map(({ bodyId }) => bodyId),
    );
    // One tombstone for the batch: these end by rule, not by anybody's choice.
    const subject = `${what}:${first.id}..${last.id}:${over.length}`;
    await evidence.record(tx, { event: 'Erasure', reason: 'erasure.retention', subject });
    return over.length;
  }
}
