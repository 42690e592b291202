import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readNow, type Tx } from '../db/index.ts';
import {
  COMPLETION_CODE_BYTES,
  encodeCompletionCode,
  hashCompletionCode,
  parseCompletionCode,
} from '../protocol/completion-code.ts';
import type { ConsentGiven } from '../protocol/consent-record.ts';
import { sha256, sha256Bytes } from '../protocol/digest.ts';
import type { EntityId, ExchangeId, LinkId } from '../protocol/ids.ts';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { type LinkRedeemBody, nextRev } from '../protocol/link-half.ts';
import type { LinkScopesByHost } from '../protocol/link-scopes.ts';
import { type LinkTokenClaims, parseLinkToken, verifyLinkToken } from '../protocol/link-token.ts';
import { encodeManifest } from '../protocol/manifest.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { Refusal } from '../protocol/refusal.ts';
import { newUuidV7 } from '../random.ts';
import type { LinkServiceDeps } from './deps.ts';
import { checkReference, checkScopes, hashSession, recordConsent } from './input.ts';
import { recordLinkEvents } from './record.ts';
import {
  decideRedemption,
  forgetCodes,
  insertShown,
  lockRedemption,
  type Redemption,
  readRedemption,
  redeem as redeemRow,
} from './redemption-store.ts';
import { hasRival } from './rivals.ts';
import { insertLink, lockCustomer, putHalf, readLinks } from './store.ts';

/** What the customer is shown before they agree. */
export type LinkRequest = {
  linkId: LinkId;
  /** Who asks. */
  from: { id: EntityId; organizationName: string };
  /** The holder of their account there, masked: the customer must recognise themselves. */
  holder: string;
  scopes: LinkScopesByHost;
  returnUrl: string;
  expiresAt: Date;
};

export type RedeemLink = {
  token: string;
  /** The institution's own reference of the customer who agreed. It never leaves the node. */
  customer: string;
  /** What the customer agreed to, at most what was asked. Default: all of it. */
  scopes?: LinkScopesByHost;
  consent: ConsentGiven;
  /** Names the session in which the customer agreed: only there is the code shown. */
  session: string;
};

/** How a redeeming stands. The code is there once the initiator has confirmed it, until the link is complete. */
export type RedemptionStatus =
  | { status: 'pending' }
  | {
      status: 'confirmed';
      code: string;
      /** The initiator's page with link id and code in its fragment. */
      returnUrl: string;
    }
  | { status: 'complete' }
  | { status: 'refused'; reason: string };

export type LinkRedemptions = {
  /** Checks a token and tells what it asks. Refuses with `link.token`, `.audience`, `.institution`, `.token_expired`, `.token_consumed`, `.declined`. */
  inspect(token: string): Promise<LinkRequest>;
  decline(token: string): Promise<void>;
  /** Consumes the token: this side's half is kept, and on its way with the consent. Refuses as `inspect`, and `link.exists`. */
  redeem(redeem: RedeemLink): Promise<{ linkId: LinkId; expiresAt: Date }>;
  redemption(linkId: string, session: string): Promise<RedemptionStatus>;
  /** Lets go of a token that was shown and came to nothing. */
  lapse(linkId: string): Promise<void>;
  /** Forgets a code that can complete nothing any more. */
  forgetCode(linkId: string): Promise<void>;
};

