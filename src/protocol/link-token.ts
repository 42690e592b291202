import type { EntityId, LinkId } from './ids.ts';
import { type ParsedJws, parseJws, signJws, verifyJws } from './jose/jws.ts';
import type { Signer, VerificationKey } from './jose/keys.ts';
import { type LinkScopesByHost, namesOnly } from './link-scopes.ts';
import { LINK_TOKEN_MAX_BYTES } from './schemas/link.ts';
import { findSchemaProblem } from './schemas/validators.ts';
import { CLOCK_SKEW_S, checkTimeShape } from './time.ts';

export const LINK_TOKEN_TYP = 'ivx-link+jwt';
/** A customer who walks from one institution to the other needs minutes. */
export const LINK_TOKEN_MAX_LIFETIME_S = 900;

/** An institution's question, signed by its exchange key, that a customer carries to the other one. */
export type LinkTokenClaims = {
  /** The initiator: who asks. */
  iss: EntityId;
  /** The only institution that may redeem it. */
  aud: EntityId;
  sub: LinkId;
  iat: number;
  exp: number;
  scopes: LinkScopesByHost;
  /** The holder of the initiator's account, masked, so that the customer recognises it and nobody else learns it. */
  holder: string;
  /** Where the customer takes the completion code. */
  returnUrl: string;
};

export type LinkTokenRefusal = 'link.token' | 'link.audience' | 'link.token_expired' | 'time.from_future';

type Refused = { ok: false; reason: LinkTokenRefusal };

/** Throws a TypeError for claims outside the schema, a RangeError past 4 KiB. */
export async function signLinkToken(claims: LinkTokenClaims, signer: Signer): Promise<string> {
  const problem = findSchemaProblem('link-token', claims);
  if (problem !== undefined) throw new TypeError(`link token ${problem.pointer} ${problem.message}`);
  const token = await signJws(claims, LINK_TOKEN_TYP, signer);
  if (token.length > LINK_TOKEN_MAX_BYTES) throw new RangeError(`a link token of ${token.length} bytes`);
  return token;
}

/** Syntax and schema: whom to ask for the key. Nothing in it is true yet. */
export function parseLinkToken(
  token: string,
): { ok: true; jws: ParsedJws; iss: string; kid: string } | Refused {
  const parsed = parseJws(token, { typ: LINK_TOKEN_TYP, maxBytes: LINK_TOKEN_MAX_BYTES });
  if (!parsed.ok || findSchemaProblem('link-token', parsed.jws.claims) !== undefined) {
    return { ok: false, reason: 'link.token' };
  }
  return { ok: true, jws: parsed.jws, iss: parsed.jws.claims['iss'] as string, kid: parsed.jws.header.kid };
}

/**
 * Signature, then whom it is for, then its time. There is no skew on `exp`: the exchange that redeems it ends with
 * it, and both sides judge that again.
 */
export async function verifyLinkToken(
  jws: ParsedJws,
  key: VerificationKey,
  expected: { aud: string; nowS: number },
): Promise<{ ok: true; claims: LinkTokenClaims } | Refused> {
  if (!(await verifyJws(jws, key)).ok) return { ok: false, reason: 'link.token' };
  const claims = jws.claims as unknown as LinkTokenClaims;
  if (claims.aud !== expected.aud) return { ok: false, reason: 'link.audience' };
  const shape = checkTimeShape(claims, LINK_TOKEN_MAX_LIFETIME_S);
  if (!shape.ok || claims.iss === claims.aud || !namesOnly(claims.scopes, [claims.iss, claims.aud])) {
    return { ok: false, reason: 'link.token' };
  }
  if (claims.iat > expected.nowS + CLOCK_SKEW_S) return { ok: false, reason: 'time.from_future' };
  if (expected.nowS >= claims.exp) return { ok: false, reason: 'link.token_expired' };
  return { ok: true, claims };
}
