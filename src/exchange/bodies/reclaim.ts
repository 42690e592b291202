import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Bodies live outside of the JavaScript heap, in buffers whose small handles alone are on it. V8 looks at them when the
 * heap's young part fills up, which bodies hardly make it do: a gigabyte passes while some hundred megabytes of dead
 * buffers pile up, and then the whole heap is collected, again and again. So whoever reads a body tells how much, and
 * every few megabytes the young part is collected: about a millisecond each time.
 *
 * A long stream's buffers outlive that: what was promoted keeps what came after it, dead as both may be. V8 would collect the
 * whole heap every 64 MiB of them; here it does so after half as much.
 */
const YOUNG_EVERY_BYTES = 4 * 1024 * 1024;
const WHOLE_EVERY_BYTES = 32 * 1024 * 1024;

type Collect = (options: { type: 'minor' | 'major' }) => void;

let collect: Collect | undefined;
let bodyBytes = 0;
let streamedBytes = 0;

/** Told of the bytes of each body that is in memory whole. */
export function noteBodyBytes(bytes: number): void {
  bodyBytes += bytes;
  if (bodyBytes < YOUNG_EVERY_BYTES) return;
  bodyBytes = 0;
  collect ??= collector();
  collect({ type: 'minor' });
}

/** Told of the bytes of each piece of a body that streams. */
export function noteStreamedBytes(bytes: number): void {
  noteBodyBytes(bytes);
  streamedBytes += bytes;
  if (streamedBytes < WHOLE_EVERY_BYTES) return;
  streamedBytes = 0;
  collect?.({ type: 'major' });
}

/** The collector is reached through a flag that is on only while its function is fetched. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return gc;
}
