import type { Database, Tx } from '../../db/index.ts';
import { KEY_PURPOSES, type KeyStore, KeyStoreError } from '../../keys/index.ts';
import { type EntityId, parseEntityId } from '../../protocol/ids.ts';
import { NodeIdentityError } from '../errors.ts';
import {
  insertKekEpoch,
  insertNode,
  insertOwnKey,
  listLiveKeks,
  listOwnKeys,
  lockNode,
  type NodeRow,
  nameNode,
  readNode,
} from './store.ts';

/** What the configured public URL names, or an error that tells the operator. */
export function ownEntityId(publicUrl: string | undefined, allowInsecure: boolean): EntityId | undefined {
  if (publicUrl === undefined) return undefined;
  const entityId = parseEntityId(publicUrl, { allowInsecure });
  if (entityId !== undefined) return entityId;
  throw new NodeIdentityError(
    'node.identity_invalid',
    `${publicUrl} can not be the identity of a node`,
    'Set INTERVAULT_PUBLIC_URL to an https URL in plain form, without a slash at its end.',
  );
}

/**
 * Writes who this node is when it first starts; later it compares, so that a replica with another identity or with
 * other keys is refused before it signs or seals anything. Throws NodeIdentityError.
 */
export async function openNode(
  tx: Tx,
  options: { keys: KeyStore; entityId: EntityId | undefined; nowMs: number },
): Promise<void> {
  await lockNode(tx);
  const known = await readNode(tx.kysely);
  if (known === undefined) return firstStart(tx, options);
  await compareIdentity(tx, known, options.entityId);
  await compareKeys(tx, options.keys);
}

async function firstStart(
  tx: Tx,
  options: { keys: KeyStore; entityId: EntityId | undefined; nowMs: number },
): Promise<void> {
  const { keys, entityId, nowMs } = options;
  await insertNode(tx, { entityId, incarnation: Math.floor(nowMs / 1000) });
  for (const purpose of KEY_PURPOSES) {
    const key = keys.publicKeys(purpose)[0];
    if (key === undefined) throw new Error(`the key store holds no ${purpose} key`);
    await insertOwnKey(tx, { kid: key.kid, purpose, jwk: key.jwk, state: 'active' });
  }
  const kekId = keys.currentKekId();
  await insertKekEpoch(tx, { kekId, fingerprint: kekFingerprints(keys).get(kekId) ?? '' });
}

async function compareIdentity(tx: Tx, known: NodeRow, entityId: EntityId | undefined): Promise<void> {
  if (entityId === undefined || entityId === known.entityId) return;
  if (known.entityId === undefined) return nameNode(tx, entityId);
  throw new NodeIdentityError(
    'node.identity_changed',
    `This database belongs to ${known.entityId}, not to ${entityId}`,
    `A node keeps its identity for ever: set INTERVAULT_PUBLIC_URL back to ${known.entityId}, or start with another database.`,
  );
}

async function compareKeys(tx: Tx, keys: KeyStore): Promise<void> {
  const missing = await findMissingKeys(tx.kysely, keys);
  if (missing.length === 0) return;
  throw new NodeIdentityError(
    'node.keys_differ',
    `The key store lacks what this database was made with: ${missing.join(', ')}`,
    'Mount or restore the key directory of this node; all replicas share one. Never start it with new keys.',
  );
}

/** What a database was made with, is still needed, and the key store doesn't hold: named for people. */
export async function findMissingKeys(
  source: Database['read'] | Tx['kysely'],
  keys: KeyStore,
): Promise<string[]> {
  const missing: string[] = [];
  for (const own of await listOwnKeys(source)) {
    const needed = own.state === 'pending' || own.state === 'active' || own.state === 'retiring';
    if (needed && !holds(keys, own.purpose, own.kid)) missing.push(`${own.purpose} key ${own.kid}`);
  }
  const keks = kekFingerprints(keys);
  for (const { kekId, fingerprint } of await listLiveKeks(source)) {
    if (keks.get(kekId) !== fingerprint) missing.push(`key-encryption key ${kekId}`);
  }
  return missing;
}

function holds(keys: KeyStore, purpose: (typeof KEY_PURPOSES)[number], kid: string): boolean {
  try {
    return keys.signer(purpose, kid).kid === kid;
  } catch (error) {
    if (error instanceof KeyStoreError && error.code === 'keys.unknown') return false;
    throw error;
  }
}

function kekFingerprints(keys: KeyStore): Map<string, string> {
  const keks = keys.describe().filter(({ purpose }) => purpose === 'kek');
  return new Map(keks.map(({ id, fingerprint }) => [id, fingerprint]));
}
