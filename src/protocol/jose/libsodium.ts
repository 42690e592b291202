import type { KeyObject } from 'node:crypto';

/**
 * libsodium's Ed25519, where the optional package is installed: half the time of OpenSSL's. What it accepts OpenSSL
 * accepts too, so a signature that passes here passes at every auditor's; what it signs has the same bytes.
 */
export type Libsodium = {
  /** The 32 bytes of an Ed25519 public key (RFC 8032 section 5.1.2). */
  publicBytes(key: KeyObject): Buffer;
  /** Whether a signature of 64 bytes over `data` holds under a key of 32 bytes. */
  verify(publicBytes: Buffer, data: Uint8Array, signature: Buffer): boolean;
  /** Signs with one private key, which it keeps in locked memory. */
  signWith(privateKey: KeyObject): (data: Uint8Array) => Buffer;
};

export const libsodium: Libsodium | undefined = await import('sodium-native').then(
  ({ default: sodium }) => bind(sodium),
  () => undefined,
);

function bind(sodium: typeof import('sodium-native')): Libsodium {
  // A node verifies with few keys; each lives as long as its KeyObject.
  const rawKeys = new WeakMap<KeyObject, Buffer>();

  return {
    publicBytes(key) {
      let raw = rawKeys.get(key);
      if (raw === undefined) {
        raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
        rawKeys.set(key, raw);
      }
      return raw;
    },
    verify: (publicBytes, data, signature) =>
      sodium.crypto_sign_verify_detached(signature, asBuffer(data), publicBytes),
    signWith(privateKey) {
      const der = privateKey.export({ format: 'der', type: 'pkcs8' });
      // RFC 8410 section 7: the seed is the last thing in it.
      const seed = der.subarray(-sodium.crypto_sign_SEEDBYTES);
      const publicHalf = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
      const secret = sodium.sodium_malloc(sodium.crypto_sign_SECRETKEYBYTES);
      sodium.crypto_sign_seed_keypair(publicHalf, secret, seed);
      der.fill(0);
      return (data) => {
        const signature = Buffer.alloc(sodium.crypto_sign_BYTES);
        sodium.crypto_sign_detached(signature, asBuffer(data), secret);
        return signature;
      };
    },
  };
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
