import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Bodies live outside of the JavaScript heap, in buffers whose small handles alone are on it. V8 looks at them when the
 * heap's young part fills up, which bodies hardly make it do: a gigabyte passes while some hundred megabytes of dead
 * buffers pile up, and then the whole heap is collected, again and again. So whoever reads a body tells how much, and
 * every few megabytes the young part is collected: about a millisecond each time, and memory stays flat.
 */
const EVERY_BYTES = 4 * 1024 * 1024;

let collect: (() => void) | undefined;
let bodyBytes = 0;

export function noteBodyBytes(bytes: number): void {
  bodyBytes += bytes;
  if (bodyBytes < EVERY_BYTES) return;
  bodyBytes = 0;
  collect ??= minorCollection();
  collect();
}

/** The collector is reached through a flag that is on only while its function is fetched. */
function minorCollection(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  setFlagsFromString('--no-expose-gc');
  return () => gc({ type: 'minor' });
}
