import { fingerprintOf } from '../api-access.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { BodyReader, BodyStore, LinkGate, Sealer } from '../exchange/index.ts';
import type { ExchangeId } from '../protocol/ids.ts';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { Refusal } from '../protocol/refusal.ts';
import { newUuidV7 } from '../random.ts';
import { type DraftRow, insertDraft, readDraft, takeExpiredDrafts } from './draft-store.ts';
import { createRunningKeys, type IdempotencyKey } from './idempotency.ts';
import { deleteExpiredKeys, readAnswers, storeAnswers } from './idempotency-store.ts';
import { draftShape } from './shapes.ts';
import { refuseSubmission, type SubmissionMetadata, type Submitted, type Submitter } from './submit.ts';

export type Drafts = {
  /**
   * Keeps metadata until their file comes, at most a day.
   *
   * @returns the answer of the API, JSON.
   * @throws Refusal `link.*`, `idempotency.mismatch`, `idempotency.in_progress`
   */
  create(
    metadata: SubmissionMetadata,
    idempotency?: { key: IdempotencyKey; given: JsonObject },
  ): Promise<{ id: string; answer: string }>;
  read(id: string): Promise<DraftRow | undefined>;
  /** Submits a draft with its file. As `submit`; undefined where there is no such draft. */
  complete(id: string, file: AsyncIterable<Buffer>): Promise<Submitted | undefined>;
  /** Forgets drafts and idempotency keys that expired, a bounded number. */
  sweep(): Promise<void>;
};

const DRAFT_HOURS = 24;
const SWEEP_BATCH = 500;

export function createDrafts(deps: {
  db: Database;
  clock: Clock;
  links: LinkGate;
  sealer: Sealer;
  bodies: BodyReader;
  bodyStore: Pick<BodyStore, 'keep' | 'erase'>;
  submitter: Submitter;
}): Drafts {
  const { db, clock, links, sealer, bodies, bodyStore, submitter } = deps;
  const running = createRunningKeys();

  async function create(
    metadata: SubmissionMetadata,
    idempotency?: { key: IdempotencyKey; given: JsonObject },
  ): Promise<{ id: string; answer: string }> {
    const now = new Date(clock.nowMs());
    const id = newUuidV7();
    const body = await sealer.finish(undefined, Buffer.from(JSON.stringify(metadata), 'utf8'));
    const fingerprint = fingerprintOf(idempotency?.given ?? {});
    return db.transact(async (tx) => {
      if (idempotency !== undefined) {
        const [stored] = await readAnswers(tx, [idempotency.key]);
        if (stored !== undefined) {
          if (!stored.fingerprint.equals(fingerprint)) throw new Refusal('idempotency.mismatch');
          return { id: stored.documentId, answer: stored.answer };
        }
      }
      const link = (await links.lock(tx, [metadata.link])).get(metadata.link);
      const refusal = refuseSubmission(link, metadata.fields.type);
      if (refusal !== undefined || link === undefined) throw refusal ?? new Refusal('link.unknown');
      const draft: DraftRow = {
        id,
        linkId: metadata.link,
        peer: link.peer,
        type: metadata.fields.type,
        contentType: metadata.contentType,
        bodyId: body.id,
        submittedBy: metadata.submittedBy,
        createdAt: now,
        expiresAt: new Date(now.getTime() + DRAFT_HOURS * 3_600_000),
      };
      const answer = JSON.stringify(draftShape(draft));
      if (idempotency !== undefined) {
        const lost = await storeAnswers(
          tx,
          [{ ...idempotency.key, fingerprint, documentId: id, answer }],
          now,
        );
        if (lost.size > 0) throw new Refusal('idempotency.in_progress', { retryAfterS: 1 });
      }
      await bodyStore.keep(tx, [body]);
      await insertDraft(tx, draft);
      return { id, answer };
    });
  }

  return {
    create: (metadata, idempotency) => running.run(idempotency?.key, () => create(metadata, idempotency)),
    read: (id) => readDraft(db, id),
    async complete(id, file) {
      const draft = await readDraft(db, id);
      const body = draft && (await bodies.open([draft.bodyId])).get(draft.bodyId);
      if (body === undefined) return undefined;
      const metadata = JSON.parse(body.manifest().toString('utf8')) as SubmissionMetadata;
      return submitter.submit(metadata, file, { draft: id as ExchangeId });
    },
    async sweep() {
      await db.transact(async (tx) => bodyStore.erase(tx, await takeExpiredDrafts(tx, SWEEP_BATCH)));
      await deleteExpiredKeys(db, SWEEP_BATCH);
    },
  };
}
