import { createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import { decodeBase64url } from './base64url.ts';
import { isP256Point, isUsableEd25519Point } from './curve-points.ts';
import { libsodium } from './libsodium.ts';
import type { SignatureAlg } from './signature.ts';
import { isJsonObject } from './strict-json.ts';

export type { SignatureAlg } from './signature.ts';

type JwkLabels = { kid?: string; alg?: SignatureAlg; use?: 'sig' };
export type Ed25519PublicJwk = { kty: 'OKP'; crv: 'Ed25519'; x: string } & JwkLabels;
export type P256PublicJwk = { kty: 'EC'; crv: 'P-256'; x: string; y: string } & JwkLabels;
export type PublicJwk = Ed25519PublicJwk | P256PublicJwk;

/** A key that was checked once and can verify as often as one likes. `jwk` holds public members only. */
export type VerificationKey = { kid: string; alg: SignatureAlg; jwk: PublicJwk; key: KeyObject };

/** Asynchronous where the key lives in an HSM or a KMS. ES256 signatures are P1363, 64 bytes, either S. */
export type Signer = {
  kid: string;
  alg: SignatureAlg;
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
};

/**
 * `jwk.kty`, `jwk.crv`, `jwk.use`, `jwk.alg` and `jwk.key_ops` say that the key serves another purpose than
 * ours; the others that it is wrong.
 */
export type JwkRefusal =
  | 'jwk.malformed'
  | 'jwk.private'
  | 'jwk.kty'
  | 'jwk.crv'
  | 'jwk.use'
  | 'jwk.alg'
  | 'jwk.key_ops'
  | 'jwk.coordinate'
  | 'jwk.point'
  | 'jwk.kid';

export type JwksRefusal =
  | JwkRefusal
  | 'jwks.malformed'
  | 'jwks.too_many'
  | 'jwks.empty'
  | 'jwks.duplicate_kid';

export type JwkResult = { ok: true; key: VerificationKey } | { ok: false; reason: JwkRefusal };
export type JwksResult = { ok: true; keys: VerificationKey[] } | { ok: false; reason: JwksRefusal };

const DEFAULT_MAX_KEYS = 20;
const MAX_JWK_MEMBERS = 32;

// RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 8037 section 2; `priv` of post-quantum keys (AKP).
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

const OTHER_PURPOSE: ReadonlySet<string> = new Set<JwkRefusal>([
  'jwk.kty',
  'jwk.crv',
  'jwk.use',
  'jwk.alg',
  'jwk.key_ops',
]);

// 32 bytes are 43 characters, the last of which carries four bits and two zeros.
const THUMBPRINT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && THUMBPRINT.test(value);
}

/** RFC 7638 with SHA-256, base64url (43 characters); RFC 8037 section 2 for OKP. */
export function jwkThumbprint(jwk: PublicJwk): string {
  const required =
    jwk.kty === 'OKP'
      ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x }
      : { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y };
  return hash('sha256', JSON.stringify(required), 'base64url');
}

/**
 * Checks a JWK (RFC 7517) from outside and makes the key of it. Members that this profile doesn't know are
 * left out of the result; a `kid`, if present, must be the thumbprint.
 */
export function importPublicJwk(jwk: unknown): JwkResult {
  if (!isJsonObject(jwk) || Object.keys(jwk).length > MAX_JWK_MEMBERS) return refuse('jwk.malformed');
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) return refuse('jwk.private');

  const isEd25519 = jwk['kty'] === 'OKP';
  if (!isEd25519 && jwk['kty'] !== 'EC') return refuse('jwk.kty');
  if (jwk['crv'] !== (isEd25519 ? 'Ed25519' : 'P-256')) return refuse('jwk.crv');
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return refuse('jwk.use');
  if (jwk['alg'] !== undefined && !namesAlg(jwk['alg'], isEd25519)) return refuse('jwk.alg');
  if (jwk['key_ops'] !== undefined && !isVerifyOnly(jwk['key_ops'])) return refuse('jwk.key_ops');

  const x = coordinate(jwk['x']);
  if (x === undefined) return refuse('jwk.coordinate');
  if (isEd25519) {
    if (jwk['y'] !== undefined) return refuse('jwk.malformed');
    if (!isUsableEd25519Point(x.bytes)) return refuse('jwk.point');
    return finish({ kty: 'OKP', crv: 'Ed25519', x: x.text }, 'EdDSA', jwk['kid']);
  }
  const y = coordinate(jwk['y']);
  if (y === undefined) return refuse('jwk.coordinate');
  if (!isP256Point(x.bytes, y.bytes)) return refuse('jwk.point');
  return finish({ kty: 'EC', crv: 'P-256', x: x.text, y: y.text }, 'ES256', jwk['kid']);
}

