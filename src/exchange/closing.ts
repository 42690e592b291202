import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { rejectionReason, signReceipt } from '../protocol/receipt.ts';
import { newUuidV7, randomBytesOf } from '../random.ts';
import type { Registry } from '../registry/index.ts';
import { type Decision, replayDecision } from './accept.ts';
import { exchangeKey, insertInbound } from './store.ts';

/**
 * Ends an exchange for its sender: whatever was decided is returned; what was not is decided now, as closed, so that
 * a PUT that comes later meets that answer.
 */
export function createClosing(deps: { db: Database; registry: Registry; evidence: Evidence }): {
  close(sender: EntityId, jti: string, envSha256: Buffer): Promise<Decision>;
} {
  const { db, registry, evidence } = deps;

  return {
    close(sender, jti, envSha256) {
      return db.transact(async (tx): Promise<Decision> => {
        const peer = (await registry.lockAndReadPeers(tx, [sender])).get(sender);
        if (peer === undefined) return { kind: 'refused', code: 'peer.unknown' };
        const { self } = registry;
        const decidedAt = new Date(peer.nowMs);
        const receipt = await signReceipt(
          {
            iss: self.entityId,
            aud: sender,
            jti: newUuidV7(),
            iat: Math.floor(peer.nowMs / 1000),
            env: { jti, iss: sender, sha256: envSha256.toString('base64url') },
            event: 'RelayRejection',
            ...rejectionReason('exchange.closed'),
            inc: self.incarnation,
            nonce: encodeRandom128(randomBytesOf(16)),
          },
          self.signer(),
        );
        const earlier = await insertInbound(tx, [
          {
            iss: sender,
            jti,
            envSha256,
            act: 'closed',
            sub: null,
            agr: null,
            envelope: null,
            outcome: 'closed',
            reason: 'exchange.closed',
            bodyId: null,
            configurationSha256: registry.peer(sender)?.configurationSha256 ?? null,
            decidedAt,
          },
        ]);
        const stored = earlier.get(exchangeKey({ iss: sender, jti }));
        if (stored !== undefined) return replayDecision(stored, envSha256);
        await evidence.store(tx, [
          {
            exchangeJti: jti,
            exchangeIss: sender,
            event: 'RelayRejection',
            issuer: self.entityId,
            eventAt: decidedAt,
            jws: receipt,
          },
        ]);
        return { kind: 'decided', outcome: 'closed', receipt, replayed: false };
      });
    },
  };
}
