import type { EntityId } from './ids.ts';
import { type ParsedJws, parseJws, signJws, verifyJws } from './jose/jws.ts';
import type { Signer, VerificationKey } from './jose/keys.ts';
import { findSchemaProblem } from './schemas/validators.ts';
import { checkTimes } from './time.ts';

export const REQUEST_TOKEN_TYP = 'ivx-request+jwt';
export const REQUEST_TOKEN_MAX_BYTES = 4096;
export const REQUEST_TOKEN_LIFETIME_S = 60;

/** Authenticates one request between nodes; bound to its method and URL as DPoP does (RFC 9449 section 4.2). */
export type RequestTokenClaims = {
  iss: EntityId;
  aud: EntityId;
  iat: number;
  exp: number;
  jti: string;
  htm: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The recipient's public URL with path and query, never what a proxy header says. */
  htu: string;
  /** SHA-256 of the envelope, on a closing. */
  env?: string;
};

export type RequestTokenRefusal = 'token.malformed' | 'token.signature' | 'token.mismatch' | 'token.time';

export function signRequestToken(claims: RequestTokenClaims, signer: Signer): Promise<string> {
  return signJws(claims, REQUEST_TOKEN_TYP, signer);
}

export function parseRequestToken(
  token: string,
): { ok: true; jws: ParsedJws; iss: string } | { ok: false; reason: RequestTokenRefusal } {
  const parsed = parseJws(token, { typ: REQUEST_TOKEN_TYP, maxBytes: REQUEST_TOKEN_MAX_BYTES });
  if (!parsed.ok) return { ok: false, reason: 'token.malformed' };
  if (findSchemaProblem('request-token', parsed.jws.claims) !== undefined) {
    return { ok: false, reason: 'token.malformed' };
  }
  return { ok: true, jws: parsed.jws, iss: parsed.jws.claims['iss'] as string };
}

export async function verifyRequestToken(
  jws: ParsedJws,
  key: VerificationKey,
  expected: { aud: string; htm: string; htu: string; nowS: number },
): Promise<{ ok: true; claims: RequestTokenClaims } | { ok: false; reason: RequestTokenRefusal }> {
  if (!(await verifyJws(jws, key)).ok) return { ok: false, reason: 'token.signature' };
  const claims = jws.claims as unknown as RequestTokenClaims;
  if (claims.aud !== expected.aud || claims.htm !== expected.htm || claims.htu !== expected.htu) {
    return { ok: false, reason: 'token.mismatch' };
  }
  const times = checkTimes({
    iat: claims.iat,
    exp: claims.exp,
    now: expected.nowS,
    maxLifetimeS: REQUEST_TOKEN_LIFETIME_S,
  });
  return times.ok ? { ok: true, claims } : { ok: false, reason: 'token.time' };
}
