import type { Database, Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { BodyStore } from '../exchange/index.ts';
import { eraseMessages, takeExpired } from './erasure-store.ts';

/** A message lasts 30 days at most; so long after its end nobody needs its texts to understand an answer to it. */
const RETENTION_DAYS = 90;
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
}): MessageErasure {
  const { db, evidence, bodyStore } = deps;
  return {
    async eraseLink(tx, linkId) {
      await bodyStore.erase(tx, await eraseMessages(tx, linkId));
    },
    sweep: () =>
      db.transact(async (tx) => {
        const over = await takeExpired(tx, RETENTION_DAYS, BATCH);
        const [first, last] = [over[0], over.at(-1)];
        if (first === undefined || last === undefined) return false;
        await bodyStore.erase(
          tx,
          over.map(({ bodyId }) => bodyId),
        );
        // One tombstone for the batch: these end by rule, not by anybody's choice.
        await evidence.record(tx, {
          event: 'Erasure',
          reason: 'erasure.retention',
          subject: `messages:${first.id}..${last.id}:${over.length}`,
        });
        return over.length === BATCH;
      }),
  };
}
