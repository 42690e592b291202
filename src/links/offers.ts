import { timingSafeEqual } from 'node:crypto';
import { readNow, type Tx } from '../db/index.ts';
import { hashCompletionCode, parseCompletionCode } from '../protocol/completion-code.ts';
import type { ConsentGiven } from '../protocol/consent-record.ts';
import { sha256, sha256Bytes } from '../protocol/digest.ts';
import type { LinkId } from '../protocol/ids.ts';
import { nextRev } from '../protocol/link-half.ts';
import type { LinkScopesByHost } from '../protocol/link-scopes.ts';
import { type LinkTokenClaims, signLinkToken } from '../protocol/link-token.ts';
import { Refusal } from '../protocol/refusal.ts';
import { findSchemaProblem } from '../protocol/schemas/validators.ts';
import { CLOCK_SKEW_S } from '../protocol/time.ts';
import { newUuidV7 } from '../random.ts';
import type { LinkServiceDeps } from './deps.ts';
import { checkReference, checkScopes, hashSession, recordConsent } from './input.ts';
import {
  countWrongCode,
  endOffer,
  insertOffer,
  type Offer,
  readOfferCustomers,
  readOffers,
} from './offer-store.ts';
import { recordLinkEvents } from './record.ts';
import { endOwnHalf, hasRival, settleRivals, stateOf } from './rivals.ts';
import { lockCustomer, lockCustomers, putHalf, readLinks, type StoredLink } from './store.ts';

export type StartLink = {
  /** The institution's own reference of the customer. It never leaves the node. */
  customer: string;
  peer: string;
  scopes: LinkScopesByHost;
  /** The holder's name, masked, as the customer will recognise it: "M. D••••". */
  holder: string;
  /** https, without a fragment: where the customer takes the completion code. */
  returnUrl: string;
  /** What the customer agreed to here. */
  consent: ConsentGiven;
  /** Names the customer's session: completing takes the same. Up to 512 characters, kept as a digest. */
  session: string;
};

export type StartedLink = {
  linkId: LinkId;
  token: string;
  /** The peer's link page with the token in its fragment; absent where the peer shows no page. */
  url?: string;
  expiresAt: Date;
};

export type CompleteLink = { linkId: string; customer: string; session: string; code: string };

const MAX_WRONG_CODES = 5;

/** The initiator's side: starts links, completes them, and lets those go that came to nothing. */
export type LinkOffers = {
  start(start: StartLink): Promise<StartedLink>;
  /** Resolves once this side's half is active. Twice is once. */
  complete(complete: CompleteLink): Promise<void>;
  /** Ends an attempt that ran out of time; nothing where it did not, or is over. */
  lapse(linkId: string): Promise<void>;
  /** Ends an attempt because the customer wants it so; false where there is none. In the caller's transaction. */
  withdraw(tx: Tx, linkId: string): Promise<boolean>;
};

