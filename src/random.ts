import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const pool = Buffer.allocUnsafeSlow(16 * 1024);
let used = pool.length;

/**
 * Bytes of the system's cryptographic generator, fetched in larger pieces: a push needs four small ones, and each call
 * costs more than its bytes. What was handed out is wiped here.
 */
export function randomBytesOf(size: number): Buffer {
  if (size > pool.length) throw new RangeError(`at most ${pool.length} bytes at once`);
  if (used + size > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.allocUnsafeSlow(size);
  pool.copy(bytes, 0, used, used + size);
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
}

const UUID_BYTES = 16;

let lastMs = 0;
let sequence = 0;

/**
 * A UUIDv7 (RFC 9562 section 5.7) that sorts after every one this process made before, within one millisecond too: the
 * sequence has 31 bits and begins at random.
 */
export function newUuidV7(): string {
  const random = randomBytesOf(UUID_BYTES);
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = random.readUInt32BE(6) >>> 1;
  } else {
    sequence = (sequence + 1) | 0;
    if (sequence === 0) lastMs++;
  }
  return v7({ random, msecs: lastMs, seq: sequence });
}
