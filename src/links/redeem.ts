import { readNow } from '../db/index.ts';
import type { ActHandler, InboundItem, OutcomeListener, Verdict } from '../exchange/index.ts';
import { sha256, sha256Bytes } from '../protocol/digest.ts';
import type { LinkRedeemBody } from '../protocol/link-half.ts';
import { isWithinScopes } from '../protocol/link-scopes.ts';
import type { RefusalCode } from '../protocol/refusal.ts';
import { CLOCK_SKEW_S } from '../protocol/time.ts';
import { acknowledge, announceIfNewer } from './announcement-store.ts';
import type { LinkActDeps } from './deps.ts';
import { type Offer, readOfferCustomers, readOffers, redeemOffer } from './offer-store.ts';
import { recordLinkEvents } from './record.ts';
import { decideRedemption, forgetCodes, readRedemptionsByExchange } from './redemption-store.ts';
import { endOwnHalf, hasRival } from './rivals.ts';
import { insertLink, lockCustomers, putHalf, readCustomers, readLinks } from './store.ts';

const bodyOf = (item: InboundItem) => item.manifest.body as unknown as LinkRedeemBody;

/** `link.redeem` at the initiator: the customer agreed at the other institution; the token is consumed. */
export function createRedeemHandler(deps: Pick<LinkActDeps, 'evidence'>): ActHandler {
  return {
    act: 'link.redeem',
    content: 'none',
    link: 'none',
    async judge(tx, items) {
      const subjects = items.flatMap((item) => item.claims.sub ?? []);
      await lockCustomers(tx, await readOfferCustomers(tx, subjects));
      const offers = await readOffers(tx.client, subjects);
      const consumed = new Set<string>();
      const verdicts: (Verdict | undefined)[] = [];
      for (const item of items) {
        const { sub } = item.claims;
        const offer = sub === undefined ? undefined : offers.get(sub);
        const refusal =
          sub === undefined
            ? 'link.missing'
            : (refuseRedeem(item, offer) ?? (consumed.has(sub) ? 'link.token_consumed' : undefined));
        const taken =
          refusal === undefined && offer !== undefined && (await hasRival(tx, offer, offer.linkId));
        if (refusal === undefined && !taken && sub !== undefined) consumed.add(sub);
        if (refusal !== undefined) verdicts.push({ refusal });
        else verdicts.push(taken ? { refusal: 'link.exists' } : undefined);
      }
      return verdicts;
    },
    async apply(tx, items) {
      const offers = await readOffers(
        tx.client,
        items.flatMap((item) => item.claims.sub ?? []),
      );
      for (const item of items) {
        const offer = offers.get(item.claims.sub as string);
        if (offer === undefined) throw new Error('an offer was removed while it was redeemed');
        const body = bodyOf(item);
        const at = item.decidedAt;
        await insertLink(tx, {
          id: offer.linkId,
          peer: offer.peer,
          customerId: offer.customerId,
          initiatedBy: 'self',
          at,
        });
        await putHalf(
          tx,
          { linkId: offer.linkId, owner: 'peer' },
          {
            rev: body.rev,
            state: 'active',
            scopes: body.scopes,
            consent: body.consent,
            restorableUntil: null,
            beforeRevocation: null,
          },
          { at, announce: false },
        );
        await redeemOffer(tx, offer.linkId, { at, codeSha256: Buffer.from(body.code, 'base64url') });
        await recordLinkEvents(tx, deps.evidence, [
          {
            linkId: offer.linkId,
            at,
            event: 'redeemed',
            owner: 'peer',
            rev: body.rev,
            state: 'active',
            exchange: { iss: item.iss, jti: item.jti },
            attest: { event: 'LinkChanged', peer: offer.peer, cites: sha256(body.token) },
          },
        ]);
      }
    },
  };
}

/** Each misuse its code; whose token it is comes before what became of it. */
function refuseRedeem(item: InboundItem, offer: Offer | undefined): RefusalCode | undefined {
  const body = bodyOf(item);
  if (offer === undefined || !sha256Bytes(body.token).equals(offer.tokenSha256)) return 'link.token';
  if (offer.peer !== item.iss) return 'link.institution';
  if (offer.state !== 'open' && offer.state !== 'expired') return 'link.token_consumed';
  const endsAtMs = offer.expiresAt.getTime() + CLOCK_SKEW_S * 1000;
  if (offer.state === 'expired' || item.decidedAt.getTime() >= endsAtMs) return 'link.token_expired';
  return isWithinScopes(body.scopes, offer.scopes) ? undefined : 'manifest.invalid';
}

/** `link.redeem` at the redeemer: with the peer's receipt the code may be shown; without one the attempt is over. */
export function createRedeemOutcome(deps: Pick<LinkActDeps, 'evidence' | 'announce'>): OutcomeListener {
  return {
    act: 'link.redeem',
    async settled(tx, items) {
      const jtis = items.map((item) => item.jti);
      const found = await readRedemptionsByExchange(tx, jtis);
      const linkIds = found.map((redemption) => redemption.linkId);
      await lockCustomers(tx, await readCustomers(tx, linkIds));
      const links = await readLinks(tx.client, linkIds);
      const at = await readNow(tx);
      for (const redemption of found) {
        const item = items.find((one) => one.jti === redemption.jti);
        const link = links.get(redemption.linkId);
        if (item === undefined || link === undefined) continue;
        const { linkId } = redemption;
        const accepted = item.state === 'accepted';
        const reason = accepted ? null : (item.reason ?? 'exchange.failed');
        await decideRedemption(tx, linkId, { state: accepted ? 'accepted' : 'refused', reason, at });
        await recordLinkEvents(tx, deps.evidence, [
          {
            linkId,
            at,
            event: accepted ? 'redeem_accepted' : 'redeem_refused',
            ...(reason !== null && { reason }),
          },
        ]);
        if (accepted) {
          await acknowledge(tx, linkId, redemption.rev ?? 0);
          await announceIfNewer(tx, linkId);
        } else {
          await forgetCodes(tx, [linkId]);
          if (link.self?.state !== 'revoked' && !link.erased) {
            await endOwnHalf(tx, deps.evidence, link, { at, reason: 'link.not_redeemed' });
          }
        }
      }
      tx.afterCommit(deps.announce);
    },
  };
}
