import type { Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { sha256, sha256Bytes } from '../protocol/digest.ts';
import { type EnvelopeClaims, signEnvelope } from '../protocol/envelope.ts';
import type { EntityId, ExchangeId, LinkId } from '../protocol/ids.ts';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { encodeManifest, type Manifest } from '../protocol/manifest.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { newUuidV7, randomBytesOf } from '../random.ts';
import type { Registry } from '../registry/index.ts';
import type { BodyStore } from './bodies/body-store.ts';
import type { SealedBody } from './bodies/sealed-body.ts';
import type { SealedContent, Sealer } from './bodies/sealer.ts';
import { insertOutbound } from './store.ts';

/** What a room hands over to be sent. */
export type OutboundDraft = {
  jti: ExchangeId;
  aud: EntityId;
  act: string;
  sub?: LinkId;
  agr?: string;
  /** The manifest's bytes, as digested and sent. */
  manifest: Buffer;
  body: SealedBody;
  /** Whether an institution submitted it, so that a SubmissionAcceptance precedes the envelope. */
  submitted: boolean;
  /** Length of the delivery window. */
  windowS: number;
  /** Nothing is tried before. */
  notBefore?: Date;
};

/** What a room says in one exchange; sealed when it is said. */
export type Saying = Omit<OutboundDraft, 'jti' | 'body'> & {
  /** A new one unless it is given. */
  jti?: ExchangeId;
  content?: SealedContent;
};

/** A manifest with a salt of its own: its digest, which is public, tells nothing of the body. */
export function saltedManifest(body: object, content?: Manifest['content']): Buffer {
  return encodeManifest({
    salt: encodeRandom128(randomBytesOf(16)),
    body: body as JsonObject,
    ...(content !== undefined && { content }),
  });
}

export type OutboundExchanges = {
  /** Seals and stages at once. @returns the ids, in order */
  say(tx: Tx, sayings: readonly Saying[], now: Date): Promise<ExchangeId[]>;
  /**
   * Makes exchanges part of the caller's transaction: the evidence of their submission, the envelope signed once, the
   * sealed body and the queued delivery, all or nothing.
   */
  stage(tx: Tx, drafts: readonly OutboundDraft[], now: Date): Promise<void>;
};

export function createOutboundExchanges(deps: {
  registry: Registry;
  evidence: Evidence;
  bodies: BodyStore;
  sealer: Sealer;
  outbox: Outbox;
}): OutboundExchanges {
  const { registry, evidence, bodies, sealer, outbox } = deps;

  async function sign(draft: OutboundDraft, now: Date) {
    const { self } = registry;
    const manifestSha256 = sha256(draft.manifest);
    const submission = draft.submitted
      ? await evidence.sign({
          event: 'SubmissionAcceptance',
          at: now,
          peer: draft.aud,
          env: { jti: draft.jti, iss: self.entityId, manifest: manifestSha256 },
          ...(draft.sub !== undefined && { sub: draft.sub }),
        })
      : undefined;
    const iat = Math.floor(now.getTime() / 1000);
    const claims: EnvelopeClaims = {
      iss: self.entityId,
      aud: draft.aud,
      jti: draft.jti,
      iat,
      exp: iat + draft.windowS,
      act: draft.act,
      ...(draft.sub !== undefined && { sub: draft.sub }),
      ...(draft.agr !== undefined && { agr: draft.agr }),
      manifest: { sha256: manifestSha256, size: draft.manifest.length },
      ...(draft.body.contentSize !== null && { content: { size: draft.body.contentSize } }),
      ...(submission !== undefined && { ev: sha256(submission.jws) }),
      inc: self.incarnation,
    };
    const envelope = await signEnvelope(claims, self.signer());
    return { draft, claims, submission, envelope };
  }

  const outbound: OutboundExchanges = {
    async say(tx, sayings, now) {
      const drafts = await Promise.all(
        sayings.map(async ({ content, ...said }): Promise<OutboundDraft> => {
          const body = await sealer.finish(content, said.manifest);
          return { jti: newUuidV7() as ExchangeId, ...said, body };
        }),
      );
      await outbound.stage(tx, drafts, now);
      return drafts.map(({ jti }) => jti);
    },
    async stage(tx, drafts, now) {
      const signed = await Promise.all(drafts.map((draft) => sign(draft, now)));
      await insertOutbound(
        tx,
        signed.map(({ draft, claims, envelope }) => ({
          jti: draft.jti,
          aud: draft.aud,
          act: draft.act,
          sub: draft.sub ?? null,
          agr: draft.agr ?? null,
          envelope,
          envSha256: sha256Bytes(envelope),
          bodyId: draft.body.id,
          createdAt: now,
          expiresAt: new Date(claims.exp * 1000),
        })),
      );
      await bodies.keep(
        tx,
        drafts.map((draft) => draft.body),
      );
      await evidence.store(
        tx,
        signed.flatMap(({ submission }) => (submission === undefined ? [] : [submission])),
      );
      await outbox.enqueue(
        tx,
        signed.map(({ draft, claims }) => ({
          jti: draft.jti,
          peer: draft.aud,
          expiresAt: new Date(claims.exp * 1000),
          ...(draft.notBefore !== undefined && { notBefore: draft.notBefore }),
        })),
      );
    },
  };
  return outbound;
}
