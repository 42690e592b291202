import type { Database } from '../db/index.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type ApplyDeps, applyConfiguration } from './apply-configuration.ts';
import type { FetchConfiguration, FetchedConfiguration } from './fetch/fetch-configuration.ts';
import { bumpVersion } from './own-keys/store.ts';
import { listPins } from './peer-keys-store.ts';
import { claimDuePeers, listPeers, lockPeerRow, noteFetch } from './store.ts';

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
  const { db, fetchConfiguration, apply, peerPollS, reload } = deps;

  const jittered = (seconds: number) => seconds * (0.75 + Math.random() * 0.25);

  async function fail(entityId: string, problem: string, detail?: string): Promise<false> {
    const nextS = jittered(Math.min(peerPollS, MAX_RETRY_S));
    await db.transact((tx) => noteFetch(tx, entityId, { nextS, problem }));
    apply.log.warn({ peer: entityId, code: problem, detail }, 'the configuration of a peer was not obtained');
    return false;
  }

  async function refresh(entityId: string): Promise<boolean> {
    const trusted = await trustedKids(entityId);
    const fetched = await fetchConfiguration(entityId, (kid) => trusted.has(kid));
    if (!fetched.ok) return await fail(entityId, fetched.reason, fetched.detail);
    try {
      if (await accept(entityId, fetched)) await reload();
    } catch (error) {
      if (error instanceof Refusal) return await fail(entityId, error.code);
      throw error;
    }
    return true;
  }

  function accept(
    entityId: string,
    { configuration, clockDifferenceMs }: Extract<FetchedConfiguration, { ok: true }>,
  ): Promise<boolean> {
    return db.transact(async (tx) => {
      await lockPeerRow(tx, entityId);
      // The operator may have pinned another key, or ended the relation, while the answer was on its way.
      const [peer] = await listPeers(tx.kysely, entityId);
      if (peer?.state !== 'active' && peer?.state !== 'suspended') return false;
      if (!isTrustedNow(await listPins(tx.kysely, entityId), configuration.signedBy, deps.nowMs()))
        return false;
      await noteFetch(tx, entityId, { nextS: jittered(peerPollS), clockDifferenceMs });
      const applied = await applyConfiguration(tx, apply, configuration);
      if (applied) await bumpVersion(tx);
      return applied;
    });
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
