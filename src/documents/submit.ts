import { randomFillSync } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { createGroupCommit, type Database, type Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import {
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

export type Submitted = { id: ExchangeId; peer: EntityId; submittedAt: Date };

type Submission = SubmissionMetadata & {
  jti: ExchangeId;
  content: SealedContent;
  salt: string;
};

const MAX_BATCH = 128;

export type Submitter = {
  /**
   * Takes a document: durable, with its evidence and its queued delivery, before it resolves.
   *
   * @throws Refusal `link.*`, `content.empty`, `content.too_large`, `content.type`, `upload.size`, `upload.digest`
   */
  submit(metadata: SubmissionMetadata, file: AsyncIterable<Buffer>): Promise<Submitted>;
};

export function createSubmitter(deps: {
  db: Database;
  clock: Clock;
  evidence: Evidence;
  links: LinkGate;
  outbound: OutboundExchanges;
  sealer: Sealer;
  maxContentBytes: number;
  deliveryWindowS: number;
}): Submitter {
  const { db, clock, evidence, links, outbound, sealer } = deps;

  const commits = createGroupCommit<Submission, Submitted | Refusal>({
    maxBatch: MAX_BATCH,
    commit: (batch) => db.transact((tx) => commit(tx, batch)),
  });

  async function commit(tx: Tx, batch: Submission[]): Promise<(Submitted | Refusal)[]> {
    const now = new Date(clock.nowMs());
    const views = await links.lock(tx, [...new Set(batch.map((submission) => submission.link))].sort());
    const accepted: { submission: Submission; peer: EntityId; manifest: Buffer }[] = [];
    const results = await Promise.all(
      batch.map(async (submission): Promise<Submitted | Refusal> => {
        const link = views.get(submission.link);
        const refusal = refuseSubmission(link, submission.fields.type);
        if (refusal !== undefined || link === undefined) {
          await recordRejection(tx, submission, link, refusal?.code ?? 'link.unknown');
          return refusal ?? new Refusal('link.unknown');
        }
        const peer = link.peer as EntityId;
        accepted.push({ submission, peer, manifest: manifestOf(submission) });
        return { id: submission.jti, peer, submittedAt: now };
      }),
    );
    const drafts = await Promise.all(
      accepted.map(async ({ submission, peer, manifest }) => ({
        jti: submission.jti,
        aud: peer,
        act: 'document.push',
        sub: submission.link,
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
    return results;
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
    async submit(metadata, file) {
      const check = createTypeCheck(metadata.contentType);
      const content = await sealer.sealStream(bounded(file, deps.maxContentBytes, check.push), undefined);
      try {
        if (content.size === 0) throw new Refusal('content.empty');
        if (metadata.size !== undefined && metadata.size !== content.size) throw new Refusal('upload.size');
        if (metadata.sha256 !== undefined && metadata.sha256 !== content.sha256)
          throw new Refusal('upload.digest');
        if (!check.end()) throw new Refusal('content.type', { declared: metadata.contentType });
        const result = await commits.add({
          ...metadata,
          jti: uuidV7() as ExchangeId,
          content,
          salt: encodeRandom128(randomFillSync(Buffer.allocUnsafe(16))),
        });
        if (result instanceof Refusal) throw result;
        return result;
      } catch (error) {
        await sealer.discard(content);
        throw error;
      }
    },
  };
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

function refuseSubmission(link: LinkView | undefined, type: string): Refusal | undefined {
  if (link === undefined) return new Refusal('link.unknown');
  if (link.state !== 'active') return new Refusal(`link.${link.state}`);
  if (link.scopes[link.peer]?.documents?.includes(type) !== true) return new Refusal('link.scope', { type });
  return undefined;
}

async function* bounded(
  file: AsyncIterable<Buffer>,
  limit: number,
  look: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of file) {
    size += chunk.length;
    if (size > limit) throw new Refusal('content.too_large', { limitBytes: limit });
    look(chunk);
    yield chunk;
  }
}
