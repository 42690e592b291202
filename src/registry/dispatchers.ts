import { Pool } from 'undici';
import { createGuardedConnector, type Lookup } from './fetch/guarded-connect.ts';
import type { PeerView } from './memory.ts';

const CONNECTIONS_PER_PEER = 64;
const HEADERS_TIMEOUT_MS = 60_000;
const BODY_TIMEOUT_MS = 30_000;
/** No answer of the federation API comes near. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

export type Dispatchers = {
  /** The pool of connections to a peer's federation endpoint; the same one until the endpoint changes. */
  get(peer: PeerView): Pool;
  /** Closes, after what is under way, the pools of peers that are gone or have moved. */
  keepOnly(peers: (entityId: string) => PeerView | undefined): void;
  close(): Promise<void>;
};

/** One pool a peer, over HTTP/1.1 (faster than HTTP/2 at every size), guarded, and following no redirect. */
export function createDispatchers(options: {
  allowPrivate: boolean;
  lookup?: Lookup | undefined;
}): Dispatchers {
  const pools = new Map<string, { origin: string; pool: Pool }>();
  const closing = new Set<Promise<void>>();
  const policy = { allowPrivate: options.allowPrivate };

  function retire(entityId: string, pool: Pool): void {
    pools.delete(entityId);
    const closed = pool.close().catch(() => {});
    closing.add(closed);
    void closed.finally(() => closing.delete(closed));
  }

  return {
    get({ entityId, endpoint: { origin } }) {
      const held = pools.get(entityId);
      if (held?.origin === origin) return held.pool;
      if (held !== undefined) retire(entityId, held.pool);
      const pool = new Pool(origin, {
        connect: createGuardedConnector({ policy, lookup: options.lookup }),
        connections: CONNECTIONS_PER_PEER,
        pipelining: 1,
        allowH2: false,
        headersTimeout: HEADERS_TIMEOUT_MS,
        bodyTimeout: BODY_TIMEOUT_MS,
        maxResponseSize: MAX_RESPONSE_BYTES,
        keepAliveTimeout: 20_000,
        keepAliveMaxTimeout: 60_000,
      });
      pools.set(entityId, { origin, pool });
      return pool;
    },
    keepOnly(peers) {
      for (const [entityId, { origin, pool }] of pools) {
        const peer = peers(entityId);
        if (peer?.endpoint.origin !== origin) retire(entityId, pool);
      }
    },
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()));
      pools.clear();
    },
  };
}