/**
 * A JWK Set (RFC 7517 section 5) of at most `maxKeys` keys, in its order. Keys for another purpose or of a
 * type unknown here are passed over, as that section says, so that a peer may publish a newer kind beside its
 * own; a wrong key, a private one or a repeated one refuses the set, and so does a set without a usable key.
 */
export function importJwks(value: unknown, options: { maxKeys?: number } = {}): JwksResult {
  const members = isJsonObject(value) ? value['keys'] : undefined;
  if (!Array.isArray(members)) return { ok: false, reason: 'jwks.malformed' };
  if (members.length > (options.maxKeys ?? DEFAULT_MAX_KEYS)) return { ok: false, reason: 'jwks.too_many' };
  const keys = new Map<string, VerificationKey>();
  for (const member of members) {
    const imported = importPublicJwk(member);
    if (!imported.ok) {
      if (OTHER_PURPOSE.has(imported.reason)) continue;
      return imported;
    }
    if (keys.has(imported.key.kid)) return { ok: false, reason: 'jwks.duplicate_kid' };
    keys.set(imported.key.kid, imported.key);
  }
  return keys.size === 0 ? { ok: false, reason: 'jwks.empty' } : { ok: true, keys: [...keys.values()] };
}

/** The public half of an Ed25519 or P-256 key, labelled. Throws a TypeError for any other key. */
export function exportPublicJwk(key: KeyObject): PublicJwk {
  const { kty, crv, x, y } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  const imported = importPublicJwk(y === undefined ? { kty, crv, x } : { kty, crv, x, y });
  if (!imported.ok) throw new TypeError(`not an Ed25519 or P-256 key: ${imported.reason}`);
  return imported.key.jwk;
}

/** A signer over a private key held in this process. Throws a TypeError unless it is Ed25519 or P-256. */
export function createSigner(privateKey: KeyObject): Signer {
  if (privateKey.type !== 'private') throw new TypeError(`not a private key: ${privateKey.type}`);
  const jwk = exportPublicJwk(privateKey);
  const kid = jwkThumbprint(jwk);
  if (jwk.kty === 'OKP') {
    const signEd25519 = libsodium?.signWith(privateKey) ?? ((data) => sign(null, data, privateKey));
    return { kid, alg: 'EdDSA', sign: signEd25519 };
  }
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return { kid, alg: 'ES256', sign: (data) => sign('sha256', data, key) };
}

/** The one impure function here: it draws on the system's random source. */
export function generateSigningKey(alg: SignatureAlg): {
  privateKey: KeyObject;
  publicJwk: PublicJwk;
  kid: string;
} {
  const { privateKey } =
    alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicJwk = exportPublicJwk(privateKey);
  return { privateKey, publicJwk, kid: jwkThumbprint(publicJwk) };
}

function refuse(reason: JwkRefusal): { ok: false; reason: JwkRefusal } {
  return { ok: false, reason };
}

function namesAlg(alg: unknown, isEd25519: boolean): boolean {
  return isEd25519 ? alg === 'EdDSA' || alg === 'Ed25519' : alg === 'ES256';
}

function isVerifyOnly(keyOps: unknown): boolean {
  return Array.isArray(keyOps) && keyOps.length === 1 && keyOps[0] === 'verify';
}

function coordinate(value: unknown): { text: string; bytes: Buffer } | undefined {
  if (typeof value !== 'string' || value.length !== 43) return undefined;
  const bytes = decodeBase64url(value);
  return bytes === undefined ? undefined : { text: value, bytes };
}

function finish(bare: PublicJwk, alg: SignatureAlg, statedKid: unknown): JwkResult {
  const kid = jwkThumbprint(bare);
  if (statedKid !== undefined && statedKid !== kid) return refuse('jwk.kid');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: bare, format: 'jwk' });
  } catch {
    return refuse('jwk.point');
  }
  return { ok: true, key: { kid, alg, jwk: { ...bare, kid, alg, use: 'sig' }, key } };
}
