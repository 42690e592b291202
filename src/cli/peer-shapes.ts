/** What the institution API answers about peers, as far as the commands read it. See openapi.yaml. */

export type PeerSummary = {
  id: string;
  ref: string;
  state: string;
  stateReason?: string;
  stateChangedAt: string;
  organizationName: string;
  contacts: string[];
  federationEndpoint: string;
  linkPage?: string;
  incarnation?: number;
  limits: Record<string, number>;
  configuration: {
    expiresAt?: string;
    stale: boolean;
    fetchedAt?: string;
    nextFetchAt: string;
    failingSince?: string;
    problem?: string;
  };
  clockDifferenceMs?: number;
  lastInboundAt?: string;
  lastOutboundAt?: string;
  outboundFailingSince?: string;
  outboundProblem?: string;
  createdAt: string;
};

export type PeerDetails = PeerSummary & {
  keys: { kid: string; purpose: string; alg: string; status: string; lastSeenAt: string; jwk: unknown }[];
  pins: { kid: string; source: string; activeFrom: string; removedAt?: string }[];
  traffic: { queued: number; breaker: string; nextAttemptAt?: string; nextProbeAt?: string };
};

export type PeerPreview = {
  id: string;
  organizationName: string;
  contacts: string[];
  federationEndpoint: string;
  signedBy: string;
  federationKeys: { kid: string; alg: string }[];
  exchangeKeys: { kid: string; alg: string }[];
  configurationExpiresAt: string;
  clockDifferenceMs?: number;
};

/** A peer's place in the API: its id in base64url. A host alone stands for its https address. */
export function peerPath(given: string, action = ''): string {
  const url = /^https?:\/\//i.test(given) ? given : `https://${given}`;
  const ref = Buffer.from(url.replace(/\/+$/, ''), 'utf8').toString('base64url');
  return `/v1/peers/${ref}${action}`;
}
