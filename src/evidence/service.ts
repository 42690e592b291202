import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../db/index.ts';
import { type EvidenceClaims, signEvidence } from '../protocol/evidence-record.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { Signer } from '../protocol/jose/keys.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { newUuidV7, randomBytesOf } from '../random.ts';
import { type EvidenceRow, insertEvidence, readChain } from './store.ts';

/** Who signs: the node's own identity, as the registry holds it. */
export type Identity = { readonly entityId: EntityId; readonly incarnation: number; signer(): Signer };

/** What a caller tells; issuer, id, incarnation and nonce are added here. */
export type EvidenceDraft = Omit<EvidenceClaims, 'iss' | 'jti' | 'iat' | 'inc' | 'nonce'> & { at?: Date };

export type Evidence = {
  /** Signs a record without storing it: for a caller that stores many at once. */
  sign(draft: EvidenceDraft): Promise<EvidenceRow>;
  /** Stores signed records, ours or a counterpart's, in the transaction of what they attest. */
  store(tx: Tx, rows: readonly EvidenceRow[]): Promise<void>;
  /** Signs and stores one. */
  record(tx: Tx, draft: EvidenceDraft): Promise<void>;
  chain(exchange: { iss: string; jti: string }): Promise<EvidenceRow[]>;
};

export function createEvidence(deps: { db: Database; clock: Clock; identity: () => Identity }): Evidence {
  async function sign(draft: EvidenceDraft): Promise<EvidenceRow> {
    const identity = deps.identity();
    const { at, ...told } = draft;
    const eventAt = at ?? new Date(deps.clock.nowMs());
    const claims: EvidenceClaims = {
      iss: identity.entityId,
      jti: newUuidV7(),
      iat: Math.floor(eventAt.getTime() / 1000),
      ...told,
      inc: identity.incarnation,
      nonce: encodeRandom128(randomBytesOf(16)),
    };
    return {
      exchangeJti: told.env?.jti ?? null,
      exchangeIss: told.env?.iss ?? null,
      event: told.event,
      issuer: identity.entityId,
      eventAt,
      jws: await signEvidence(claims, identity.signer()),
    };
  }

  return {
    sign,
    store: insertEvidence,
    async record(tx, draft) {
      await insertEvidence(tx, [await sign(draft)]);
    },
    chain: (exchange) => readChain(deps.db.read, exchange),
  };
}
