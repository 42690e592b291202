import { randomBytes } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import { PROTOCOL_VERSION, signEntityConfiguration } from '../src/protocol/entity-configuration.ts';
import type { EntityId } from '../src/protocol/ids.ts';
import { createSigner, generateSigningKey, type Signer } from '../src/protocol/jose/keys.ts';
import { encodeRandom128 } from '../src/protocol/nonce.ts';
import { signReceipt } from '../src/protocol/receipt.ts';

type SigningKey = ReturnType<typeof generateSigningKey>;

/** What the load generator signs with, in whosever name. */
export type PeerKeys = {
  readonly federation: SigningKey;
  readonly exchange: SigningKey;
  /** Of the exchange key. */
  readonly signer: Signer;
  /** Unix second of the start. */
  readonly nowS: number;
};

/** What is sent to a peer and answered there: an exchange of `iss`, and its envelope's digest. */
export type Expected = { jti: string; envelopeSha256: string };

const LIFETIME_S = 7 * 86_400;

export function makePeerKeys(): PeerKeys {
  const exchange = generateSigningKey('EdDSA');
  return {
    federation: generateSigningKey('EdDSA'),
    exchange,
    signer: createSigner(exchange.privateKey),
    nowS: Math.floor(Date.now() / 1000),
  };
}

export function configurationOf(
  { federation, exchange, nowS }: PeerKeys,
  entityId: EntityId,
  organizationName: string,
): Promise<string> {
  return signEntityConfiguration(
    {
      iss: entityId,
      sub: entityId,
      iat: nowS,
      exp: nowS + LIFETIME_S,
      jwks: { keys: [federation.publicJwk] },
      metadata: {
        federation_entity: { organization_name: organizationName },
        ivx_node: {
          protocol_versions: [PROTOCOL_VERSION],
          federation_endpoint: `${entityId}/federation/v1` as EntityId,
          jwks: { keys: [exchange.publicJwk] },
          incarnation: nowS,
        },
      },
    },
    createSigner(federation.privateKey),
  );
}

/** The receipt by which a peer accepts an exchange of `iss`. */
export function acceptanceOf(
  { signer, nowS }: PeerKeys,
  entityId: EntityId,
  iss: string,
  { jti, envelopeSha256 }: Expected,
): Promise<string> {
  return signReceipt(
    {
      iss: entityId,
      aud: iss as EntityId,
      jti: uuidV7(),
      iat: Math.max(nowS, Math.floor(Date.now() / 1000)),
      env: { jti, iss: iss as EntityId, sha256: envelopeSha256 },
      event: 'RelayAcceptance',
      inc: nowS,
      nonce: encodeRandom128(randomBytes(16)),
    },
    signer,
  );
}
