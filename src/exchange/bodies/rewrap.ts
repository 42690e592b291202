import type { Database, Tx } from '../../db/index.ts';
import type { EvidenceDraft } from '../../evidence/index.ts';
import type { KeyStore } from '../../keys/index.ts';
import {
  condemn,
  isEpochOver,
  isKekUsed,
  type KekEpoch,
  listKekEpochs,
  lockKeks,
  readOverdueKeks,
  readStale,
  writeCurrent,
  writeDestroyed,
  writeRewrapped,
} from './kek-store.ts';

export type KekRotation = {
  list(): Promise<KekEpoch[]>;
  /** Makes a new key-encryption key current; what lives is wrapped anew by the sweeps that follow. Its id. */
  rotate(): Promise<string>;
  /**
   * One step: takes note of what other replicas did, begins a new epoch where the old one is over, wraps a batch anew,
   * destroys what is due. True where more is waiting. Any replica may do it, at any time, and while bodies are read.
   */
  sweep(): Promise<boolean>;
};

const REWRAP_BATCH = 500;

/** Between condemning a key and destroying it: longer than any upload waits for its commit after its key was wrapped. */
const CONDEMNED_S = 3_600;

/**
 * The epochs of the key-encryption key. A body's own key never changes: only what wraps it does, so that reading goes
 * on meanwhile. A replaced key outlives its replacement by one epoch, so that a backup of that time can be restored.
 */
export function createKekRotation(deps: {
  db: Database;
  keys: KeyStore;
  /** Attests in the same transaction; does nothing on a node that has no name yet. */
  attest: (tx: Tx, record: EvidenceDraft) => Promise<void>;
  epochDays: number;
  /** Seconds; tests shorten it. */
  condemnedS?: number;
  /** Told of a body whose key can't be unwrapped: it stays as it is, and so does the key it names. */
  onDamage: (bodyId: string, reason: string) => void;
}): KekRotation {
  const { db, keys, attest, epochDays, onDamage } = deps;
  const condemnedS = deps.condemnedS ?? CONDEMNED_S;

  /** What the key store holds decides: its newest key is what `wrap` takes. */
  async function reconcile(): Promise<string> {
    await keys.reload();
    const current = keys.currentKekId();
    const held = keys.describe().filter(({ purpose }) => purpose === 'kek');
    return db.transact(async (tx) => {
      await lockKeks(tx);
      const before = await listKekEpochs(tx.kysely);
      const known = new Set(before.map((epoch) => epoch.kekId));
      const found = held.filter(({ id }) => !known.has(id));
      const active = before.find((epoch) => epoch.state === 'active');
      // Another replica made a newer one since; the key store finds it when it is named.
      if (active !== undefined && active.kekId > current) return active.kekId;
      if (found.length === 0 && active?.kekId === current) return current;
      await writeCurrent(tx, current, found);
      await attest(tx, { event: 'KeyChanged', subject: `kek:${current}:active` });
      if (active !== undefined && active.kekId !== current) {
        await attest(tx, { event: 'KeyChanged', subject: `kek:${active.kekId}:replaced` });
      }
      return current;
    });
  }

  async function rotate(): Promise<string> {
    await keys.generateKek();
    return reconcile();
  }

  async function rewrapBatch(current: string): Promise<boolean> {
    const stale = await db.transact(async (tx) => {
      const epochs = await listKekEpochs(tx.kysely);
      const others = epochs.filter((epoch) => epoch.kekId !== current).map((epoch) => epoch.kekId);
      return readStale(tx, others, REWRAP_BATCH);
    });
    // The key store may be far away: it is asked outside the transaction, and the write counts only where nobody wrote since.
    const rewrapped: Parameters<typeof writeRewrapped>[1][number][] = [];
    for (const body of stale) {
      const unwrapped = await keys.unwrap(body.kekId, body.id, body.wrappedKey);
      if (!unwrapped.ok) {
        onDamage(body.id, unwrapped.reason);
        continue;
      }
      const wrapped = await keys.wrap(body.id, unwrapped.key, current);
      rewrapped.push({
        id: body.id,
        from: body.wrappedKey,
        kekId: wrapped.kekId,
        wrappedKey: wrapped.wrapped,
      });
    }
    if (rewrapped.length === 0) return false;
    const written = await db.transact((tx) => writeRewrapped(tx, rewrapped));
    return written > 0 && stale.length === REWRAP_BATCH;
  }

  /** Two looks, an hour apart: what was being written under the key at the first is there at the second. */
  async function destroyDue(): Promise<void> {
    const doomed = await db.transact(async (tx) => {
      await lockKeks(tx);
      const ripe: string[] = [];
      for (const { kekId } of await readOverdueKeks(tx, epochDays)) {
        const used = await isKekUsed(tx, kekId);
        if (!(await condemn(tx, kekId, !used, condemnedS))) continue;
        await writeDestroyed(tx, kekId);
        await attest(tx, { event: 'KeyChanged', subject: `kek:${kekId}:destroyed` });
        ripe.push(kekId);
      }
      return ripe;
    });
    const held = new Set(
      keys
        .describe()
        .filter(({ purpose }) => purpose === 'kek')
        .map(({ id }) => id),
    );
    const dead = (await listKekEpochs(db.read)).filter((epoch) => epoch.state === 'destroyed');
    // Also what an earlier round said was destroyed and did not get to.
    for (const kekId of new Set([...doomed, ...dead.map((epoch) => epoch.kekId)])) {
      if (held.has(kekId)) await keys.destroyKek(kekId);
    }
  }

  return {
    list: () => listKekEpochs(db.read),
    rotate,
    async sweep() {
      let current = await reconcile();
      const over = await db.transact((tx) => isEpochOver(tx, current, epochDays));
      if (over) current = await rotate();
      if (await rewrapBatch(current)) return true;
      await destroyDue();
      return false;
    },
  };
}
