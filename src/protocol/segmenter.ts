import { SEGMENT_BYTES } from './sealing.ts';

/**
 * Cuts a content that arrives in chunks of any size into the plaintext segments of ./sealing.ts.
 *
 * `push` returns the segments that are full *and* followed by more, `end` the last one: whoever seals sets the last
 * flag on what `end` returns and nowhere else, without knowing the content's size beforehand.
 */
export type Segmenter = {
  /** Segments of exactly SEGMENT_BYTES, none of them the last. */
  push(chunk: Uint8Array): Buffer[];
  /** The last segment, of 1 to SEGMENT_BYTES; empty only where the content is. */
  end(): Buffer;
};

const SMALLEST_BUFFER_BYTES = 4096;

/**
 * Holds at most one segment and one chunk. A lone chunk, and what lies whole inside a larger one, is passed on as
 * a view, so nobody may write into a chunk that was pushed; everything else is copied once (and again at each
 * doubling of a segment that is still growing).
 */
export function createSegmenter(): Segmenter {
  let pending: Buffer = Buffer.alloc(0);
  let filled = 0;

  function append(bytes: Buffer): void {
    if (filled === 0) {
      pending = bytes;
    } else {
      makeRoom(filled + bytes.length);
      bytes.copy(pending, filled);
    }
    filled += bytes.length;
  }

  function makeRoom(neededBytes: number): void {
    // A chunk passed on as a view is filled to its end: only a buffer made here ever has room, or is written to.
    if (pending.length >= neededBytes) return;
    const doubled = Math.max(neededBytes, 2 * filled, SMALLEST_BUFFER_BYTES);
    const larger = Buffer.allocUnsafeSlow(Math.min(doubled, SEGMENT_BYTES));
    pending.copy(larger, 0, 0, filled);
    pending = larger;
  }

  function take(): Buffer {
    const segment = pending.subarray(0, filled);
    pending = Buffer.alloc(0);
    filled = 0;
    return segment;
  }

  return {
    push(chunk) {
      let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const full: Buffer[] = [];
      while (rest.length > 0) {
        if (filled === SEGMENT_BYTES) full.push(take());
        const fits = Math.min(rest.length, SEGMENT_BYTES - filled);
        append(rest.subarray(0, fits));
        rest = rest.subarray(fits);
      }
      return full;
    },
    end: take,
  };
}
