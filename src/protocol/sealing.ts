import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';

/**
 * The format of what lies at rest: one upload is a manifest and, mostly, a content, under a key of its own.
 *
 * A STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its
 * Nonce-Reuse Misuse-Resistance", CRYPTO 2015) over AES-256-GCM (NIST SP 800-38D):
 *
 * - segment 0 is the manifest, sealed whole; segments 1..n are the content, each of SEGMENT_BYTES of plaintext,
 *   the last one of 1 to SEGMENT_BYTES;
 * - a segment's nonce is 7 zero bytes, its index as 4 bytes big-endian, and 1 where it is the last, else 0. The
 *   prefix is zero since no key seals two uploads;
 * - the last segment is n, or 0 where there is no content: a cut upload doesn't open;
 * - the additional data is the format's label, the upload's id, the index and the last flag, so that no segment
 *   opens in another place or upload.
 *
 * Segments don't depend on each other: a sender learns its content's digest last and seals the manifest after the
 * content, and a range is read without what precedes it.
 *
 * An upload that starts again takes a new key: the same index sealed twice with different bytes under one key
 * would repeat a nonce, which breaks GCM.
 */
export const SEGMENT_BYTES = 65_536;
export const MANIFEST_MAX_BYTES = 262_144;
export const SEAL_TAG_BYTES = 16;
export const SEALING_KEY_BYTES = 32;
export const WRAP_NONCE_BYTES = 12;
export const WRAPPED_KEY_BYTES = WRAP_NONCE_BYTES + SEALING_KEY_BYTES + SEAL_TAG_BYTES;

/** The counter has 32 bits and segment 0 is the manifest's. */
export const SEALED_CONTENT_MAX_BYTES = (2 ** 32 - 1) * SEGMENT_BYTES;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const UPLOAD_ID_BYTES = 36;
const SEGMENT_LABEL = Buffer.from('intervault/at-rest/1\0', 'latin1');
const WRAP_LABEL = Buffer.from('intervault/key-wrap/1\0', 'latin1');
const UPLOAD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const GCM_OPTIONS = { authTagLength: SEAL_TAG_BYTES };

/** 32 bytes. With a KeyObject made once an upload of many segments saves a microsecond or two on each. */
export type SealingKey = Uint8Array | KeyObject;

/** Where a segment stands. `uploadId` is a UUID in its canonical lower-case form. */
export type SegmentPlace = {
  key: SealingKey;
  uploadId: string;
  index: number;
  last: boolean;
};

/**
 * Seals one segment; returns ciphertext followed by the 16-byte tag.
 * Throws RangeError where the caller breaks the format (index, plaintext size, upload id, key size).
 */
export function sealSegment(segment: SegmentPlace & { plaintext: Uint8Array }): Buffer {
  const { plaintext, index, last } = segment;
  if (!isSegmentSize(index, last, plaintext.byteLength)) {
    throw new RangeError(`segment ${index} can't hold ${plaintext.byteLength} bytes (last: ${last})`);
  }
  const cipher = createCipheriv(CIPHER, keyObject(segment.key), segmentNonce(index, last), GCM_OPTIONS);
  cipher.setAAD(segmentContext(segment));
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([body, cipher.getAuthTag()], body.length + SEAL_TAG_BYTES);
}

/** Opens one segment; undefined where it doesn't authenticate at this place under this key. */
export function openSegment(segment: SegmentPlace & { sealed: Uint8Array }): Buffer | undefined {
  const { sealed, index, last } = segment;
  if (!isSegmentSize(index, last, sealed.byteLength - SEAL_TAG_BYTES)) return undefined;
  return decrypt(segment.key, segmentNonce(index, last), segmentContext(segment), sealed);
}

/**
 * Wraps an upload's key under a key-encryption key: nonce, ciphertext, tag (WRAPPED_KEY_BYTES).
 *
 * AES-256-GCM rather than AES-KW (RFC 3394): it is what the cloud KMS offer for `encrypt` with additional data
 * (AWS "encryption context", Google "additionalAuthenticatedData") and PKCS#11 as CKM_AES_GCM, AES-KW has no
 * additional data, so a wrapped key could be moved to another upload, and it costs OpenSSL no less.
 *
 * `nonce` is 12 random bytes; random nonces bear 2^32 wraps under one KEK (SP 800-38D section 8.3), a hundred times
 * what a million documents a night need in an epoch of 30 days.
 */
