import { KeyObject } from 'node:crypto';
import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
} from 'jose';
import type { Clock } from '../clock.ts';

/** Keys of an identity provider, from its JWK Set (RFC 7517). */
export type IssuerKeys = Readonly<{
  /** The public key (SPKI, PEM) that this header names, or why there is none. */
  find: (header: { alg: string; kid?: string }) => Promise<IssuerKeyResult>;
}>;

export type IssuerKeyResult =
  | { ok: true; pem: string }
  | { ok: false; reason: 'unknown_key' | 'weak_key' | 'unavailable' };

export type IssuerKeysOptions = Readonly<{
  jwksUrl: string;
  clock: Clock;
  onUnavailable?: (error: unknown) => void;
}>;

const FETCH_TIMEOUT_MS = 5000;
const MAX_JWKS_BYTES = 256 * 1024;
/** An unknown `kid` asks the issuer again at most this often, whoever sends it. */
const COOLDOWN_MS = 30_000;
const FRESH_MS = 10 * 60_000;
/** An issuer that is down stops nobody for this long. */
const STALE_MS = 24 * 60 * 60_000;
/** After a failed fetch the next one waits. */
const RETRY_MS = 5000;
const MIN_RSA_BITS = 2048;

export function createIssuerKeys({ jwksUrl, clock, onUnavailable }: IssuerKeysOptions): IssuerKeys {
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: FRESH_MS,
    [customFetch]: fetchBounded,
  });
  let lastGood: { jwks: JSONWebKeySet; atMs: number } | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  async function resolve(header: { alg: string; kid?: string }): Promise<CryptoKey | undefined> {
    if (clock.nowMs() - failedAtMs >= RETRY_MS) {
      try {
        const key = await remote(header);
        const jwks = remote.jwks();
        if (jwks !== undefined) lastGood = { jwks, atMs: clock.nowMs() };
        return key;
      } catch (error) {
        if (isAboutTheToken(error)) throw error;
        failedAtMs = clock.nowMs();
        onUnavailable?.(error);
      }
    }
    if (lastGood === undefined || clock.nowMs() - lastGood.atMs > STALE_MS) return undefined;
    return createLocalJWKSet(lastGood.jwks)(header);
  }

  const pems = new WeakMap<CryptoKey, string>();
  return Object.freeze({
    async find(header) {
      try {
        const key = await resolve(header);
        if (key === undefined) return { ok: false, reason: 'unavailable' };
        const known = pems.get(key);
        if (known !== undefined) return { ok: true, pem: known };
        const object = KeyObject.from(key);
        const bits = object.asymmetricKeyDetails?.modulusLength;
        if (bits !== undefined && bits < MIN_RSA_BITS) return { ok: false, reason: 'weak_key' };
        const pem = object.export({ type: 'spki', format: 'pem' }).toString();
        pems.set(key, pem);
        return { ok: true, pem };
      } catch {
        return { ok: false, reason: 'unknown_key' };
      }
    },
  } satisfies IssuerKeys);
}

function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** jose limits the time and follows no redirect; the size is limited here. */
async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_JWKS_BYTES) throw new Error('the JWK Set is over its limit');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status });
}