export function createLinkOffers(deps: LinkServiceDeps & { announce(): void }): LinkOffers {
  const { db, registry, evidence, outbox, options } = deps;

  async function start(given: StartLink): Promise<StartedLink> {
    const customer = checkReference(given.customer);
    const self = registry.self.entityId;
    const peer = registry.peer(given.peer);
    if (peer === undefined || peer.state !== 'active') throw new Refusal('link.peer');
    const scopes = checkScopes(given.scopes, [self, peer.entityId]);
    const linkId = newUuidV7() as LinkId;
    const sessionSha256 = hashSession(given.session, linkId);

    return db.transact(async (tx) => {
      const at = await readNow(tx);
      const customerId = await lockCustomer(tx, customer);
      if (await hasRival(tx, { peer: peer.entityId, customerId }, linkId)) throw new Refusal('link.exists');
      const consent = recordConsent(given.consent, {
        at,
        controllers: [
          { id: self, name: options.organizationName },
          { id: peer.entityId, name: peer.organizationName },
        ],
      });
      const iat = Math.floor(at.getTime() / 1000);
      const claims: LinkTokenClaims = {
        iss: self,
        aud: peer.entityId,
        sub: linkId,
        iat,
        exp: iat + options.tokenLifetimeS,
        scopes,
        holder: given.holder,
        returnUrl: checkReturnUrl(given.returnUrl),
      };
      const token = await signToken(claims);
      const expiresAt = new Date(claims.exp * 1000);
      await insertOffer(tx, {
        linkId,
        peer: peer.entityId,
        customerId,
        sessionSha256,
        tokenSha256: sha256Bytes(token),
        scopes,
        consent,
        at,
        expiresAt,
      });
      await recordLinkEvents(tx, evidence, [
        {
          linkId,
          at,
          event: 'started',
          attest: { event: 'NotificationForAcceptance', peer: peer.entityId, cites: sha256(token) },
        },
      ]);
      return {
        linkId,
        token,
        ...(peer.linkPage !== undefined && { url: `${peer.linkPage}#ivx-link=${token}` }),
        expiresAt,
      };
    });
  }

  async function signToken(claims: LinkTokenClaims): Promise<string> {
    const problem = findSchemaProblem('link-token', claims);
    if (problem !== undefined) throw new Refusal('link.input', { pointer: problem.pointer });
    try {
      return await signLinkToken(claims, registry.self.signer());
    } catch (error) {
      if (error instanceof RangeError)
        throw new Refusal('link.scopes', { detail: 'more than a token holds' });
      throw error;
    }
  }

  function checkReturnUrl(url: string): string {
    if (!options.allowInsecure && !url.startsWith('https://')) {
      throw new Refusal('link.input', { pointer: '/returnUrl' });
    }
    return url;
  }

  /** The attempt and, once it was redeemed, its link, under the customer's lock. */
  async function lockOffer(
    tx: Tx,
    linkId: string,
  ): Promise<{ offer: Offer; link: StoredLink | undefined } | undefined> {
    await lockCustomers(tx, await readOfferCustomers(tx, [linkId]));
    const offer = (await readOffers(tx.client, [linkId])).get(linkId);
    return offer && { offer, link: (await readLinks(tx.client, [linkId])).get(linkId) };
  }

  async function complete(given: CompleteLink): Promise<void> {
    // What was refused may have to be kept (a wrong code counts), so the refusal is thrown after the commit.
    const refusal = await db.transact(async (tx) => {
      const found = await lockOffer(tx, given.linkId);
      if (found === undefined) return new Refusal('link.not_found');
      const { offer, link } = found;
      const refused = refuseCompletion(offer, given);
      if (refused !== undefined) return refused;
      if (link === undefined) return new Refusal('link.not_redeemed');
      const at = await readNow(tx);
      if (offer.state === 'redeemed' && isOverdue(offer, at)) {
        await end(tx, found, at, 'lapsed');
        return new Refusal('link.lapsed');
      }
      if (!isRightCode(offer, given.code)) return await refuseCode(tx, found, at);
      if (offer.state === 'completed') return undefined;
      const state = stateOf(link);
      if (state === 'revoked' || state === 'restorable' || state === 'erased')
        return new Refusal(`link.${state}`);
      if (await hasRival(tx, offer, offer.linkId)) return new Refusal('link.exists');
      await activate(tx, offer, link, at);
      return undefined;
    });
    if (refusal !== undefined) throw refusal;
  }

  async function activate(tx: Tx, offer: Offer, link: StoredLink, at: Date): Promise<void> {
    const { linkId, peer, customerId } = offer;
    const rev = nextRev(link.self?.rev, at.getTime());
    const half = {
      rev,
      state: 'active',
      scopes: offer.scopes,
      consent: offer.consent,
      restorableUntil: null,
      beforeRevocation: null,
    } as const;
    await putHalf(tx, { linkId, owner: 'self' }, half, { at, announce: true });
    await endOffer(tx, linkId, { state: 'completed', at });
    const told = { linkId, at, owner: 'self', rev, state: 'active' } as const;
    await recordLinkEvents(tx, evidence, [
      {
        ...told,
        event: 'completed',
        attest: {
          event: 'ConsignmentAcceptance',
          peer,
          cites: offer.tokenSha256.toString('base64url'),
        },
      },
      { ...told, event: 'changed', attest: { event: 'LinkChanged', peer } },
    ]);
    await settleRivals(tx, evidence, { peer, customerId }, linkId, at);
    await outbox.hasten(tx, { peer, links: [linkId] });
    tx.afterCommit(deps.announce);
  }

  async function refuseCode(
    tx: Tx,
    found: { offer: Offer; link: StoredLink | undefined },
    at: Date,
  ): Promise<Refusal> {
    const { offer } = found;
    if (offer.state === 'completed') return new Refusal('link.completed');
    const wrong = await countWrongCode(tx, offer.linkId);
    await recordLinkEvents(tx, evidence, [{ linkId: offer.linkId, at, event: 'wrong_code' }]);
    if (wrong < MAX_WRONG_CODES) return new Refusal('link.code', { triesLeft: MAX_WRONG_CODES - wrong });
    await end(tx, found, at, 'refused', 'link.codes_exhausted');
    return new Refusal('link.codes_exhausted');
  }

  /** Ends an attempt. Once it was redeemed the peer learns it, by this side's half, revoked. */
  async function end(
    tx: Tx,
    { offer, link }: { offer: Offer; link: StoredLink | undefined },
    at: Date,
    state: 'refused' | 'lapsed' | 'expired',
    reason = 'link.lapsed',
  ): Promise<void> {
    const { linkId, peer } = offer;
    await endOffer(tx, linkId, { state, at });
    const attest = { peer, cites: offer.tokenSha256.toString('base64url') };
    await recordLinkEvents(tx, evidence, [
      state === 'refused'
        ? { linkId, at, event: 'declined', reason, attest: { event: 'ConsignmentRejection', ...attest } }
        : {
            linkId,
            at,
            event: state,
            attest: { event: 'AcceptanceRejectionExpiry', ...attest },
          },
    ]);
    if (link !== undefined && !link.erased) await endOwnHalf(tx, evidence, link, { at, reason });
    tx.afterCommit(deps.announce);
  }

  function isOverdue(offer: Offer, at: Date): boolean {
    return (
      offer.redeemedAt !== null && at.getTime() >= offer.redeemedAt.getTime() + options.completionTimeoutMs
    );
  }

  return {
    start,
    complete,
    async lapse(linkId) {
      await db.transact(async (tx) => {
        const found = await lockOffer(tx, linkId);
        if (found === undefined) return;
        const { offer } = found;
        const at = await readNow(tx);
        const expiryMs = offer.expiresAt.getTime() + CLOCK_SKEW_S * 1000;
        if (offer.state === 'redeemed' && isOverdue(offer, at)) await end(tx, found, at, 'lapsed');
        else if (offer.state === 'open' && at.getTime() >= expiryMs) await end(tx, found, at, 'expired');
      });
    },
    async withdraw(tx, linkId) {
      const found = await lockOffer(tx, linkId);
      if (found === undefined || !['open', 'redeemed'].includes(found.offer.state)) return false;
      await end(tx, found, await readNow(tx), 'refused', 'link.withdrawn');
      return true;
    },
  };
}

/** Whose attempt it is comes before how it stands: a stranger learns nothing of it. */
function refuseCompletion(offer: Offer, given: CompleteLink): Refusal | undefined {
  const session = hashSession(given.session, offer.linkId);
  if (!timingSafeEqual(session, offer.sessionSha256)) return new Refusal('link.session');
  if (offer.customer !== given.customer) return new Refusal('link.customer');
  switch (offer.state) {
    case 'open':
      return new Refusal('link.not_redeemed');
    case 'expired':
      return new Refusal('link.token_expired');
    case 'lapsed':
      return new Refusal('link.lapsed');
    case 'refused':
      return new Refusal(offer.wrongCodes >= MAX_WRONG_CODES ? 'link.codes_exhausted' : 'link.declined');
    default:
      return undefined;
  }
}

function isRightCode(offer: Offer, code: string): boolean {
  const plain = parseCompletionCode(code);
  if (plain === undefined || offer.codeSha256 === null) return false;
  return timingSafeEqual(Buffer.from(hashCompletionCode(plain, offer.linkId), 'base64url'), offer.codeSha256);
}
