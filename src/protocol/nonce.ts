/** 128 random bits, given by the caller, as the protocol writes them: salt and nonce. */
export function encodeRandom128(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`a nonce has 16 bytes, not ${bytes.length}`);
  return Buffer.from(bytes).toString('base64url');
}
