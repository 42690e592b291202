import { parentPort, workerData } from 'node:worker_threads';
import { libsodium } from '../protocol/jose/libsodium.ts';
import { END, readSigned } from './verification-batch.ts';

/**
 * The thread of verifier.ts. A message tells how many bytes of the shared memory are a batch, the answer its results. It
 * ends by itself when told to, so that V8 is never stopped half way.
 */
if (parentPort === null || libsodium === undefined) throw new Error('not started by a verifier');
const { verify } = libsodium;
const port = parentPort;
const memory = Buffer.from(workerData as SharedArrayBuffer);

port.on('message', (used: number | typeof END) => {
  if (used === END) {
    port.close();
    return;
  }
  // A copy: libsodium reads no memory that another thread may write.
  const batch = Buffer.from(memory.subarray(0, used));
  const results: boolean[] = [];
  for (const { publicBytes, data, signature } of readSigned(batch)) {
    results.push(verify(publicBytes, data, signature));
  }
  port.postMessage(results);
});
