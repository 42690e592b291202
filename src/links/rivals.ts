import type { Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import { effectiveLinkState, type LinkState, nextRev } from '../protocol/link-half.ts';
import { recordLinkEvents } from './record.ts';
import { readRedemptionState } from './redemption-store.ts';
import { putHalf, readAccountLinks, type StoredHalf, type StoredLink } from './store.ts';

/** What a link says now, both halves taken together. */
export function stateOf(link: StoredLink): LinkState {
  return effectiveLinkState(
    [link.self, link.other].filter((half) => half !== undefined),
    link.erased,
  );
}

/** Whether a link takes the place that an account has for this peer. One with one half only does not count yet. */
export function counts(link: StoredLink): boolean {
  if (link.self === undefined || link.other === undefined) return false;
  const state = stateOf(link);
  return state === 'active' || state === 'paused';
}

/** Whether another link of the account counts. The caller holds the customer's lock. */
export async function hasRival(
  tx: Tx,
  account: { peer: string; customerId: string },
  linkId: string,
): Promise<boolean> {
  const links = await readAccountLinks(tx, account);
  return links.some((link) => link.id !== linkId && counts(link));
}

/** Whether the peer may be told of the own half: not before it has accepted the link that it started. */
export async function mayAnnounce(tx: Tx, link: StoredLink): Promise<boolean> {
  if (link.initiatedBy === 'self') return true;
  const state = await readRedemptionState(tx, link.id);
  return state === undefined || state === 'accepted';
}

/** Ends the own half for good. A link without one gets it, revoked: a peer must learn that nothing will follow. */
export async function endOwnHalf(
  tx: Tx,
  evidence: Evidence,
  link: StoredLink,
  end: { at: Date; reason: string },
): Promise<void> {
  const rev = nextRev(link.self?.rev, end.at.getTime());
  await putHalf(
    tx,
    { linkId: link.id, owner: 'self' },
    {
      rev,
      state: 'revoked',
      scopes: link.self?.scopes ?? link.other?.scopes ?? {},
      consent: null,
      restorableUntil: null,
      beforeRevocation: null,
    },
    { at: end.at, announce: await mayAnnounce(tx, link) },
  );
  await recordLinkEvents(tx, evidence, [
    {
      linkId: link.id,
      at: end.at,
      event: 'changed',
      owner: 'self',
      rev,
      state: 'revoked',
      reason: end.reason,
      attest: { event: 'LinkChanged', peer: link.peer },
    },
  ]);
}

const isOver = (half: StoredHalf | undefined) => half?.state === 'revoked' && !half.restorable;

/**
 * Gives the account's place to one link, once `linkId` has both halves: of two that count the lower id survives, which
 * both sides find out alike; one that was ended and could still come back gives way. The caller holds the customer's
 * lock.
 */
export async function settleRivals(
  tx: Tx,
  evidence: Evidence,
  account: { peer: string; customerId: string },
  linkId: string,
  at: Date,
): Promise<void> {
  const links = await readAccountLinks(tx, account);
  const own = links.find((link) => link.id === linkId);
  if (own === undefined || !counts(own)) return;
  const survivor = links.find(counts) ?? own;
  for (const link of links) {
    if (link.id === survivor.id || link.self === undefined || link.other === undefined) continue;
    if (isOver(link.self)) continue;
    await endOwnHalf(tx, evidence, link, {
      at,
      reason: counts(link) ? 'link.crossed' : 'link.replaced',
    });
  }
}
