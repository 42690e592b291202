import type { Tx } from '../db/index.ts';
import type { EntityConfiguration } from '../protocol/entity-configuration.ts';
import type { EntityId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { RecordEvidence, RegistryLog } from './deps.ts';
import {
  endKey,
  listPeerKeys,
  listPins,
  type PeerKeyPurpose,
  putPin,
  removePin,
  seeKey,
} from './peer-keys-store.ts';
import { listPeers, type PeerProfile, type PeerState, upsertPeer } from './store.ts';

/** What an operator decided; unlike a poll it doesn't ask whether the configuration is newer. */
export type OperatorChange = {
  state?: PeerState;
  /** The key that signed was pinned by hand, and replaces all earlier pins. */
  pinSignerOnly: true;
};

const MAX_KEYS_OF_A_PEER = 500;

export type ApplyDeps = { attest: RecordEvidence; log: RegistryLog; keyPublishS: number };

/**
 * Makes a verified configuration the one relied upon: what it says of the peer, its keys, and the successors its pinned
 * key introduces. An older one than the one held is passed over: replicas of a peer
 * may answer out of step, and an old statement could be played again.
 *
 * Throws the Refusal `peer.too_many_keys`.
 *
 * @returns whether anything changed that replicas hold in memory.
 */
export async function applyConfiguration(
  tx: Tx,
  deps: ApplyDeps,
  configuration: EntityConfiguration,
  change?: OperatorChange,
): Promise<boolean> {
  const peer = configuration.claims.iss;
  const held = (await listPeers(tx.kysely, peer))[0];
  const profile = profileOf(configuration);
  if (change === undefined && held?.configurationIssuedAt !== undefined) {
    if (held.configurationIssuedAt > profile.issuedAt) return false;
    if (held.configurationSha256?.equals(profile.sha256) === true) return false;
  }
  await upsertPeer(tx, peer, profile, change?.state);
  await deps.attest(tx, {
    event: 'ConfigurationReliedOn',
    peer,
    cites: profile.sha256.toString('base64url'),
    subject: `federation-key:${configuration.signedBy}`,
  });
  await applyKeys(tx, deps, peer, configuration);
  if (change !== undefined) await pinSignerOnly(tx, deps, peer, configuration.signedBy);
  await applyPins(tx, deps, peer, configuration);
  return true;
}

async function applyKeys(
  tx: Tx,
  deps: ApplyDeps,
  peer: EntityId,
  configuration: EntityConfiguration,
): Promise<void> {
  const held = new Map((await listPeerKeys(tx.kysely, peer)).map((row) => [row.kid, row]));
  const listed = new Set<string>();
  const attestKey = (purpose: PeerKeyPurpose, kid: string, what: string, reason?: string) =>
    deps.attest(tx, {
      event: 'KeyChanged',
      peer,
      subject: `${purpose}-key:${kid}:${what}`,
      ...(reason && { reason }),
    });

  // Keys are kept for ever, so there must be an end to them: twice a year a rotation takes centuries to get there.
  const fresh = [...configuration.exchangeKeys, ...configuration.federationKeys].filter(
    ({ kid }) => !held.has(kid),
  );
  if (held.size + fresh.length > MAX_KEYS_OF_A_PEER) throw new Refusal('peer.too_many_keys', { peer });

  const keys = [
    ...configuration.exchangeKeys.map((key) => ({ purpose: 'exchange' as const, key })),
    ...configuration.federationKeys.map((key) => ({ purpose: 'federation' as const, key })),
  ];
  for (const { purpose, key } of keys) {
    const known = held.get(key.kid);
    // A key that was once disowned, or served another purpose, doesn't come back by being listed.
    if (known !== undefined && (known.purpose !== purpose || known.revokedAt !== undefined)) {
      deps.log.warn({ peer, kid: key.kid }, 'a peer lists a key that it revoked or used for something else');
      continue;
    }
    listed.add(key.kid);
    await seeKey(tx, { peer, kid: key.kid, purpose, jwk: key.jwk });
    if (known === undefined || known.withdrawnAt !== undefined) await attestKey(purpose, key.kid, 'listed');
  }

  const revoked = new Set(configuration.claims.metadata.ivx_node.revoked_keys?.map(({ kid }) => kid));
  for (const row of held.values()) {
    if (revoked.has(row.kid) && row.revokedAt === undefined && row.purpose === 'exchange') {
      await endKey(tx, { peer, kid: row.kid }, 'revoked');
      await attestKey(row.purpose, row.kid, 'revoked', 'key.revoked');
      deps.log.warn({ peer, kid: row.kid }, 'a peer revoked one of its exchange keys');
    }
    if (!listed.has(row.kid) && row.withdrawnAt === undefined) {
      await endKey(tx, { peer, kid: row.kid }, 'withdrawn');
      await attestKey(row.purpose, row.kid, 'withdrawn');
    }
  }
}

async function pinSignerOnly(tx: Tx, deps: ApplyDeps, peer: EntityId, kid: string): Promise<void> {
  for (const pin of await listPins(tx.kysely, peer)) {
    if (pin.kid !== kid && pin.removedAt === undefined) await removePin(tx, pin);
  }
  await putPin(tx, { peer, kid, activeInS: 0 });
  await deps.attest(tx, { event: 'PeerChanged', peer, subject: `pin:${kid}:operator` });
}

/** A pinned key may introduce its successor, and may drop another; each is an alarm for the operator to look at. */
async function applyPins(
  tx: Tx,
  deps: ApplyDeps,
  peer: EntityId,
  configuration: EntityConfiguration,
): Promise<void> {
  const { signedBy } = configuration;
  const pins = new Map((await listPins(tx.kysely, peer)).map((pin) => [pin.kid, pin]));
  const listed = new Set(configuration.federationKeys.map(({ kid }) => kid));
  for (const kid of listed) {
    const known = pins.get(kid);
    if (known !== undefined && known.removedAt === undefined) continue;
    await putPin(tx, { peer, kid, introducedBy: signedBy, activeInS: deps.keyPublishS });
    await deps.attest(tx, { event: 'KeyChanged', peer, subject: `pin:${kid}:introduced` });
    deps.log.warn({ peer, kid, introducedBy: signedBy }, 'a peer introduced a new federation key');
  }
  for (const pin of pins.values()) {
    if (listed.has(pin.kid) || pin.removedAt !== undefined) continue;
    await removePin(tx, { peer, kid: pin.kid });
    await deps.attest(tx, { event: 'KeyChanged', peer, subject: `pin:${pin.kid}:removed` });
    deps.log.warn({ peer, kid: pin.kid }, 'a peer no longer lists a federation key; its pin is removed');
  }
}

function profileOf(configuration: EntityConfiguration): PeerProfile {
  const { claims } = configuration;
  const { federation_entity: entity, ivx_node: node } = claims.metadata;
  return {
    organizationName: entity.organization_name,
    contacts: entity.contacts ?? [],
    federationEndpoint: node.federation_endpoint,
    linkPage: node.link_page,
    incarnation: node.incarnation,
    limits: node.limits ?? {},
    capabilities: node.capabilities ?? [],
    token: configuration.token,
    sha256: configuration.sha256,
    issuedAt: new Date(claims.iat * 1000),
    expiresAt: new Date(claims.exp * 1000),
  };
}
