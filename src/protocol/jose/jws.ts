import { encodeBase64url } from './base64url.ts';
import { type CompactRefusal, parseCompact } from './compact.ts';
import { isThumbprint, type SignatureAlg, type Signer, type VerificationKey } from './keys.ts';
import { normalizeLowS, SIGNATURE_BYTES, type VerifySignature, verifySignatureFast } from './signature.ts';
import { isJsonObject, type JsonObject, parseStrictJson } from './strict-json.ts';

/** A token within our profile whose signature nobody has checked: nothing in it may be believed before `verifyJws`. */
export type ParsedJws = {
  /** `alg` under its one name: a token that says Ed25519 has EdDSA here. */
  header: { alg: SignatureAlg; kid: string; typ: string };
  claims: JsonObject;
  token: string;
  signingInput: Buffer;
  signature: Buffer;
};

export type JwsParseRefusal = CompactRefusal | 'jws.typ' | 'jws.kid' | 'jws.payload';
export type JwsVerifyRefusal = 'jws.alg' | 'jws.kid' | 'jws.signature';

export type JwsParseResult = { ok: true; jws: ParsedJws } | { ok: false; reason: JwsParseRefusal };
export type JwsVerifyResult = { ok: true } | { ok: false; reason: JwsVerifyRefusal };

/**
 * Parses a compact JWS (RFC 7515) of one exact `typ` (RFC 8725 section 3.11: no case folding, no `application/`
 * left out) and of at most `maxBytes` bytes, whose payload is a JSON object.
 */
export function parseJws(token: string, options: { typ: string; maxBytes: number }): JwsParseResult {
  const compact = parseCompact(token, options.maxBytes);
  if (!compact.ok) return compact;
  const { alg, header, payload, signature, signingInput } = compact.jws;
  if (header['typ'] !== options.typ) return { ok: false, reason: 'jws.typ' };
  const kid = header['kid'];
  if (!isThumbprint(kid)) return { ok: false, reason: 'jws.kid' };
  const claims = parseStrictJson(payload, { maxBytes: options.maxBytes });
  if (!claims.ok || !isJsonObject(claims.value)) return { ok: false, reason: 'jws.payload' };
  return {
    ok: true,
    jws: { header: { alg, kid, typ: options.typ }, claims: claims.value, token, signingInput, signature },
  };
}

/** Whether `key` made the token. The algorithm is the key's; the token may only agree (RFC 8725 section 3.1). */
export async function verifyJws(
  jws: ParsedJws,
  key: VerificationKey,
  verify: VerifySignature = verifySignatureFast,
): Promise<JwsVerifyResult> {
  if (jws.header.alg !== key.alg) return { ok: false, reason: 'jws.alg' };
  if (jws.header.kid !== key.kid) return { ok: false, reason: 'jws.kid' };
  if (!(await verify(key.alg, key.key, jws.signingInput, jws.signature))) {
    return { ok: false, reason: 'jws.signature' };
  }
  return { ok: true };
}

/**
 * A compact JWS over `claims`. Throws a TypeError when the claims hold what every peer would refuse (U+0000,
 * a lone surrogate, the key `__proto__`), and an Error when the signer doesn't give 64 bytes.
 */
export async function signJws(claims: object, typ: string, signer: Signer): Promise<string> {
  const signingInput = encodeSigningInput(claims, typ, signer);
  const signature = await signer.sign(Buffer.from(signingInput, 'latin1'));
  return joinSignature(signingInput, signature, signer.alg);
}

/** The first two parts of the token and their dot: what `signer` signs, as ASCII. */
export function encodeSigningInput(claims: object, typ: string, signer: Pick<Signer, 'alg' | 'kid'>): string {
  const json = JSON.stringify(claims);
  if (/\\u|__proto__/.test(json) && !parseStrictJson(json, { maxBytes: Infinity, maxKeys: Infinity }).ok) {
    throw new TypeError('claims hold a character or a key that no peer accepts');
  }
  return `${encodedHeader(typ, signer)}.${Buffer.from(json, 'utf8').toString('base64url')}`;
}

/** The token, with the one form of its signature that this profile accepts. */
export function joinSignature(signingInput: string, signature: Uint8Array, alg: SignatureAlg): string {
  if (signature.length !== SIGNATURE_BYTES) {
    throw new Error(`a signer gave ${signature.length} bytes instead of ${SIGNATURE_BYTES}`);
  }
  return `${signingInput}.${encodeBase64url(alg === 'ES256' ? normalizeLowS(signature) : signature)}`;
}

// A node signs with few keys and fewer types, thousands of times a second.
const encodedHeaders = new WeakMap<Pick<Signer, 'alg' | 'kid'>, Map<string, string>>();

function encodedHeader(typ: string, signer: Pick<Signer, 'alg' | 'kid'>): string {
  const byTyp = encodedHeaders.get(signer) ?? new Map<string, string>();
  if (byTyp.size === 0) encodedHeaders.set(signer, byTyp);
  const known = byTyp.get(typ);
  if (known !== undefined) return known;
  const header = JSON.stringify({ alg: signer.alg, kid: signer.kid, typ });
  const encoded = Buffer.from(header, 'utf8').toString('base64url');
  byTyp.set(typ, encoded);
  return encoded;
}
