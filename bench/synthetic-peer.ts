import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { v7 as uuidV7 } from 'uuid';
import {
  ENTITY_CONFIGURATION_PATH,
  ENTITY_STATEMENT_MEDIA_TYPE,
  PROTOCOL_VERSION,
  signEntityConfiguration,
} from '../src/protocol/entity-configuration.ts';
import type { EntityId } from '../src/protocol/ids.ts';
import { createSigner, generateSigningKey, type PublicJwk, type Signer } from '../src/protocol/jose/keys.ts';
import { encodeRandom128 } from '../src/protocol/nonce.ts';
import { RECEIPT_MEDIA_TYPE, signReceipt } from '../src/protocol/receipt.ts';

/** What is sent to the peer and answered there: an exchange of `iss`, and its envelope's digest. */
export type Expected = { jti: string; envelopeSha256: string };

/** A peer without a store: it shows its keys to whoever pins it, and answers pushes from receipts signed beforehand. */
export type SyntheticPeer = {
  readonly entityId: string;
  /** Thumbprint to pin. */
  readonly pin: string;
  readonly signer: Signer;
  readonly exchangeJwk: PublicJwk;
  /** Signs the receipts for exchanges that will come. */
  expect(iss: string, exchanges: readonly Expected[]): Promise<void>;
  /** Answered since the last call: how many, and when the first and the last of them. */
  takeAnswered(): { count: number; firstAtMs: number; lastAtMs: number };
  close(): Promise<void>;
};

const LATER = JSON.stringify({ code: 'exchange.in_progress', status: 409, retryable: true });
const LIFETIME_S = 7 * 86_400;

export async function startSyntheticPeer(): Promise<SyntheticPeer> {
  const federation = generateSigningKey('EdDSA');
  const exchange = generateSigningKey('EdDSA');
  const signer = createSigner(exchange.privateKey);
  const receipts = new Map<string, Buffer>();
  let configuration = '';
  let answered = { count: 0, firstAtMs: 0, lastAtMs: 0 };

  const server = createServer((request, response) => {
    request.resume();
    if (request.url === ENTITY_CONFIGURATION_PATH) {
      response.setHeader('content-type', ENTITY_STATEMENT_MEDIA_TYPE);
      response.end(configuration);
      return;
    }
    request.once('end', () => {
      const jti = request.url?.slice(request.url.lastIndexOf('/') + 1) ?? '';
      const receipt = receipts.get(jti);
      if (receipt === undefined) {
        // Notices of suspensions, mostly. Not a failure: enough of those and the node would ask this peer seldom.
        response.writeHead(409, { 'content-type': 'application/problem+json' }).end(LATER);
        return;
      }
      answered.lastAtMs = performance.now();
      if (answered.count++ === 0) answered.firstAtMs = answered.lastAtMs;
      response.writeHead(201, { 'content-type': RECEIPT_MEDIA_TYPE, 'content-length': receipt.length });
      response.end(receipt);
    });
  });
  const entityId = await listen(server);
  const nowS = Math.floor(Date.now() / 1000);
  configuration = await signEntityConfiguration(
    {
      iss: entityId,
      sub: entityId,
      iat: nowS,
      exp: nowS + LIFETIME_S,
      jwks: { keys: [federation.publicJwk] },
      metadata: {
        federation_entity: { organization_name: 'Load generator' },
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

  return {
    entityId,
    pin: federation.kid,
    signer,
    exchangeJwk: exchange.publicJwk,
    async expect(iss, exchanges) {
      receipts.clear();
      for (const { jti, envelopeSha256 } of exchanges) {
        const receipt = await signReceipt(
          {
            iss: entityId,
            aud: iss as EntityId,
            jti: uuidV7(),
            iat: nowS,
            env: { jti, iss: iss as EntityId, sha256: envelopeSha256 },
            event: 'RelayAcceptance',
            inc: nowS,
            nonce: encodeRandom128(randomBytes(16)),
          },
          signer,
        );
        receipts.set(jti, Buffer.from(receipt, 'latin1'));
      }
    },
    takeAnswered() {
      const taken = answered;
      answered = { count: 0, firstAtMs: 0, lastAtMs: 0 };
      return taken;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server): Promise<EntityId> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` as EntityId;
}
