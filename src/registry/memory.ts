import type { Database } from '../db/index.ts';
import type { KeyPurpose, KeyStore } from '../keys/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { Signer, VerificationKey } from '../protocol/jose/keys.ts';
import { listOwnKeys, type NodeRow, type OwnKey, readNode, readVersion } from './own-keys/store.ts';
import { importKey, listExchangeKeys, type StoredKey } from './peer-keys-store.ts';
import { listPeers, type PeerRow, type PeerState } from './store.ts';

/** What the hot path may ask of a peer without waiting. It saves work; the transaction decides. */
export type PeerView = {
  entityId: EntityId;
  state: PeerState;
  /** Base URL of the peer's federation API, without a slash at its end. */
  federationEndpoint: string;
  /** The same in the parts that a request takes. */
  endpoint: { origin: string; path: string };
  organizationName: string;
  linkPage: string | undefined;
  limits: Readonly<Record<string, number>>;
  capabilities: readonly string[];
  /** SHA-256 of the configuration relied upon now. */
  configurationSha256: Buffer | undefined;
  /** From then on the configuration says nothing any more: nothing new is exchanged. */
  configurationExpiresAtMs: number | undefined;
  incarnation: number | undefined;
};

export type KnownKey = {
  key: VerificationKey;
  /** `withdrawn`: the peer lists it no more. `revoked`: the peer disowned it. Both verify what was decided before. */
  status: 'current' | 'withdrawn' | 'revoked';
  withdrawnAtMs?: number;
};

type PeerEntry = { view: PeerView; exchangeKeys: Map<string, KnownKey> };

export type Snapshot = {
  version: number;
  node: NodeRow;
  ownKeys: Map<string, OwnKey>;
  /** By purpose, the one that signs now. */
  signers: Map<KeyPurpose, Signer>;
  peers: Map<string, PeerEntry>;
};

/**
 * Reads all of it. The version is read first: what changes meanwhile is either in the rest or has a higher version,
 * which the next look finds.
 */
export async function loadSnapshot(
  deps: { db: Database; keys: KeyStore },
  previous: Snapshot | undefined,
): Promise<Snapshot> {
  const { read } = deps.db;
  const version = await readVersion(deps.db);
  const [node, ownKeys, peers, peerKeys] = await Promise.all([
    readNode(read),
    listOwnKeys(read),
    listPeers(read),
    listExchangeKeys(read),
  ]);
  if (node === undefined) throw new Error('the node has not been opened');
  const signers = new Map<KeyPurpose, Signer>();
  for (const own of ownKeys) {
    // The same object again, so that what is cached by signer stays cached.
    const known = previous?.signers.get(own.purpose);
    if (own.state === 'active') {
      signers.set(own.purpose, known?.kid === own.kid ? known : deps.keys.signer(own.purpose, own.kid));
    }
  }
  return {
    version,
    node,
    ownKeys: new Map(ownKeys.map((own) => [own.kid, own])),
    signers,
    peers: peerEntries(peers, peerKeys, previous),
  };
}

function peerEntries(
  peers: PeerRow[],
  keys: StoredKey[],
  previous: Snapshot | undefined,
): Map<string, PeerEntry> {
  const entries = new Map<string, PeerEntry>();
  for (const peer of peers) entries.set(peer.entityId, { view: viewOf(peer), exchangeKeys: new Map() });
  for (const row of keys) {
    // A thumbprint names one key for ever: what was imported once needs no second look.
    const held = previous?.peers.get(row.peer)?.exchangeKeys.get(row.kid)?.key;
    entries.get(row.peer)?.exchangeKeys.set(row.kid, {
      key: held ?? importKey(row),
      status: row.revokedAt ? 'revoked' : row.withdrawnAt ? 'withdrawn' : 'current',
      ...(row.withdrawnAt && { withdrawnAtMs: row.withdrawnAt.getTime() }),
    });
  }
  return entries;
}

function viewOf(peer: PeerRow): PeerView {
  const { origin, pathname } = new URL(peer.federationEndpoint);
  return {
    entityId: peer.entityId,
    state: peer.state,
    federationEndpoint: peer.federationEndpoint,
    endpoint: { origin, path: pathname.replace(/\/$/, '') },
    organizationName: peer.organizationName,
    linkPage: peer.linkPage,
    limits: peer.limits,
    capabilities: peer.capabilities,
    configurationSha256: peer.configurationSha256,
    configurationExpiresAtMs: peer.configurationExpiresAt?.getTime(),
    incarnation: peer.incarnation,
  };
}
