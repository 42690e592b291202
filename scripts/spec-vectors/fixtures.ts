import { createECDH, createPrivateKey, hash, type KeyObject, sign } from 'node:crypto';
import type { EnvelopeClaims } from '../../src/protocol/envelope.ts';
import type { EntityId, ExchangeId, LinkId } from '../../src/protocol/ids.ts';
import { exportPublicJwk, jwkThumbprint, type PublicJwk, type Signer } from '../../src/protocol/jose/keys.ts';
import { storedSignature } from './es256.ts';

/** What all vectors share: names, keys and times that never change, so that a generated file never does. */

/** 2026-11-01T12:00:00Z, Unix seconds: the present of every vector that doesn't say another. */
export const NOW = Date.UTC(2026, 10, 1, 12) / 1000;
export const DAY_S = 86_400;

export const A = 'https://a.example' as EntityId;
export const B = 'https://b.example' as EntityId;
export const C = 'https://c.example' as EntityId;

export const b64 = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url');
export const digest = (data: string | Uint8Array): string => hash('sha256', data, 'base64url');

/** A UUIDv7 (RFC 9562 section 5.7) of the present whose random bits follow from its label. */
export function uuid(label: string): string {
  const time = (NOW * 1000).toString(16).padStart(12, '0');
  const random = hash('sha256', `uuid ${label}`, 'hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`;
}

/** 128 bits, as salt and nonce, that follow from their label. */
export const bits128 = (label: string): string =>
  b64(hash('sha256', `bits ${label}`, 'buffer').subarray(0, 16));

export type Key = {
  kid: string;
  alg: Signer['alg'];
  publicJwk: PublicJwk;
  privateJwk: Record<string, unknown>;
  sign(input: string): Buffer;
  signer: Signer;
};

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

export function ed25519Key(label: string): Key {
  const seed = hash('sha256', `intervault vectors: ${label}`, 'buffer');
  const der = Buffer.concat([PKCS8_ED25519, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return makeKey(privateKey, b64(seed), (input) => sign(null, Buffer.from(input), privateKey));
}

/** P-256 signatures draw on a random source, so those of the vectors were made once and are stored. */
export function p256Key(label: string): Key {
  const ecdh = createECDH('prime256v1');
  const d = hash('sha256', `intervault vectors: ${label}`, 'buffer');
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: b64(point.subarray(1, 33)),
    y: b64(point.subarray(33)),
    d: b64(d),
  };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  return makeKey(privateKey, jwk.d, (input) => storedSignature(privateKey, input));
}

function makeKey(privateKey: KeyObject, d: string, signInput: (input: string) => Buffer): Key {
  const publicJwk = exportPublicJwk(privateKey);
  const kid = jwkThumbprint(publicJwk);
  const alg = publicJwk.kty === 'OKP' ? 'EdDSA' : 'ES256';
  return {
    kid,
    alg,
    publicJwk,
    privateJwk: { ...publicJwk, d },
    sign: signInput,
    signer: { kid, alg, sign: (data) => signInput(Buffer.from(data).toString('latin1')) },
  };
}

export const keys = {
  aFederation: ed25519Key('a federation'),
  aFederationNext: ed25519Key('a federation next'),
  aExchange: ed25519Key('a exchange'),
  aP256: p256Key('a exchange p256'),
  aWithdrawn: ed25519Key('a exchange withdrawn'),
  aRevoked: ed25519Key('a exchange revoked'),
  aUnlisted: ed25519Key('a exchange unlisted'),
  bFederation: ed25519Key('b federation'),
  bExchange: ed25519Key('b exchange'),
  thief: ed25519Key('thief'),
} as const;
export type KeyName = keyof typeof keys;

export type Forgery = {
  key?: Key;
  /** Members in place of, or beside, alg, kid and typ; undefined leaves one out. */
  header?: Record<string, unknown>;
  headerText?: string;
  /** The payload as it is encoded: JSON, or bytes that are none. */
  payload: object | string | Uint8Array;
  typ: string;
};

/** A token whose signature is right, whatever its header and payload say. */
export function forge({ key = keys.aExchange, header, headerText, payload, typ }: Forgery): string {
  const head = headerText ?? JSON.stringify({ alg: key.alg, kid: key.kid, typ, ...header });
  const body =
    typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
  const input = `${b64(head)}.${b64(body)}`;
  return `${input}.${b64(key.sign(input))}`;
}

/** The token with one of its three parts replaced. */
export function withPart(token: string, part: 0 | 1 | 2, change: (text: string) => string): string {
  const parts = token.split('.');
  parts[part] = change(parts[part] ?? '');
  return parts.join('.');
}

export const DOCUMENT = {
  type: 'billing.invoice',
  title: 'Facture de novembre',
  issuedAt: '2026-11-01',
  language: 'fr',
} as const;

export const CONTENT = Buffer.from('Bonjour, ceci est une facture.\n');

export function manifestText(label: string, body: object = DOCUMENT, content: Uint8Array = CONTENT): string {
  return JSON.stringify({
    salt: bits128(label),
    body,
    content: { sha256: digest(content), size: content.length, type: 'text/plain', name: 'facture.txt' },
  });
}

/** The claims of a push from A to B that everybody accepts, but for the changes. */
export function envelopeClaims(label: string, changes: Record<string, unknown> = {}): EnvelopeClaims {
  const manifest = manifestText(label);
  return {
    iss: A,
    aud: B,
    jti: uuid(label) as ExchangeId,
    iat: NOW - 10,
    exp: NOW - 10 + 7 * DAY_S,
    act: 'document.push',
    sub: uuid('link active') as LinkId,
    manifest: { sha256: digest(manifest), size: Buffer.byteLength(manifest) },
    content: { size: CONTENT.length },
    ev: digest(`evidence ${label}`),
    inc: NOW - 100 * DAY_S,
    ...changes,
  };
}
