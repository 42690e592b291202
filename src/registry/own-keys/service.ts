import type { Database, Tx } from '../../db/index.ts';
import type { KeyPurpose, KeyStore } from '../../keys/index.ts';
import { Refusal } from '../../protocol/refusal.ts';
import type { RecordEvidence, RegistryLog } from '../deps.ts';
import type { RegistryProblemCode } from '../errors.ts';
import {
  activate,
  bumpVersion,
  end,
  findDuePending,
  findDueRetiring,
  insertOwnKey,
  listOwnKeys,
  lockNode,
  type OwnKey,
  retireActive,
} from './store.ts';

export type RotatingPurpose = 'exchange' | 'federation';

export type OwnKeyService = {
  /** All keys this node ever had, oldest first. */
  list(): Promise<OwnKey[]>;
  /** Publishes a new key, which signs once it has been published long enough. `key.rotation_running`. */
  rotate(purpose: RotatingPurpose): Promise<OwnKey>;
  /** Ends a pending or a retiring key before its time. `key.not_found`, `key.state`. */
  retire(kid: string): Promise<OwnKey>;
  /**
   * For a key that may be in other hands: disowned at once. When it was the one that signs, a new one signs from now on,
   * without having been published before.
   */
  revoke(kid: string, reason: string): Promise<OwnKey>;
  /** Moves on what is due; true when something changed. Any replica may do it, and at any time. */
  promoteDue(): Promise<boolean>;
};

export function createOwnKeyService(deps: {
  db: Database;
  keys: KeyStore;
  keyPublishS: number;
  log: RegistryLog;
  attest: RecordEvidence;
  /** Makes this replica see a change at once. */
  reload: () => Promise<void>;
}): OwnKeyService {
  const { db, keys, attest } = deps;

  // A peer counts the time from when it first saw the key, which may be a poll later: twice the time is enough.
  const publishS = (purpose: KeyPurpose) => deps.keyPublishS * (purpose === 'federation' ? 2 : 1);

  async function change<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const result = await db.transact(async (tx) => {
      await lockNode(tx);
      const value = await work(tx);
      await bumpVersion(tx);
      return value;
    });
    await deps.reload();
    return result;
  }

  const attestKey = (tx: Tx, purpose: KeyPurpose, kid: string, what: string, reason?: string) =>
    attest(tx, { event: 'KeyChanged', subject: `${purpose}-key:${kid}:${what}`, ...(reason && { reason }) });

  async function insertNew(tx: Tx, purpose: RotatingPurpose, kid: string, state: 'pending' | 'active') {
    const made = keys.publicKeys(purpose).find((key) => key.kid === kid);
    if (made === undefined) throw new Error(`the key store does not list the key it made: ${kid}`);
    await insertOwnKey(tx, { kid, purpose, jwk: made.jwk, state });
    await attestKey(tx, purpose, kid, state);
  }

  async function find(kid: string): Promise<OwnKey> {
    const found = (await listOwnKeys(db.read)).find((own) => own.kid === kid);
    if (found === undefined) throw refusal('key.not_found', { kid });
    return found;
  }

  async function findIn(tx: Tx, kid: string): Promise<OwnKey> {
    const found = (await listOwnKeys(tx.kysely)).find((own) => own.kid === kid);
    if (found === undefined) throw refusal('key.not_found', { kid });
    return found;
  }

  /** The active key signs no more, and its successor does at once. */
  async function replaceAtOnce(purpose: RotatingPurpose, kid: string): Promise<void> {
    const pending = (await listOwnKeys(db.read)).find(
      (own) => own.purpose === purpose && own.state === 'pending',
    );
    const successor = pending?.kid ?? (await keys.generate(purpose));
    await change(async (tx) => {
      const current = await findIn(tx, kid);
      if (current.state !== 'active') return;
      await retireActive(tx, purpose);
      const known = (await listOwnKeys(tx.kysely)).find((own) => own.kid === successor);
      if (known === undefined) {
        await insertNew(tx, purpose, successor, 'active');
      } else {
        await activate(tx, successor);
        await attestKey(tx, purpose, successor, 'active');
      }
    });
  }

  return {
    list: () => listOwnKeys(db.read),

    async rotate(purpose) {
      const refuseRunning = (own: readonly OwnKey[]) => {
        const pending = own.find((key) => key.purpose === purpose && key.state === 'pending');
        if (pending !== undefined) throw refusal('key.rotation_running', { kid: pending.kid });
      };
      refuseRunning(await listOwnKeys(db.read));
      const kid = await keys.generate(purpose);
      await change(async (tx) => {
        refuseRunning(await listOwnKeys(tx.kysely));
        await insertNew(tx, purpose, kid, 'pending');
      });
      return await find(kid);
    },

    async retire(kid) {
      await change(async (tx) => {
        const own = await findIn(tx, kid);
        if (own.state !== 'pending' && own.state !== 'retiring') {
          throw refusal('key.state', { kid, state: own.state });
        }
        await end(tx, kid, 'historical');
        await attestKey(tx, own.purpose, kid, 'historical');
      });
      return await find(kid);
    },

    async revoke(kid, reason) {
      const own = await find(kid);
      if (own.state === 'revoked') return own;
      const { purpose } = own;
      if (purpose !== 'exchange' && purpose !== 'federation') throw refusal('key.state', { kid, purpose });
      // First the successor, so that the revocation is attested by a key that still counts.
      if (own.state === 'active') await replaceAtOnce(purpose, kid);
      await change(async (tx) => {
        const now = await findIn(tx, kid);
        if (now.state === 'active') throw refusal('key.state', { kid, state: now.state });
        await end(tx, kid, 'revoked', reason);
        await attestKey(tx, purpose, kid, 'revoked', 'key.revoked');
      });
      deps.log.warn({ kid, purpose }, 'a key of this node was revoked');
      return await find(kid);
    },

    async promoteDue() {
      const changed = await db.transact(async (tx) => {
        await lockNode(tx);
        const moved: string[] = [];
        for (const purpose of ['exchange', 'federation'] as const) {
          const due = await findDuePending(tx, purpose, publishS(purpose));
          if (due === undefined) continue;
          const retired = await retireActive(tx, purpose);
          await activate(tx, due);
          if (retired !== undefined) await attestKey(tx, purpose, retired, 'retiring');
          await attestKey(tx, purpose, due, 'active');
          moved.push(due);
        }
        for (const { kid, purpose } of await findDueRetiring(tx)) {
          await end(tx, kid, 'historical');
          await attestKey(tx, purpose, kid, 'historical');
          moved.push(kid);
        }
        if (moved.length > 0) await bumpVersion(tx);
        return moved;
      });
      if (changed.length === 0) return false;
      await deps.reload();
      deps.log.info({ kids: changed }, 'keys of this node moved on');
      return true;
    },
  };
}

function refusal(code: RegistryProblemCode, details: Record<string, unknown>): Refusal<RegistryProblemCode> {
  return new Refusal(code, details);
}
