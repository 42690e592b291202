import type { Tx } from '../db/index.ts';
import type { AgreementDeclineBody } from '../protocol/agreement/terms.ts';
import type { EntityId, ExchangeId } from '../protocol/ids.ts';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { encodeManifest } from '../protocol/manifest.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { newUuidV7, randomBytesOf } from '../random.ts';
import type { AgreementDeps } from './deps.ts';
import { insertExchange, readProposalExchange } from './exchange-store.ts';

/** Their manifests are the contract itself, so they are kept. */
export const AGREEMENT_ACTS = [
  'agreement.propose',
  'agreement.accept',
  'agreement.decline',
  'agreement.terminate',
] as const;

export type AgreementAct = (typeof AGREEMENT_ACTS)[number];

export type Said = {
  peer: EntityId;
  act: AgreementAct;
  /** The version it is about; the agreement's first one for a termination. */
  version: string;
  manifest: Buffer;
  at: Date;
  /** Whether an institution submits it now; what is said again is the node's own doing. */
  submitted: boolean;
  windowS?: number;
  /** Nothing is tried before. */
  notBefore?: Date;
};

export type Speaker = {
  /** Queues what this side says as an exchange of the caller's transaction, and files it. */
  say(tx: Tx, said: Said): Promise<ExchangeId>;
  /** An own proposal is over before the peer answered: its delivery is given up, or the peer, who has it, is told. */
  takeBack(
    tx: Tx,
    proposal: { peer: EntityId; version: string; at: Date; submitted: boolean; note?: string | undefined },
  ): Promise<void>;
};

/** A manifest of an act of agreements. */
export function manifestOf(body: object): Buffer {
  return encodeManifest({ salt: encodeRandom128(randomBytesOf(16)), body: body as JsonObject });
}

/** Body of an `agreement.decline`. */
export function declineBody(agreement: string, note: string | null | undefined): AgreementDeclineBody {
  return { agreement, ...(note != null && { note }) };
}

export function createSpeaker(deps: AgreementDeps): Speaker {
  const speaker: Speaker = {
    async say(tx, said) {
      const { outbound, sealer } = deps.exchange();
      const jti = newUuidV7() as ExchangeId;
      const draft = {
        jti,
        aud: said.peer,
        act: said.act,
        manifest: said.manifest,
        body: await sealer.finish(undefined, said.manifest),
        submitted: said.submitted,
        windowS: said.windowS ?? deps.options.deliveryWindowS,
        ...(said.notBefore !== undefined && { notBefore: said.notBefore }),
      };
      await outbound.stage(tx, [draft], said.at);
      const iss = deps.registry.self.entityId;
      await insertExchange(tx, { iss, jti, version: said.version, act: said.act, at: said.at });
      return jti;
    },
    async takeBack(tx, { peer, version, at, submitted, note }) {
      const proposed = await readProposalExchange(tx, version);
      if (proposed?.state === 'accepted') {
        const manifest = manifestOf(declineBody(version, note));
        await speaker.say(tx, { peer, act: 'agreement.decline', version, manifest, at, submitted });
      } else if (proposed?.state === 'pending') {
        tx.afterCommit(() => void deps.outbox.cancel(proposed.jti).catch(deps.onError));
      }
    },
  };
  return speaker;
}
