import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { request } from 'undici';
import { v7 as uuidV7 } from 'uuid';
import { systemClock } from '../../src/clock.ts';
import { createFileKeyStore } from '../../src/keys/index.ts';
import { sha256 } from '../../src/protocol/digest.ts';
import {
  ENTITY_CONFIGURATION_PATH,
  ENTITY_STATEMENT_MEDIA_TYPE,
  ENTITY_STATEMENT_TYP,
} from '../../src/protocol/entity-configuration.ts';
import { signJws } from '../../src/protocol/jose/jws.ts';
import { RECEIPT_MEDIA_TYPE, RECEIPT_TYP } from '../../src/protocol/receipt.ts';
import type { Handler, Hop } from './hop.ts';
import type { TestNode } from './node.ts';

type Claims = Record<string, unknown>;

const claimsOf = (token: string): Claims =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;

/** From now on the node's hop shows its configuration with these versions, signed by the node's own federation key. */
export function offerVersions(node: TestNode, hop: Hop, versions: string[]): void {
  const keys = createFileKeyStore({ directory: path.join(node.config.dataDir, 'keys'), clock: systemClock });
  hop.onOther = async (incoming, outgoing, forward) => {
    if (incoming.url !== ENTITY_CONFIGURATION_PATH) return forward();
    const { iat: _iat, ...claims } = claimsOf(await node.registry.ownConfiguration.statement());
    const metadata = claims['metadata'] as { ivx_node: Claims };
    const ivx = { ...metadata.ivx_node, protocol_versions: versions };
    const iat = Math.floor(Date.now() / 1000);
    const newer = { ...claims, iat, metadata: { ...metadata, ivx_node: ivx } };
    const token = await signJws(newer, ENTITY_STATEMENT_TYP, keys.signer('federation'));
    outgoing.writeHead(200, { 'content-type': ENTITY_STATEMENT_MEDIA_TYPE }).end(token);
  };
}

/** Without the API of this version: the node itself answers that it has no such path. */
export const withoutVersion1: Handler = (incoming, _outgoing, forward) => {
  incoming.url = incoming.url?.replace('/federation/v1/', '/federation/v2/') ?? '';
  forward();
};

/** Hands the exchange on, and answers with the node's receipt as `change` makes it, signed by the node. */
export function answerOtherwise(node: TestNode, hop: Hop, change: (receipt: Claims) => Claims): Handler {
  return async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { 'ivx-envelope': envelope, 'content-type': type } = incoming.headers;
    const answer = await request(new URL(incoming.url ?? '/', hop.target), {
      method: 'PUT',
      headers: { 'ivx-envelope': String(envelope), 'content-type': String(type) },
      body: Buffer.concat(chunks),
    });
    const receipt = change(claimsOf(await answer.body.text()));
    const token = await signJws(receipt, RECEIPT_TYP, node.registry.self.signer());
    const status = receipt['event'] === 'RelayRejection' ? 422 : 201;
    outgoing.writeHead(status, { 'content-type': RECEIPT_MEDIA_TYPE }).end(token);
  };
}

/** Refuses an exchange for good, unread, with a receipt of the node: what it would say if it knew less, or more. */
export function refuseWith(node: TestNode, reason: string): Handler {
  return async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    for await (const _chunk of incoming);
    const envelope = String(incoming.headers['ivx-envelope']);
    const { iss, jti } = claimsOf(envelope);
    const { self } = node.registry;
    const receipt = {
      ...{ iss: self.entityId, aud: iss, jti: uuidV7(), iat: Math.floor(Date.now() / 1000) },
      env: { jti, iss, sha256: sha256(envelope) },
      ...{ event: 'RelayRejection', reason, inc: self.incarnation },
      nonce: randomBytes(16).toString('base64url'),
    };
    const token = await signJws(receipt, RECEIPT_TYP, self.signer());
    outgoing.writeHead(422, { 'content-type': RECEIPT_MEDIA_TYPE }).end(token);
  };
}
