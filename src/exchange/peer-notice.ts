import type { Tx } from '../db/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { readNotices, storeNotice } from '../registry/index.ts';
import type { ActHandler, OutcomeListener } from './acts.ts';
import { type OutboundExchanges, saltedManifest } from './outbound.ts';

/** `peer.notice`: a change of state is told to whom it concerns, and passes while the peer is suspended. */
export type PeerNotices = {
  /** Queues the notice in the transaction of the change, and has what the change releases looked at. */
  announce(tx: Tx, entityId: EntityId): Promise<void>;
  readonly handler: ActHandler;
  readonly outcome: OutcomeListener;
};

const ACT = 'peer.notice';

export function createPeerNotices(deps: {
  /** Asked for when it is needed: the exchange room registers the act. */
  exchange: () => { readonly outbound: Pick<OutboundExchanges, 'say'> };
  /** Looks again at what a peer's state held back, once `tx` is durable. */
  hasten(tx: Tx, peer: string): Promise<void>;
  windowS: number;
  now: () => Date;
}): PeerNotices {
  async function announce(tx: Tx, entityIds: readonly EntityId[]): Promise<void> {
    const notices = await readNotices(tx, entityIds);
    const said = notices.map(({ entityId, state, rev }) => ({
      aud: entityId,
      act: ACT,
      manifest: saltedManifest({ state, rev }),
      submitted: false,
      windowS: deps.windowS,
    }));
    await deps.exchange().outbound.say(tx, said, deps.now());
  }

  return {
    async announce(tx, entityId) {
      await announce(tx, [entityId]);
      await deps.hasten(tx, entityId);
    },
    handler: {
      act: ACT,
      content: 'none',
      link: 'none',
      passesSuspension: true,
      async apply(tx, items) {
        for (const { iss, manifest } of items) {
          const { state, rev } = manifest.body as { state: 'active' | 'suspended' | 'revoked'; rev: number };
          await storeNotice(tx, iss, { state, rev });
          if (state === 'active') await deps.hasten(tx, iss);
        }
      },
    },
    outcome: {
      act: ACT,
      // What a node says of itself never ends by expiry: the state as it is now goes out again.
      async settled(tx, items) {
        const again = items.filter(({ state }) => state === 'failed').map(({ peer }) => peer as EntityId);
        if (again.length > 0) await announce(tx, [...new Set(again)]);
      },
    },
  };
}
