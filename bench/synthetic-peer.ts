import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ENTITY_CONFIGURATION_PATH,
  ENTITY_STATEMENT_MEDIA_TYPE,
} from '../src/protocol/entity-configuration.ts';
import type { EntityId } from '../src/protocol/ids.ts';
import type { PublicJwk } from '../src/protocol/jose/keys.ts';
import { RECEIPT_MEDIA_TYPE } from '../src/protocol/receipt.ts';
import { acceptanceOf, configurationOf, type Expected, makePeerKeys, type PeerKeys } from './peer-words.ts';
import { createGuests, type Guests } from './slots/guests.ts';

/** A peer without a store: it shows its keys to whoever pins it, and answers pushes from receipts signed beforehand. */
export type SyntheticPeer = {
  readonly entityId: string;
  /** Thumbprint to pin. */
  readonly pin: string;
  readonly keys: PeerKeys;
  readonly exchangeJwk: PublicJwk;
  /** Signs the receipts for exchanges that will come. */
  expect(iss: string, exchanges: readonly Expected[]): Promise<void>;
  /** Answered since the last call: how many, and when the first and the last of them. */
  takeAnswered(): { count: number; firstAtMs: number; lastAtMs: number };
  /** More peers on the same server and with the same keys, which accept whatever they are sent. Their entity ids. */
  addGuests(count: number): Promise<string[]>;
  close(): Promise<void>;
};

const LATER = JSON.stringify({ code: 'exchange.in_progress', status: 409, retryable: true });

export async function startSyntheticPeer(): Promise<SyntheticPeer> {
  const keys = makePeerKeys();
  const receipts = new Map<string, Buffer>();
  let configuration = '';
  let guests: Guests | undefined;
  let answered = { count: 0, firstAtMs: 0, lastAtMs: 0 };

  const server = createServer((request, response) => {
    request.resume();
    if (guests?.answer(request, response)) return;
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
  configuration = await configurationOf(keys, entityId, 'Load generator');

  return {
    entityId,
    pin: keys.federation.kid,
    keys,
    exchangeJwk: keys.exchange.publicJwk,
    async expect(iss, exchanges) {
      receipts.clear();
      for (const exchange of exchanges) {
        const receipt = await acceptanceOf(keys, entityId, iss, exchange);
        receipts.set(exchange.jti, Buffer.from(receipt, 'latin1'));
      }
    },
    takeAnswered() {
      const taken = answered;
      answered = { count: 0, firstAtMs: 0, lastAtMs: 0 };
      return taken;
    },
    async addGuests(count) {
      guests = await createGuests(keys, entityId, count);
      return [...guests.entityIds];
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
