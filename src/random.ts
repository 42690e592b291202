import { randomFillSync } from 'node:crypto';

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
