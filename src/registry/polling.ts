import type { Database } from '../db/index.ts';
import { type ApplyDeps, applyConfiguration } from './apply-configuration.ts';
import type { FetchConfiguration } from './fetch/fetch-configuration.ts';
import { bumpVersion } from './own-keys/store.ts';
import { claimDuePeers, listPins, lockPeer, noteFetch } from './store.ts';

export type Polling = {
  /** Fetches what is due, a few at a time. Any replica may; each peer is fetched by one. */
  pollDue(): Promise<void>;
  /** Fetches one peer's configuration now; whether it was obtained. */
  refresh(entityId: string): Promise<boolean>;
};

const AT_ONCE = 8;
/** A claim that outlives the slowest fetch, so that a replica that dies on the way delays no more than that. */
const CLAIM_S = 30;
/** While a peer's configuration can't be had, it is asked for more often than in peace. */
const MAX_RETRY_S = 60;

export function createPolling(deps: {
  db: Database;
  fetchConfiguration: FetchConfiguration;
  apply: ApplyDeps;
  peerPollS: number;
  nowMs: () => number;
  reload: () => Promise<void>;
}): Polling {
  const { db, fetchConfiguration, apply, peerPollS } = deps;

  const jittered = (seconds: number) => seconds * (0.75 + Math.random() * 0.25);

  async function refresh(entityId: string): Promise<boolean> {
    const trusted = await trustedKids(entityId);
    const fetched = await fetchConfiguration(entityId, (kid) => trusted.has(kid));
    if (!fetched.ok) {
      const retryS = jittered(Math.min(peerPollS, MAX_RETRY_S));
      await db.transact((tx) => noteFetch(tx, entityId, { nextS: retryS, problem: fetched.reason }));
      const { reason, detail } = fetched;
      apply.log.warn(
        { peer: entityId, code: reason, detail },
        'the configuration of a peer was not obtained',
      );
      return false;
    }
    const { configuration, clockDifferenceMs } = fetched;
    const changed = await db.transact(async (tx) => {
      await lockPeer(tx, entityId);
      // The operator may have pinned another key while the answer was on its way.
      if (!isTrustedNow(await listPins(tx.kysely, entityId), configuration.signedBy, deps.nowMs()))
        return false;
      await noteFetch(tx, entityId, { nextS: jittered(peerPollS), clockDifferenceMs });
      const applied = await applyConfiguration(tx, apply, configuration);
      if (applied) await bumpVersion(tx);
      return applied;
    });
    if (changed) await deps.reload();
    return true;
  }

  async function trustedKids(entityId: string): Promise<Set<string>> {
    const pins = await listPins(db.read, entityId);
    return new Set(pins.filter((pin) => isTrustedNow([pin], pin.kid, deps.nowMs())).map(({ kid }) => kid));
  }

  return {
    refresh,
    async pollDue() {
      const due = await db.transact((tx) => claimDuePeers(tx, AT_ONCE, CLAIM_S));
      const outcomes = await Promise.allSettled(due.map(refresh));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}

function isTrustedNow(
  pins: readonly { kid: string; activeFrom: Date; removedAt: Date | undefined }[],
  kid: string,
  nowMs: number,
): boolean {
  return pins.some(
    (pin) => pin.kid === kid && pin.removedAt === undefined && pin.activeFrom.getTime() <= nowMs,
  );
}
