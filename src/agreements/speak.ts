import type { Tx } from '../db/index.ts';
import { saltedManifest } from '../exchange/index.ts';
import type { AgreementDeclineBody } from '../protocol/agreement/terms.ts';
import type { EntityId, ExchangeId } from '../protocol/ids.ts';
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

/** Body of an `agreement.decline`. */
export function declineBody(agreement: string, note: string | null | undefined): AgreementDeclineBody {
  return { agreement, ...(note != null && { note }) };
}

export function createSpeaker(deps: AgreementDeps): Speaker {
  const speaker: Speaker = {
    async say(tx, said) {
      const { peer, act, version, manifest, at, submitted, notBefore } = said;
      const windowS = said.windowS ?? deps.options.deliveryWindowS;
      const saying = { aud: peer, act, manifest, submitted, windowS, ...(notBefore && { notBefore }) };
      const [jti] = await deps.exchange().outbound.say(tx, [saying], at);
      const iss = deps.registry.self.entityId;
      await insertExchange(tx, { iss, jti: jti as ExchangeId, version, act, at });
      return jti as ExchangeId;
    },
    async takeBack(tx, { peer, version, at, submitted, note }) {
      const proposed = await readProposalExchange(tx, version);
      if (proposed?.state === 'accepted') {
        const manifest = saltedManifest(declineBody(version, note));
        await speaker.say(tx, { peer, act: 'agreement.decline', version, manifest, at, submitted });
      } else if (proposed?.state === 'pending') {
        tx.afterCommit(() => void deps.outbox.cancel(proposed.jti).catch(deps.onError));
      }
    },
  };
  return speaker;
}
