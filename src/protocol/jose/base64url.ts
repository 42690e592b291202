/** Base64url without padding, RFC 4648 section 5 as RFC 7515 section 2 profiles it. */

export function encodeBase64url(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('base64url');
}

/**
 * The bytes, or undefined unless `text` is exactly what encoding those bytes gives. Node's decoder skips
 * whatever it doesn't know; comparing with the re-encoded text refuses padding, whitespace, `+` and `/`,
 * an impossible length and non-zero trailing bits alike, and measures faster than a character check.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
