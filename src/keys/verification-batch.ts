import { SIGNATURE_BYTES } from '../protocol/jose/signature.ts';

/**
 * How signatures to verify lie in the memory that two threads share: one after the other, each as the length of what was
 * signed (32 bits, little-endian), the public key, the signature and what was signed.
 */
export type Signed = { publicBytes: Buffer; signature: Buffer; data: Uint8Array };

const PUBLIC_BYTES = 32;
const LENGTH_BYTES = 4;
const HEAD_BYTES = LENGTH_BYTES + PUBLIC_BYTES + SIGNATURE_BYTES;

/** Sent instead of a batch's length: the thread ends. */
export const END = 'end';

/** Some hundred envelopes. */
export const BATCH_BYTES = 256 * 1024;

/** Writes one at `at`; where the next one goes, or undefined where it finds no room. */
export function writeSigned(
  memory: Buffer,
  at: number,
  { publicBytes, signature, data }: Signed,
): number | undefined {
  const end = at + HEAD_BYTES + data.length;
  if (end > memory.length) return undefined;
  memory.writeUInt32LE(data.length, at);
  memory.set(publicBytes, at + LENGTH_BYTES);
  memory.set(signature, at + LENGTH_BYTES + PUBLIC_BYTES);
  memory.set(data, at + HEAD_BYTES);
  return end;
}

/** All of a batch, as views on it. */
export function* readSigned(batch: Buffer): Generator<Signed> {
  for (let at = 0; at < batch.length; ) {
    const dataAt = at + HEAD_BYTES;
    const end = dataAt + batch.readUInt32LE(at);
    const signatureAt = at + LENGTH_BYTES + PUBLIC_BYTES;
    yield {
      publicBytes: batch.subarray(at + LENGTH_BYTES, signatureAt),
      signature: batch.subarray(signatureAt, dataAt),
      data: batch.subarray(dataAt, end),
    };
    at = end;
  }
}
