import type { ConsentRecord } from '../protocol/consent-record.ts';
import type { EntityId, LinkId } from '../protocol/ids.ts';
import type { LinkState } from '../protocol/link-half.ts';
import { intersectScopes, type LinkScopesByHost } from '../protocol/link-scopes.ts';
import type { PeerView } from '../registry/index.ts';
import type { Offer } from './offer-store.ts';
import { stateOf } from './rivals.ts';
import type { StoredHalf, StoredLink } from './store.ts';

/** One side of a link, as the institution sees it. Times are Dates. */
export type HalfDetails = {
  rev: number;
  state: 'active' | 'paused' | 'revoked';
  scopes: LinkScopesByHost;
  consent: ConsentRecord | null;
  restorableUntil: Date | null;
  changedAt: Date;
};

export type LinkDetails = {
  linkId: LinkId;
  peer: { id: EntityId; organizationName: string };
  /** The institution's own reference; null once erased. */
  customer: string | null;
  /** This node's opaque id of that customer; null once erased. */
  customerId: string | null;
  initiatedBy: 'self' | 'peer';
  /** `offered`: the other institution's customer has not agreed yet. `ended`: they never did. */
  state: LinkState | 'offered' | 'ended';
  /** What each host's vault may take from the other, by host id; empty unless both halves are there. */
  scopes: LinkScopesByHost;
  /** This side's half, and whether the peer has its newest revision. */
  self: (HalfDetails & { acknowledged: boolean }) | null;
  other: HalfDetails | null;
  createdAt: Date | null;
};

export function linkDetails(link: StoredLink, peer: PeerView | undefined): LinkDetails {
  const { self, other } = link;
  return {
    linkId: link.id,
    peer: peerName(link.peer, peer),
    customer: link.customer,
    customerId: link.customerId,
    initiatedBy: link.initiatedBy,
    state: stateOf(link),
    scopes: self !== undefined && other !== undefined ? intersectScopes(self.scopes, other.scopes) : {},
    self:
      self === undefined
        ? null
        : { ...halfDetails(self), acknowledged: self.rev <= (self.acknowledgedRev ?? 0) },
    other: other === undefined ? null : halfDetails(other),
    createdAt: link.createdAt,
  };
}

export function offerDetails(offer: Offer, peer: PeerView | undefined): LinkDetails {
  return {
    linkId: offer.linkId,
    peer: peerName(offer.peer, peer),
    customer: offer.customer,
    customerId: offer.customerId,
    initiatedBy: 'self',
    state: offer.state === 'open' ? 'offered' : 'ended',
    scopes: {},
    self: null,
    other: null,
    createdAt: null,
  };
}

function halfDetails(half: StoredHalf): HalfDetails {
  const { rev, state, scopes, consent, restorableUntil, changedAt } = half;
  return { rev, state, scopes, consent, restorableUntil, changedAt };
}

function peerName(id: EntityId, peer: PeerView | undefined): LinkDetails['peer'] {
  return { id, organizationName: peer?.organizationName ?? id };
}