export function wrapKey(wrap: {
  kek: SealingKey;
  kekId: string;
  uploadId: string;
  key: Uint8Array;
  nonce: Uint8Array;
}): Buffer {
  if (wrap.key.byteLength !== SEALING_KEY_BYTES) throw new RangeError('an upload key has 32 bytes');
  if (wrap.nonce.byteLength !== WRAP_NONCE_BYTES) throw new RangeError('a wrap nonce has 12 bytes');
  const cipher = createCipheriv(CIPHER, keyObject(wrap.kek), wrap.nonce, GCM_OPTIONS);
  cipher.setAAD(wrapContext(wrap.kekId, wrap.uploadId));
  const body = cipher.update(wrap.key);
  cipher.final();
  return Buffer.concat([wrap.nonce, body, cipher.getAuthTag()], WRAPPED_KEY_BYTES);
}

/** The upload's key; undefined where `wrapped` isn't what this KEK wrapped for this upload. */
export function unwrapKey(wrap: {
  kek: SealingKey;
  kekId: string;
  uploadId: string;
  wrapped: Uint8Array;
}): Buffer | undefined {
  const { wrapped } = wrap;
  if (wrapped.byteLength !== WRAPPED_KEY_BYTES) return undefined;
  const nonce = wrapped.subarray(0, WRAP_NONCE_BYTES);
  const context = wrapContext(wrap.kekId, wrap.uploadId);
  return decrypt(wrap.kek, nonce, context, wrapped.subarray(WRAP_NONCE_BYTES));
}

/** How many segments a content takes; 0 for none. They have the indices 1 to this figure. */
export function segmentCount(contentBytes: number): number {
  if (!Number.isSafeInteger(contentBytes) || contentBytes < 0 || contentBytes > SEALED_CONTENT_MAX_BYTES) {
    throw new RangeError(`not a content size: ${contentBytes}`);
  }
  return Math.ceil(contentBytes / SEGMENT_BYTES);
}

/** The segment that holds a content's byte at `offset`, and where in its plaintext that byte is. */
export function segmentOfOffset(offset: number): { index: number; within: number } {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset >= SEALED_CONTENT_MAX_BYTES) {
    throw new RangeError(`not an offset in a content: ${offset}`);
  }
  return { index: 1 + Math.floor(offset / SEGMENT_BYTES), within: offset % SEGMENT_BYTES };
}

/** Bytes an upload takes at rest, manifest and content, without its wrapped key. */
export function sealedSize(upload: { manifestBytes: number; contentBytes: number }): number {
  const segments = 1 + segmentCount(upload.contentBytes);
  return upload.manifestBytes + upload.contentBytes + segments * SEAL_TAG_BYTES;
}

/** Node takes bare bytes as a key too, but spends 20 µs on it (24.21); making the KeyObject here costs one. */
function keyObject(key: SealingKey): KeyObject {
  return key instanceof Uint8Array ? createSecretKey(key) : key;
}

function isSegmentSize(index: number, last: boolean, plaintextBytes: number): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32) {
    throw new RangeError(`not a segment index: ${index}`);
  }
  if (index === 0) return plaintextBytes >= 0 && plaintextBytes <= MANIFEST_MAX_BYTES;
  if (last) return plaintextBytes >= 1 && plaintextBytes <= SEGMENT_BYTES;
  return plaintextBytes === SEGMENT_BYTES;
}

function segmentNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(index, 7);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function segmentContext({ uploadId, index, last }: SegmentPlace): Buffer {
  const context = Buffer.allocUnsafe(SEGMENT_LABEL.length + UPLOAD_ID_BYTES + 5);
  SEGMENT_LABEL.copy(context);
  writeUploadId(context, uploadId, SEGMENT_LABEL.length);
  const at = SEGMENT_LABEL.length + UPLOAD_ID_BYTES;
  context.writeUInt32BE(index, at);
  context[at + 4] = last ? 1 : 0;
  return context;
}

function wrapContext(kekId: string, uploadId: string): Buffer {
  const at = WRAP_LABEL.length + UPLOAD_ID_BYTES;
  const context = Buffer.allocUnsafe(at + Buffer.byteLength(kekId));
  WRAP_LABEL.copy(context);
  writeUploadId(context, uploadId, WRAP_LABEL.length);
  context.write(kekId, at);
  return context;
}

function writeUploadId(context: Buffer, uploadId: string, at: number): void {
  if (!UPLOAD_ID.test(uploadId)) throw new RangeError('an upload id is a lower-case UUID');
  context.write(uploadId, at, 'latin1');
}

function decrypt(
  key: SealingKey,
  nonce: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  const tagAt = sealed.byteLength - SEAL_TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, keyObject(key), nonce, GCM_OPTIONS);
  decipher.setAAD(context);
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(0, tagAt));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}
