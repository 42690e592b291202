import { fingerprintOf } from '../api-access.ts';
import type { Clock } from '../clock.ts';
import { createGroupCommit, type Database, type Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import {
  type AgreementGate,
  type AgreementView,
  type BodyStore,
  createTypeCheck,
  type LinkGate,
  type LinkView,
  type OutboundExchanges,
  type SealedContent,
  type Sealer,
} from '../exchange/index.ts';
import type { EntityId, ExchangeId, LinkId } from '../protocol/ids.ts';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { encodeManifest } from '../protocol/manifest.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { Refusal } from '../protocol/refusal.ts';
import { newUuidV7, randomBytesOf } from '../random.ts';
import { takeDrafts } from './draft-store.ts';
import { createRunningKeys, type IdempotencyKey } from './idempotency.ts';
import { readAnswers, type StoredAnswer, storeAnswers } from './idempotency-store.ts';
import { submittedShape } from './shapes.ts';
import { insertSent } from './store.ts';

/** What an institution gives with a file. `fields` follow the schema of document.push. */
export type SubmissionMetadata = {
  link: LinkId;
  fields: JsonObject & { type: string };
  contentType: string;
  name: string;
  submittedBy: string;
  /** What the institution expects the file to be: bytes, and SHA-256 in base64url. */
  size?: number;
  sha256?: string;
};

export type Submitted = {
  id: ExchangeId;
  peer: EntityId;
  submittedAt: Date;
  /** The answer of the API, JSON: the same for every repetition under one idempotency key. */
  answer: string;
  /** Whether an earlier request under the same key brought it. */
  replayed: boolean;
};

export type SubmitOptions = {
  /** The metadata as the caller gave them, which a repetition must repeat. */
  idempotency?: { key: IdempotencyKey; given: JsonObject };
  /** The draft that this file completes: the document takes its id, and nobody else completes it. */
  draft?: ExchangeId;
};

type Submission = SubmissionMetadata & {
  jti: ExchangeId;
  draft: boolean;
  content: SealedContent;
  salt: string;
  keyed: (IdempotencyKey & { fingerprint: Buffer }) | undefined;
};

const MAX_BATCH = 128;

export type Submitter = {
  /**
   * Takes a document: durable, with its evidence and its queued delivery, before it resolves.
   *
   * @throws Refusal `link.*`, `agreement.scope`, `content.empty`, `content.too_large`, `content.type`, `upload.size`, `upload.digest`,
   * `idempotency.mismatch`, `idempotency.in_progress`, `document.state`
   */
  submit(
    metadata: SubmissionMetadata,
    file: AsyncIterable<Buffer>,
    options?: SubmitOptions,
  ): Promise<Submitted>;
};

export function createSubmitter(deps: {
  db: Database;
  clock: Clock;
  evidence: Evidence;
  links: LinkGate;
  agreements: AgreementGate;
  outbound: OutboundExchanges;
  sealer: Sealer;
  bodyStore: Pick<BodyStore, 'erase'>;
  maxContentBytes: number;
  deliveryWindowS: number;
  /** Told of the size of each shared commit. */
  onCommit?: (items: number) => void;
}): Submitter {
  const { db, clock, evidence, links, outbound, sealer } = deps;
  const running = createRunningKeys();

  const commits = createGroupCommit<Submission, Submitted | Refusal>({
    maxBatch: MAX_BATCH,
    onCommit: deps.onCommit,
    commit: (batch) => db.transact((tx) => commit(tx, batch)),
  });

  async function commit(tx: Tx, batch: Submission[]): Promise<(Submitted | Refusal)[]> {
    const now = new Date(clock.nowMs());
    const results = new Map<Submission, Submitted | Refusal>();
    const views = await links.lock(tx, [...new Set(batch.map((submission) => submission.link))].sort());
    const books = await deps.agreements.read(tx, [...new Set([...views.values()].map((link) => link.peer))]);
    for (const [submission, stored] of await readStored(tx, batch))
      results.set(submission, repeat(submission, stored));

    const rejected: { submission: Submission; link: LinkView | undefined; reason: string }[] = [];
    const candidates: Accepted[] = [];
    for (const submission of batch) {
      if (results.has(submission)) continue;
      const link = views.get(submission.link);
      const agreement = link && (await books.toName(link.peer, now.getTime()));
      const refusal =
        refuseSubmission(link, submission.fields.type) ??
        refuseForAgreement(agreement, link?.peer, submission.fields.type);
      if (refusal !== undefined || link === undefined) {
        results.set(submission, refusal ?? new Refusal('link.unknown'));
        rejected.push({ submission, link, reason: refusal?.code ?? 'link.unknown' });
      } else {
        candidates.push({
          submission,
          peer: link.peer as EntityId,
          manifest: manifestOf(submission),
          agreement,
        });
      }
    }
    const refused = await claim(tx, candidates, now);
    const accepted = candidates.filter(({ submission }) => !refused.has(submission));
    for (const [submission, refusal] of refused) results.set(submission, refusal);
    for (const one of accepted) results.set(one.submission, submittedOf(one, now, deps.deliveryWindowS));

    for (const { submission, link, reason } of rejected) await recordRejection(tx, submission, link, reason);
    if (accepted.length > 0) await stage(tx, accepted, now);
    return batch.map((submission) => results.get(submission) as Submitted | Refusal);
  }

  /** Takes keys and drafts for good; who comes second to either is refused. */
  async function claim(tx: Tx, candidates: Accepted[], now: Date): Promise<Map<Submission, Refusal>> {
    const refused = new Map<Submission, Refusal>();
    const answers = candidates.flatMap((one) => {
      const { keyed, jti } = one.submission;
      if (keyed === undefined) return [];
      return [{ ...keyed, documentId: jti, answer: submittedOf(one, now, deps.deliveryWindowS).answer }];
    });
    const lost = await storeAnswers(tx, answers, now);
    const drafts = candidates.filter(({ submission }) => submission.draft);
    const taken = await takeDrafts(
      tx,
      drafts.map(({ submission }) => submission.jti),
    );
    await deps.bodyStore.erase(
      tx,
      taken.map((draft) => draft.bodyId),
    );
    const stillThere = new Set<string>(taken.map((draft) => draft.id));
    for (const { submission } of candidates) {
      if (lost.has(submission.jti))
        refused.set(submission, new Refusal('idempotency.in_progress', { retryAfterS: 1 }));
      else if (submission.draft && !stillThere.has(submission.jti))
        refused.set(submission, new Refusal('document.state'));
    }
    return refused;
  }

  async function stage(tx: Tx, accepted: Accepted[], now: Date): Promise<void> {
    const drafts = await Promise.all(
      accepted.map(async ({ submission, peer, manifest, agreement }) => ({
        jti: submission.jti,
        aud: peer,
        act: 'document.push',
        sub: submission.link,
        ...(agreement !== undefined && { agr: agreement.id }),
        manifest,
        body: await sealer.finish(submission.content, manifest),
        submitted: true,
        windowS: deps.deliveryWindowS,
      })),
    );
    await outbound.stage(tx, drafts, now);
    await insertSent(
      tx,
      accepted.map(({ submission, peer }) => ({
        id: submission.jti,
        linkId: submission.link,
        peer,
        type: submission.fields.type,
        contentType: submission.contentType,
        contentSize: submission.content.size,
        submittedBy: submission.submittedBy,
        submittedAt: now,
      })),
    );
  }

  /** A refused submission leaves evidence too, where the link says whom it concerned. */
  async function recordRejection(
    tx: Tx,
    submission: Submission,
    link: LinkView | undefined,
    reason: string,
  ): Promise<void> {
    if (link === undefined) return;
    await evidence.record(tx, {
      event: 'SubmissionRejection',
      peer: link.peer as EntityId,
      sub: submission.link,
      reason,
    });
  }

  return {
    submit: (metadata, file, { idempotency, draft } = {}) =>
      running.run(idempotency?.key, async () => {
        const check = createTypeCheck(metadata.contentType);
        const content = await sealer.sealStream(bounded(file, deps.maxContentBytes, check.push), undefined);
        let kept = false;
        try {
          checkContent(metadata, content, check.end());
          const result = await commits.add({
            ...metadata,
            jti: draft ?? (newUuidV7() as ExchangeId),
            draft: draft !== undefined,
            content,
            salt: encodeRandom128(randomBytesOf(16)),
            keyed: idempotency && {
              ...idempotency.key,
              fingerprint: fingerprintOf(idempotency.given, content.sha256),
            },
          });
          if (result instanceof Refusal) throw result;
          kept = !result.replayed;
          return result;
        } finally {
          if (!kept) await sealer.discard(content);
        }
      }),
  };
}

type Accepted = {
  submission: Submission;
  peer: EntityId;
  manifest: Buffer;
  agreement: AgreementView | undefined;
};

async function readStored(tx: Tx, batch: Submission[]): Promise<Map<Submission, StoredAnswer>> {
  const keyed = batch.flatMap((submission) =>
    submission.keyed === undefined ? [] : [{ submission, key: submission.keyed }],
  );
  const stored = await readAnswers(
    tx,
    keyed.map(({ key }) => key),
  );
  const found = new Map<Submission, StoredAnswer>();
  for (const [index, { submission }] of keyed.entries()) {
    const answer = stored[index];
    if (answer !== undefined) found.set(submission, answer);
  }
  return found;
}

/** The answer of the first request under this key, if this one asks for the same. */
function repeat(submission: Submission, stored: StoredAnswer): Submitted | Refusal {
  if (submission.keyed?.fingerprint.equals(stored.fingerprint) !== true)
    return new Refusal('idempotency.mismatch');
  const { peer, submittedAt } = JSON.parse(stored.answer) as { peer: EntityId; submittedAt: string };
  return {
    id: stored.documentId as ExchangeId,
    peer,
    submittedAt: new Date(submittedAt),
    answer: stored.answer,
    replayed: true,
  };
}

function submittedOf({ submission, peer }: Accepted, now: Date, windowS: number): Submitted {
  const answer = JSON.stringify(submittedShape({ ...submission, id: submission.jti, peer, now, windowS }));
  return { id: submission.jti, peer, submittedAt: now, answer, replayed: false };
}

function checkContent(metadata: SubmissionMetadata, content: SealedContent, typeFits: boolean): void {
  if (content.size === 0) throw new Refusal('content.empty');
  if (metadata.size !== undefined && metadata.size !== content.size) throw new Refusal('upload.size');
  if (metadata.sha256 !== undefined && metadata.sha256 !== content.sha256) throw new Refusal('upload.digest');
  if (!typeFits) throw new Refusal('content.type', { declared: metadata.contentType });
}

function manifestOf(submission: Submission): Buffer {
  const { content } = submission;
  return encodeManifest({
    salt: submission.salt,
    body: submission.fields,
    content: {
      sha256: content.sha256,
      size: content.size,
      type: submission.contentType,
      name: submission.name,
    },
  });
}

export function refuseSubmission(link: LinkView | undefined, type: string): Refusal | undefined {
  if (link === undefined) return new Refusal('link.unknown');
  if (link.state !== 'active') return new Refusal(`link.${link.state}`);
  if (link.scopes[link.peer]?.documents?.includes(type) !== true)
    return new Refusal('link.scope', { documentType: type });
  return undefined;
}

/** What the recipient's vault does not take under the agreement it would refuse anyway. */
function refuseForAgreement(
  agreement: AgreementView | undefined,
  host: string | undefined,
  type: string,
): Refusal | undefined {
  if (agreement === undefined || host === undefined) return undefined;
  if (agreement.terms.hosts[host]?.documents?.types.includes(type) === true) return undefined;
  return new Refusal('agreement.scope', { documentType: type, agreement: agreement.id });
}

/** Throws Refusal `content.too_large`, and `upload.cut` where the connection ends before the file does. */
export async function* bounded(
  file: AsyncIterable<Buffer>,
  limit: number,
  look: (chunk: Buffer) => void = () => {},
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of file) {
    size += chunk.length;
    if (size > limit) throw new Refusal('content.too_large', { limitBytes: limit });
    look(chunk);
    yield chunk;
  }
}
