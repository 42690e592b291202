import { type KeyObject, randomUUID, sign } from 'node:crypto';
import type { Caller } from '../api-access.ts';
import { isRole, type Role } from './access.ts';

/**
 * Access tokens of the institution API: JWT (RFC 7519), typed against confusion with other things that are
 * signed (RFC 8725 section 3.11). No clock and no HTTP here.
 */

export const TOKEN_TYPE = 'ivx-api+jwt';
export const TOKEN_AUDIENCE = 'intervault-api';
/** Issuer of the tokens of a node without a public URL; else it is that URL. */
export const NODE_TOKEN_ISSUER = 'urn:intervault:node';
export const MAX_TOKEN_TTL_S = 86_400;
const SKEW_S = 60;
const MAX_SUBJECT = 200;

/** A key that may live elsewhere: `sign` returns the 64 bytes of an Ed25519 signature. */
export type TokenSigner = Readonly<{
  kid: string;
  sign: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}>;

export type TokenRequest = Readonly<{
  /** Id of the node. */
  issuer: string;
  subject: string;
  role: Role;
  /** 1 s to 24 h. */
  ttlS: number;
  nowS: number;
}>;

export type IssuedToken = { token: string; tokenId: string; expiresAtS: number };

/** Throws a RangeError for a lifetime or a subject that verification would refuse. */
export async function issueToken(
  signer: TokenSigner | Readonly<{ kid: string; privateKey: KeyObject }>,
  { issuer, subject, role, ttlS, nowS }: TokenRequest,
): Promise<IssuedToken> {
  if (!Number.isInteger(ttlS) || ttlS < 1 || ttlS > MAX_TOKEN_TTL_S)
    throw new RangeError(`a token lives 1 to ${MAX_TOKEN_TTL_S} seconds`);
  if (!isSubject(subject)) throw new RangeError(`a subject is 1 to ${MAX_SUBJECT} printable characters`);
  const iat = Math.floor(nowS);
  const tokenId = randomUUID();
  const expiresAtS = iat + ttlS;
  const claims = {
    iss: issuer,
    aud: TOKEN_AUDIENCE,
    sub: subject,
    role,
    iat,
    exp: expiresAtS,
    jti: tokenId,
  };
  const input = `${encode({ alg: 'EdDSA', typ: TOKEN_TYPE, kid: signer.kid })}.${encode(claims)}`;
  const data = Buffer.from(input);
  const signature = 'sign' in signer ? await signer.sign(data) : sign(null, data, signer.privateKey);
  return { token: `${input}.${Buffer.from(signature).toString('base64url')}`, tokenId, expiresAtS };
}

/** Who calls, once the token was verified, and by which one. */
export type Principal = Caller & Readonly<{ role: Role; tokenId: string }>;

export type TokenPolicy = Readonly<{
  issuer: string;
  audience: string;
  kind: Principal['issuer'];
}>;

/** Which claim is wrong, for the developer who holds the token. */
export type ClaimFault =
  | 'issuer'
  | 'audience'
  | 'subject'
  | 'role'
  | 'expiry'
  | 'lifetime'
  | 'issued_at'
  | 'not_before'
  | 'token_id';

export type ClaimsResult =
  | { ok: true; principal: Principal }
  | { ok: false; code: 'auth.expired' }
  | { ok: false; code: 'auth.invalid'; reason: ClaimFault };

/** The claims of a token whose signature holds. */
export function checkTokenClaims(
  claims: Readonly<Record<string, unknown>>,
  policy: TokenPolicy,
  nowS: number,
): ClaimsResult {
  const { iss, aud, sub, role, exp, iat, nbf, jti } = claims;
  const invalid = (reason: ClaimFault): ClaimsResult => ({ ok: false, code: 'auth.invalid', reason });
  const ofNode = policy.kind === 'node';

  if (iss !== policy.issuer) return invalid('issuer');
  if (aud !== policy.audience && !(Array.isArray(aud) && aud.includes(policy.audience)))
    return invalid('audience');
  if (!isSubject(sub)) return invalid('subject');
  if (!isTime(exp)) return invalid('expiry');
  if (iat === undefined ? ofNode : !isTime(iat) || iat > nowS + SKEW_S) return invalid('issued_at');
  if (nbf !== undefined && (!isTime(nbf) || nbf > nowS + SKEW_S)) return invalid('not_before');
  if (exp <= nowS - SKEW_S) return { ok: false, code: 'auth.expired' };
  if (exp - (isTime(iat) ? iat : nowS - SKEW_S) > MAX_TOKEN_TTL_S) return invalid('lifetime');
  if (jti === undefined ? ofNode : !isSubject(jti)) return invalid('token_id');
  if (!isRole(role)) return invalid('role');
  const tokenId = typeof jti === 'string' ? jti : sub;
  return { ok: true, principal: Object.freeze({ subject: sub, role, tokenId, issuer: policy.kind }) };
}

function isSubject(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_SUBJECT &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value)
  );
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
