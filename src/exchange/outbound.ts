import type { Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { sha256, sha256Bytes } from '../protocol/digest.ts';
import { type EnvelopeClaims, signEnvelope } from '../protocol/envelope.ts';
import type { EntityId, ExchangeId, LinkId } from '../protocol/ids.ts';
import type { Registry } from '../registry/index.ts';
import type { BodyStore } from './bodies/body-store.ts';
import type { SealedBody } from './bodies/sealed-body.ts';
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

export type OutboundExchanges = {
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
  outbox: Outbox;
}): OutboundExchanges {
  const { registry, evidence, bodies, outbox } = deps;

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

  return {
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
}
