import { decodeBase64url } from './base64url.ts';
import type { SignatureAlg } from './signature.ts';
import { isJsonObject, type JsonObject, parseStrictJson } from './strict-json.ts';

/** A compact JWS (RFC 7515 section 7.1) taken apart, its header within our profile, nothing verified yet. */
export type CompactJws = {
  alg: SignatureAlg;
  header: JsonObject;
  payload: Buffer;
  signature: Buffer;
  /** What was signed: the first two parts and their dot, ASCII. */
  signingInput: Buffer;
};

export type CompactRefusal =
  | 'jws.too_large'
  | 'jws.malformed'
  | 'jws.base64url'
  | 'jws.header'
  | 'jws.crit'
  | 'jws.alg';

export type CompactResult = { ok: true; jws: CompactJws } | { ok: false; reason: CompactRefusal };

const HEADER_LIMITS = { maxBytes: 2048, maxDepth: 4, maxKeys: 64 };

// The last six point at, or carry, keys. They are passed over: a key comes from the registry, by its `kid`.
const KNOWN_HEADERS: ReadonlySet<string> = new Set([
  'alg',
  'kid',
  'typ',
  'jwk',
  'jku',
  'x5u',
  'x5c',
  'x5t',
  'x5t#S256',
]);

// RFC 9864 gives EdDSA with Ed25519 the name Ed25519; here both mean the same.
const ALGS: ReadonlyMap<unknown, SignatureAlg> = new Map([
  ['EdDSA', 'EdDSA'],
  ['Ed25519', 'EdDSA'],
  ['ES256', 'ES256'],
]);

/** Takes a token of at most `maxBytes` characters apart. `jws.header` also covers `b64` and unknown members. */
export function parseCompact(token: string, maxBytes: number): CompactResult {
  if (token.length > maxBytes) return refuse('jws.too_large');
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.indexOf('.', headerEnd + 1);
  if (headerEnd < 1 || payloadEnd < 0 || token.includes('.', payloadEnd + 1)) return refuse('jws.malformed');

  const head = readHeader(token.slice(0, headerEnd));
  const payload = decodeBase64url(token.slice(headerEnd + 1, payloadEnd));
  const signature = decodeBase64url(token.slice(payloadEnd + 1));
  if (payload === undefined || signature === undefined) return refuse('jws.base64url');
  if (!head.ok) return head;
  const signingInput = Buffer.from(token.slice(0, payloadEnd), 'latin1');
  return { ok: true, jws: { alg: head.alg, header: head.header, payload, signature, signingInput } };
}

type HeaderResult =
  | { ok: true; alg: SignatureAlg; header: JsonObject }
  | { ok: false; reason: CompactRefusal };

// A peer signs with one key and a handful of types: its headers come again and again, thousands of times a second.
const knownHeaders = new Map<string, HeaderResult>();
const MAX_KNOWN_HEADERS = 512;
const MAX_KNOWN_HEADER_LENGTH = 256;

function readHeader(text: string): HeaderResult {
  const known = knownHeaders.get(text);
  if (known !== undefined) return known;
  const result = checkHeader(text);
  if (result.ok && text.length <= MAX_KNOWN_HEADER_LENGTH) {
    if (knownHeaders.size >= MAX_KNOWN_HEADERS) knownHeaders.clear();
    knownHeaders.set(text, { ...result, header: Object.freeze(result.header) });
  }
  return result;
}

function checkHeader(text: string): HeaderResult {
  const headerBytes = decodeBase64url(text);
  if (headerBytes === undefined) return refuse('jws.base64url');
  const parsed = parseStrictJson(headerBytes, HEADER_LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return refuse('jws.header');
  const header = parsed.value;
  if (Object.hasOwn(header, 'crit')) return refuse('jws.crit');
  for (const name of Object.keys(header)) {
    if (!KNOWN_HEADERS.has(name)) return refuse('jws.header');
  }
  const alg = ALGS.get(header['alg']);
  return alg === undefined ? refuse('jws.alg') : { ok: true, alg, header };
}

function refuse(reason: CompactRefusal): { ok: false; reason: CompactRefusal } {
  return { ok: false, reason };
}
