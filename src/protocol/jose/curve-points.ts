/**
 * Whether a public key's bytes name a usable point. OpenSSL takes any 32 bytes as an Ed25519 key and finds out
 * at the first signature, so both curves are checked here, when a key is imported, never on the hot path.
 */

// RFC 8032 section 5.1.
const ED25519_P = 2n ** 255n - 19n;
const ED25519_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

// NIST SP 800-186 section 3.2.1.3.
const P256_P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** `bytes` as 32 bytes of RFC 8032 section 5.1.2: canonical, on the curve and of large order. */
export function isUsableEd25519Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const littleEndian = Buffer.from(bytes);
  littleEndian[31] = littleEndian[31]! & 0x7f;
  const y = toBigInt(littleEndian.reverse());
  if (y >= ED25519_P) return false;
  const ySquared = (y * y) % ED25519_P;
  const dTimesYSquared = (ED25519_D * ySquared) % ED25519_P;
  // A signature under a point whose order divides 8 says nothing about its signer: y = 0 is of order four,
  // y = ±1 are the identity and the point of order two, and the double of a point of order eight has y = 0.
  if (y === 0n || ySquared === 1n) return false;
  if ((dTimesYSquared * ySquared + 2n * ySquared - 1n) % ED25519_P === 0n) return false;
  const u = ySquared - 1n;
  const v = dTimesYSquared + 1n;
  // u/v is a square exactly when u*v is: x exists without computing it.
  return power((u * v) % ED25519_P, (ED25519_P - 1n) / 2n, ED25519_P) === 1n;
}

/** Affine coordinates of 32 big-endian bytes each, in range and on P-256 (its cofactor is 1). */
export function isP256Point(x: Uint8Array, y: Uint8Array): boolean {
  if (x.length !== 32 || y.length !== 32) return false;
  const px = toBigInt(x);
  const py = toBigInt(y);
  if (px >= P256_P || py >= P256_P) return false;
  return mod(py * py - (px * px * px - 3n * px + P256_B), P256_P) === 0n;
}

function toBigInt(bigEndian: Uint8Array): bigint {
  return BigInt('0x' + Buffer.from(bigEndian).toString('hex'));
}

function mod(value: bigint, modulus: bigint): bigint {
  const remainder = value % modulus;
  return remainder < 0n ? remainder + modulus : remainder;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
