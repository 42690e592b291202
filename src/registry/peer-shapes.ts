import type { EntityConfiguration } from '../protocol/entity-configuration.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { PublicJwk } from '../protocol/jose/keys.ts';
import type { PeerKeyRow, PinRow } from './peer-keys-store.ts';
import type { PeerRow, PeerState } from './store.ts';

/** What operators are shown: times in RFC 3339, absent where nothing is known. */
export type PeerSummary = {
  id: EntityId;
  state: PeerState;
  stateReason?: string;
  stateChangedAt: string;
  organizationName: string;
  contacts: string[];
  federationEndpoint: string;
  linkPage?: string;
  incarnation?: number;
  limits: Record<string, number>;
  capabilities: string[];
  configuration: {
    /** SHA-256 of the statement relied upon, base64url. */
    sha256?: string;
    expiresAt?: string;
    /** Expired: nothing new is exchanged until a fresh one is fetched. */
    stale: boolean;
    fetchedAt?: string;
    nextFetchAt: string;
    failingSince?: string;
    problem?: string;
  };
  /** The peer's clock less ours, milliseconds, to about half a second. */
  clockDifferenceMs?: number;
  lastInboundAt?: string;
  lastOutboundAt?: string;
  outboundFailingSince?: string;
  outboundProblem?: string;
  /** How the peer says it holds this node. */
  saysOfUs?: 'active' | 'suspended' | 'revoked';
  createdAt: string;
};

export type PeerKeyShape = {
  kid: string;
  purpose: 'federation' | 'exchange';
  alg: string;
  status: 'current' | 'withdrawn' | 'revoked';
  firstSeenAt: string;
  lastSeenAt: string;
  withdrawnAt?: string;
  revokedAt?: string;
  /** The key itself: whoever checks a record that it signed needs no other source. */
  jwk: PublicJwk;
};

export type PinShape = {
  kid: string;
  source: 'operator' | 'introduced';
  introducedBy?: string;
  /** From then on it may sign alone. */
  activeFrom: string;
  removedAt?: string;
};

export type PeerDetails = PeerSummary & { keys: PeerKeyShape[]; pins: PinShape[] };

/** A node that isn't a peer yet, by its own word alone. */
export type PeerPreview = {
  id: EntityId;
  organizationName: string;
  contacts: string[];
  federationEndpoint: string;
  linkPage?: string;
  protocolVersions: string[];
  capabilities: string[];
  limits: Record<string, number>;
  incarnation: number;
  /** The federation key that signed: what a pin would name, once compared over another channel. */
  signedBy: string;
  federationKeys: { kid: string; alg: string }[];
  exchangeKeys: { kid: string; alg: string }[];
  configurationExpiresAt: string;
  clockDifferenceMs?: number;
};

export function summaryOf(peer: PeerRow, nowMs: number): PeerSummary {
  return {
    id: peer.entityId,
    state: peer.state,
    ...(peer.stateReason !== undefined && { stateReason: peer.stateReason }),
    stateChangedAt: peer.stateChangedAt.toISOString(),
    organizationName: peer.organizationName,
    contacts: peer.contacts,
    federationEndpoint: peer.federationEndpoint,
    ...(peer.linkPage !== undefined && { linkPage: peer.linkPage }),
    ...(peer.incarnation !== undefined && { incarnation: peer.incarnation }),
    limits: peer.limits,
    capabilities: peer.capabilities,
    configuration: {
      ...(peer.configurationSha256 && { sha256: peer.configurationSha256.toString('base64url') }),
      ...at('expiresAt', peer.configurationExpiresAt),
      stale: (peer.configurationExpiresAt?.getTime() ?? 0) <= nowMs,
      ...at('fetchedAt', peer.fetchedAt),
      nextFetchAt: peer.nextFetchAt.toISOString(),
      ...at('failingSince', peer.fetchFailingSince),
      ...(peer.fetchProblem !== undefined && { problem: peer.fetchProblem }),
    },
    ...(peer.clockDifferenceMs !== undefined && { clockDifferenceMs: peer.clockDifferenceMs }),
    ...at('lastInboundAt', peer.inboundAt),
    ...at('lastOutboundAt', peer.outboundAt),
    ...at('outboundFailingSince', peer.outboundFailingSince),
    ...(peer.outboundProblem !== undefined && { outboundProblem: peer.outboundProblem }),
    ...(peer.noticeState !== undefined && { saysOfUs: peer.noticeState }),
    createdAt: peer.createdAt.toISOString(),
  };
}

export function keyShape(row: PeerKeyRow): PeerKeyShape {
  return {
    kid: row.kid,
    purpose: row.purpose,
    alg: row.key.alg,
    status: row.revokedAt ? 'revoked' : row.withdrawnAt ? 'withdrawn' : 'current',
    firstSeenAt: row.firstSeenAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    ...at('withdrawnAt', row.withdrawnAt),
    ...at('revokedAt', row.revokedAt),
    jwk: row.key.jwk,
  };
}

export function pinShape(pin: PinRow): PinShape {
  return {
    kid: pin.kid,
    source: pin.source,
    ...(pin.introducedBy !== undefined && { introducedBy: pin.introducedBy }),
    activeFrom: pin.activeFrom.toISOString(),
    ...at('removedAt', pin.removedAt),
  };
}

export function previewOf(
  configuration: EntityConfiguration,
  clockDifferenceMs: number | undefined,
): PeerPreview {
  const { claims } = configuration;
  const { federation_entity: entity, ivx_node: node } = claims.metadata;
  const name = ({ kid, alg }: { kid: string; alg: string }) => ({ kid, alg });
  return {
    id: claims.iss,
    organizationName: entity.organization_name,
    contacts: entity.contacts ?? [],
    federationEndpoint: node.federation_endpoint,
    ...(node.link_page !== undefined && { linkPage: node.link_page }),
    protocolVersions: node.protocol_versions,
    capabilities: node.capabilities ?? [],
    limits: node.limits ?? {},
    incarnation: node.incarnation,
    signedBy: configuration.signedBy,
    federationKeys: configuration.federationKeys.map(name),
    exchangeKeys: configuration.exchangeKeys.map(name),
    configurationExpiresAt: new Date(claims.exp * 1000).toISOString(),
    ...(clockDifferenceMs !== undefined && { clockDifferenceMs }),
  };
}

function at<Name extends string>(name: Name, time: Date | undefined): Partial<Record<Name, string>> {
  if (time === undefined) return {};
  return { [name]: time.toISOString() } as Record<Name, string>;
}
