import { type KeyObject, randomUUID, sign } from 'node:crypto';
import type { Caller } from '../api-access.ts';
import { isUuid } from '../protocol/ids.ts';
import { type InstitutionRole, isInstitutionRole, type Role } from './access.ts';

/**
 * Access tokens of the institution API: JWT (RFC 7519), typed against confusion with other things that are
 * signed (RFC 8725 section 3.11). No clock and no HTTP here.
 */

export const TOKEN_TYPE = 'ivx-api+jwt';
export const TOKEN_AUDIENCE = 'intervault-api';
/** Issuer of the tokens of a node without a public URL; else it is that URL. */
export const NODE_TOKEN_ISSUER = 'urn:intervault:node';
export const MAX_TOKEN_TTL_S = 86_400;

/** Of a customer's session: another type and audience, so that neither passes for the other. */
export const SESSION_TYPE = 'ivx-session+jwt';
export const SESSION_AUDIENCE = 'intervault-customer';
export const MAX_SESSION_TTL_S = 900;
export const MAX_SESSION_ORIGINS = 32;

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
  role: InstitutionRole;
  /** 1 s to 24 h. */
  ttlS: number;
  nowS: number;
}>;

export type IssuedToken = { token: string; tokenId: string; expiresAtS: number };

type Signer = TokenSigner | Readonly<{ kid: string; privateKey: KeyObject }>;

/** Throws a RangeError for a lifetime or a subject that verification would refuse. */
export async function issueToken(
  signer: Signer,
  { issuer, subject, role, ttlS, nowS }: TokenRequest,
): Promise<IssuedToken> {
  if (!Number.isInteger(ttlS) || ttlS < 1 || ttlS > MAX_TOKEN_TTL_S)
    throw new RangeError(`a token lives 1 to ${MAX_TOKEN_TTL_S} seconds`);
  if (!isSubject(subject)) throw new RangeError(`a subject is 1 to ${MAX_SUBJECT} printable characters`);
  const claims = { iss: issuer, aud: TOKEN_AUDIENCE, sub: subject, role };
  return signClaims(signer, TOKEN_TYPE, claims, { ttlS, nowS });
}

export type SessionRequest = Readonly<{
  issuer: string;
  /** The node's own id of the customer. */
  customer: string;
  /** Pages that may use it; 1 to `MAX_SESSION_ORIGINS`. */
  origins: readonly string[];
  /** 1 s to 15 min. */
  ttlS: number;
  nowS: number;
}>;

/** Throws a RangeError for a lifetime that verification would refuse. */
export async function issueSession(
  signer: Signer,
  { issuer, customer, origins, ttlS, nowS }: SessionRequest,
): Promise<IssuedToken> {
  if (!Number.isInteger(ttlS) || ttlS < 1 || ttlS > MAX_SESSION_TTL_S)
    throw new RangeError(`a session lives 1 to ${MAX_SESSION_TTL_S} seconds`);
  const claims = { iss: issuer, aud: SESSION_AUDIENCE, sub: customer, role: 'customer', origins };
  return signClaims(signer, SESSION_TYPE, claims, { ttlS, nowS });
}

async function signClaims(
  signer: Signer,
  typ: string,
  said: object,
  { ttlS, nowS }: { ttlS: number; nowS: number },
): Promise<IssuedToken> {
  const iat = Math.floor(nowS);
  const tokenId = randomUUID();
  const expiresAtS = iat + ttlS;
  const claims = { ...said, iat, exp: expiresAtS, jti: tokenId };
  const data = Buffer.from(`${encode({ alg: 'EdDSA', typ, kid: signer.kid })}.${encode(claims)}`);
  const signature = 'sign' in signer ? await signer.sign(data) : sign(null, data, signer.privateKey);
  return { token: `${data}.${Buffer.from(signature).toString('base64url')}`, tokenId, expiresAtS };
}

/** Who calls, once the token was verified, and by which one. */
export type Principal = Caller &
  Readonly<{
    role: Role;
    tokenId: string;
    /** Present for the role customer, and only there. */
    session?: Readonly<{ customer: string; origins: readonly string[] }>;
  }>;

export type TokenPolicy = Readonly<{
  issuer: string;
  audience: string;
  kind: Principal['issuer'] | 'session';
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
  | 'token_id'
  | 'origins';

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
  const ofNode = policy.kind !== 'external';
  const maxTtlS = policy.kind === 'session' ? MAX_SESSION_TTL_S : MAX_TOKEN_TTL_S;

  if (iss !== policy.issuer) return invalid('issuer');
  if (aud !== policy.audience && !(Array.isArray(aud) && aud.includes(policy.audience)))
    return invalid('audience');
  if (!isSubject(sub)) return invalid('subject');
  if (!isTime(exp)) return invalid('expiry');
  if (iat === undefined ? ofNode : !isTime(iat) || iat > nowS + SKEW_S) return invalid('issued_at');
  if (nbf !== undefined && (!isTime(nbf) || nbf > nowS + SKEW_S)) return invalid('not_before');
  if (exp <= nowS - SKEW_S) return { ok: false, code: 'auth.expired' };
  if (exp - (isTime(iat) ? iat : nowS - SKEW_S) > maxTtlS) return invalid('lifetime');
  if (jti === undefined ? ofNode : !isSubject(jti)) return invalid('token_id');
  const tokenId = typeof jti === 'string' ? jti : sub;
  if (policy.kind === 'session') return checkSession(claims, { customer: sub, tokenId });
  if (!isInstitutionRole(role)) return invalid('role');
  return { ok: true, principal: Object.freeze({ subject: sub, role, tokenId, issuer: policy.kind }) };
}

function checkSession(
  { role, origins }: Readonly<Record<string, unknown>>,
  { customer, tokenId }: { customer: string; tokenId: string },
): ClaimsResult {
  const invalid = (reason: ClaimFault): ClaimsResult => ({ ok: false, code: 'auth.invalid', reason });
  if (role !== 'customer') return invalid('role');
  if (!isUuid(customer)) return invalid('subject');
  if (!Array.isArray(origins) || origins.length === 0 || origins.length > MAX_SESSION_ORIGINS)
    return invalid('origins');
  const session = { customer, origins: origins.map(String) };
  // The customer's own id stays out of whatever notes a caller's subject.
  const principal = { subject: 'customer', role, tokenId, issuer: 'node', session } as const;
  return { ok: true, principal: Object.freeze(principal) };
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