export function createLinkRedemptions(deps: LinkServiceDeps): LinkRedemptions {
  const { db, registry, evidence, keys, options } = deps;

  /** Who signed it, whom it is for, and whether it is still alive. */
  async function verify(token: string, nowMs: number): Promise<LinkTokenClaims> {
    const parsed = parseLinkToken(token);
    if (!parsed.ok) throw new Refusal(parsed.reason);
    const peer = registry.peer(parsed.iss);
    if (peer === undefined || peer.state !== 'active') throw new Refusal('link.institution');
    let known = registry.findKey(parsed.iss, parsed.kid);
    if (known === undefined && (await registry.refetchUnknownKey(parsed.iss, parsed.kid))) {
      known = registry.findKey(parsed.iss, parsed.kid);
    }
    if (known === undefined || known.status !== 'current') throw new Refusal('link.token');
    const verified = await verifyLinkToken(parsed.jws, known.key, {
      aud: registry.self.entityId,
      nowS: nowMs / 1000,
    });
    if (!verified.ok) throw new Refusal(verified.reason);
    const { claims } = verified;
    if (!options.allowInsecure && !claims.returnUrl.startsWith('https://')) throw new Refusal('link.token');
    return claims;
  }

  async function databaseNow(): Promise<Date> {
    return db.transact((tx) => readNow(tx));
  }

  /** The row of a token that may still be answered, made when it is first seen. */
  async function shownRow(tx: Tx, token: string, claims: LinkTokenClaims, at: Date): Promise<Redemption> {
    const tokenSha256 = sha256Bytes(token);
    const fresh = await insertShown(tx, {
      linkId: claims.sub,
      peer: claims.iss,
      tokenSha256,
      at,
      expiresAt: new Date(claims.exp * 1000),
    });
    if (fresh) {
      await recordLinkEvents(tx, evidence, [
        {
          linkId: claims.sub,
          at,
          event: 'shown',
          attest: { event: 'NotificationForAcceptance', peer: claims.iss, cites: sha256(token) },
        },
      ]);
    }
    const row = await lockRedemption(tx, claims.sub);
    if (row === undefined) throw new Error('a token that was shown is not there');
    // Another token for the same link: an id that two peers use, or an initiator that signed twice.
    if (row.peer !== claims.iss || !row.tokenSha256.equals(tokenSha256))
      throw new Refusal('link.token_consumed');
    if (row.state === 'declined') throw new Refusal('link.declined');
    if (row.state === 'expired') throw new Refusal('link.token_expired');
    if (row.state !== 'shown') throw new Refusal('link.token_consumed');
    return row;
  }

  async function redeem(given: RedeemLink): Promise<{ linkId: LinkId; expiresAt: Date }> {
    const { outbound } = deps.exchange();
    const customer = checkReference(given.customer);
    const claims = await verify(given.token, (await databaseNow()).getTime());
    const { sub: linkId, iss: peer } = claims;
    const self = registry.self.entityId;
    const scopes = checkScopes(given.scopes ?? claims.scopes, [self, peer], claims.scopes);
    const sessionSha256 = hashSession(given.session, linkId);
    const codeKey = randomBytes(32);
    const wrapped = await keys.wrap(linkId, codeKey);
    const salt = encodeRandom128(randomBytes(16));
    const jti = newUuidV7() as ExchangeId;

    await db.transact(async (tx) => {
      const at = await readNow(tx);
      const windowS = claims.exp - Math.floor(at.getTime() / 1000);
      if (windowS <= 0) throw new Refusal('link.token_expired');
      const customerId = await lockCustomer(tx, customer);
      await shownRow(tx, given.token, claims, at);
      if (await hasRival(tx, { peer, customerId }, linkId)) throw new Refusal('link.exists');
      if (!(await insertLink(tx, { id: linkId, peer, customerId, initiatedBy: 'peer', at }))) {
        throw new Refusal('link.token_consumed');
      }
      const consent = recordConsent(given.consent, {
        at,
        controllers: [
          { id: self, name: options.organizationName },
          { id: peer, name: registry.peer(peer)?.organizationName ?? peer },
        ],
      });
      const rev = nextRev(undefined, at.getTime());
      await putHalf(
        tx,
        { linkId, owner: 'self' },
        { rev, state: 'active', scopes, consent, restorableUntil: null, beforeRevocation: null },
        { at, announce: false },
      );
      await redeemRow(tx, linkId, {
        customerId,
        sessionSha256,
        returnUrl: claims.returnUrl,
        jti,
        rev,
        wrapped: { kekId: wrapped.kekId, key: wrapped.wrapped },
      });
      const body: LinkRedeemBody = {
        token: given.token,
        rev,
        scopes,
        consent,
        code: hashCompletionCode(plainCode(codeKey), linkId),
      };
      const manifest = encodeManifest({ salt, body: body as unknown as JsonObject });
      const said = { jti, aud: peer, act: 'link.redeem', sub: linkId, manifest, submitted: false, windowS };
      await outbound.say(tx, [said], at);
      const exchange = { iss: self, jti };
      const told = { linkId, at, owner: 'self', rev, state: 'active', exchange } as const;
      await recordLinkEvents(tx, evidence, [
        {
          ...told,
          event: 'redeemed',
          attest: { event: 'ConsignmentAcceptance', peer, cites: sha256(given.token) },
        },
        { ...told, event: 'changed', attest: { event: 'LinkChanged', peer } },
      ]);
    });
    return { linkId, expiresAt: new Date(claims.exp * 1000) };
  }

  async function confirmed(row: Redemption): Promise<RedemptionStatus> {
    if (row.wrapped === undefined || row.returnUrl === null) return ended(row.linkId);
    const unwrapped = await keys.unwrap(row.wrapped.kekId, row.linkId, row.wrapped.key);
    if (!unwrapped.ok) return { status: 'refused', reason: 'link.lapsed' };
    const code = codeOf(unwrapped.key);
    return {
      status: 'confirmed',
      code,
      returnUrl: `${row.returnUrl}#ivx-link=${row.linkId}&ivx-code=${code}`,
    };
  }

  /** What became of a redeeming whose code is gone: the initiator completed it, or let it lapse. */
  async function ended(linkId: string): Promise<RedemptionStatus> {
    const link = (await db.withClient((client) => readLinks(client, [linkId]))).get(linkId);
    return link?.other === undefined || link.other.state === 'revoked'
      ? { status: 'refused', reason: 'link.lapsed' }
      : { status: 'complete' };
  }

  return {
    async inspect(token) {
      const claims = await verify(token, (await databaseNow()).getTime());
      await db.transact(async (tx) => shownRow(tx, token, claims, await readNow(tx)));
      return {
        linkId: claims.sub,
        from: {
          id: claims.iss,
          organizationName: registry.peer(claims.iss)?.organizationName ?? claims.iss,
        },
        holder: claims.holder,
        scopes: claims.scopes,
        returnUrl: claims.returnUrl,
        expiresAt: new Date(claims.exp * 1000),
      };
    },

    async decline(token) {
      const claims = await verify(token, (await databaseNow()).getTime());
      await db.transact(async (tx) => {
        const at = await readNow(tx);
        await shownRow(tx, token, claims, at);
        const reason = 'link.declined';
        await decideRedemption(tx, claims.sub, { state: 'declined', reason, at });
        await recordLinkEvents(tx, evidence, [
          {
            linkId: claims.sub,
            at,
            event: 'declined',
            reason,
            attest: { event: 'ConsignmentRejection', peer: claims.iss, cites: sha256(token) },
          },
        ]);
      });
    },

    redeem,

    async redemption(linkId, session) {
      const row = await readRedemption(db, linkId);
      if (row === undefined || ['shown', 'declined', 'expired'].includes(row.state)) {
        throw new Refusal('link.not_found');
      }
      if (row.state === 'refused') return { status: 'refused', reason: row.reason ?? 'link.lapsed' };
      // Once the code has served the session is forgotten with it, and there is nothing left to protect.
      if (row.sessionSha256 === null) return ended(row.linkId);
      if (!timingSafeEqual(hashSession(session, row.linkId), row.sessionSha256)) {
        throw new Refusal('link.session');
      }
      return row.state === 'accepted' ? confirmed(row) : { status: 'pending' };
    },

    async lapse(linkId) {
      await db.transact(async (tx) => {
        const row = await lockRedemption(tx, linkId);
        const at = await readNow(tx);
        if (row?.state !== 'shown' || row.expiresAt > at) return;
        await decideRedemption(tx, linkId, { state: 'expired', reason: null, at });
        await recordLinkEvents(tx, evidence, [
          {
            linkId,
            at,
            event: 'expired',
            attest: {
              event: 'AcceptanceRejectionExpiry',
              peer: row.peer,
              cites: row.tokenSha256.toString('base64url'),
            },
          },
        ]);
      });
    },

    async forgetCode(linkId) {
      await db.transact((tx) => forgetCodes(tx, [linkId]));
    },
  };
}

/** The code follows from a key that lies wrapped in the database, so that the code itself never does. */
function codeOf(key: Uint8Array): string {
  const bytes = createHmac('sha256', key).update('ivx-completion-code').digest();
  return encodeCompletionCode(bytes.subarray(0, COMPLETION_CODE_BYTES));
}

function plainCode(key: Uint8Array): string {
  const plain = parseCompletionCode(codeOf(key));
  if (plain === undefined) throw new Error('a completion code that does not read back');
  return plain;
}
