import { type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { libsodium } from './libsodium.ts';

export type SignatureAlg = 'EdDSA' | 'ES256';

/** Both algorithms sign with exactly this many bytes (RFC 8032 section 5.1.6, RFC 7518 section 3.4). */
export const SIGNATURE_BYTES = 64;

// The order of P-256, and its half rounded down: the greatest low S.
const P256_N = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const P256_HALF_N = Buffer.from('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8', 'hex');

/**
 * Whether `signature` over `data` holds under `key`, which must be of `alg`'s type. A signature has one form
 * only: Ed25519 with S < L, ES256 as 64 bytes of P1363 with a low S, so that the bytes of a stored token are
 * the only ones that verify.
 */
export function verifySignature(
  alg: SignatureAlg,
  key: KeyObject,
  data: Uint8Array,
  signature: Buffer,
): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  // OpenSSL refuses S >= L itself; Wycheproof's vectors hold it to that.
  if (alg === 'EdDSA') return verify(null, data, key, signature);
  return isLowS(signature) && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** Whether a signature over `data` holds under a key; see {@link verifySignature}. */
export type VerifySignature = (
  alg: SignatureAlg,
  key: KeyObject,
  data: Uint8Array,
  signature: Buffer,
) => Promise<boolean>;

const verifyAsync = promisify(verify);

/** {@link verifySignature} on the thread pool. */
export async function verifyInPool(
  alg: SignatureAlg,
  key: KeyObject,
  data: Uint8Array,
  signature: Buffer,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  if (alg === 'EdDSA') return verifyAsync(null, data, key, signature);
  return isLowS(signature) && verifyAsync('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** {@link verifySignature} by libsodium where it is installed, in half the time, or else on the thread pool. */
export const verifySignatureFast: VerifySignature = async (alg, key, data, signature) =>
  alg === 'EdDSA' && libsodium !== undefined && signature.length === SIGNATURE_BYTES
    ? libsodium.verify(libsodium.publicBytes(key), data, signature)
    : verifyInPool(alg, key, data, signature);

/** An ES256 signature (P1363) with the S that every verifier of this profile accepts. */
export function normalizeLowS(signature: Uint8Array): Buffer {
  const normal = Buffer.from(signature);
  if (isLowS(normal)) return normal;
  const s = P256_N - BigInt('0x' + normal.subarray(32).toString('hex'));
  normal.write(s.toString(16).padStart(64, '0'), 32, 'hex');
  return normal;
}

function isLowS(signature: Buffer): boolean {
  return signature.compare(P256_HALF_N, 0, 32, 32, 64) <= 0;
}
