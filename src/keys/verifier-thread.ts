import { parentPort, workerData } from 'node:worker_threads';
import { libsodium } from '../protocol/jose/libsodium.ts';
import { readSigned } from './verification-batch.ts';

/** The thread of verifier.ts. A message tells how many bytes of the shared memory are a batch; the answer its results. */
if (parentPort === null || libsodium === undefined) throw new Error('not started by a verifier');
const { verify } = libsodium;
const port = parentPort;
const memory = Buffer.from(workerData as SharedArrayBuffer);

port.on('message', (used: number) => {
  // A copy: libsodium reads no memory that another thread may write.
  const batch = Buffer.from(memory.subarray(0, used));
  const results: boolean[] = [];
  for (const { publicBytes, data, signature } of readSigned(batch)) {
    results.push(verify(publicBytes, data, signature));
  }
  port.postMessage(results);
});
