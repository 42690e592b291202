import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ENTITY_CONFIGURATION_PATH,
  ENTITY_STATEMENT_MEDIA_TYPE,
} from '../../src/protocol/entity-configuration.ts';
import type { EntityId } from '../../src/protocol/ids.ts';
import { RECEIPT_MEDIA_TYPE } from '../../src/protocol/receipt.ts';
import { acceptanceOf, configurationOf, type PeerKeys } from '../peer-words.ts';

/** Guests of a host, each an entity under a path of one server. They accept whatever the host tells them of its ledger. */
export type Guests = {
  readonly entityIds: readonly string[];
  /** Whether the request was for one of them. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
};

const PATH = /^\/guests\/(\d+)(\/.*)$/;

export async function createGuests(keys: PeerKeys, origin: string, count: number): Promise<Guests> {
  const entityIds = Array.from({ length: count }, (_, at) => `${origin}/guests/${at}` as EntityId);
  const configurations = await Promise.all(
    entityIds.map((entityId, at) => configurationOf(keys, entityId, `Guest ${at}`)),
  );

  async function accept(entityId: EntityId, request: IncomingMessage, response: ServerResponse) {
    const envelope = String(request.headers['ivx-envelope']);
    const { iss, jti } = JSON.parse(Buffer.from(envelope.split('.')[1] ?? '', 'base64url').toString());
    const envelopeSha256 = hash('sha256', envelope, 'base64url');
    const receipt = await acceptanceOf(keys, entityId, iss, { jti, envelopeSha256 });
    response.writeHead(201, { 'content-type': RECEIPT_MEDIA_TYPE }).end(receipt);
  }

  return {
    entityIds,
    answer(request, response) {
      const [, at, path] = PATH.exec(request.url ?? '') ?? [];
      const entityId = entityIds[Number(at)];
      if (entityId === undefined) return false;
      if (path === ENTITY_CONFIGURATION_PATH) {
        response.setHeader('content-type', ENTITY_STATEMENT_MEDIA_TYPE);
        response.end(configurations[Number(at)]);
      } else {
        request.once('end', () => {
          accept(entityId, request, response).catch(() => response.writeHead(400).end());
        });
      }
      return true;
    },
  };
}
