import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Libsodium, libsodium } from '../protocol/jose/libsodium.ts';
import { SIGNATURE_BYTES, type VerifySignature, verifySignatureFast } from '../protocol/jose/signature.ts';
import { BATCH_BYTES, END, type Signed, writeSigned } from './verification-batch.ts';

/** Verifies signatures by the thousand. It holds the process until it is closed, with the node. */
export type Verifier = { verify: VerifySignature; close(): Promise<void> };

export type VerifierOptions = {
  /** Told once if the thread fails. */
  onFailure: (error: Error) => void;
};

/**
 * A verifier with a thread of its own for Ed25519, where libsodium is installed and there is a core for it: verifying is
 * the dearest step of an exchange, and the event loop's time is short. Elsewhere it is {@link verifySignatureFast}.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return libsodium !== undefined && availableParallelism() > 1
    ? createThreadedVerifier(libsodium, options)
    : { verify: verifySignatureFast, close: async () => {} };
}

type Job = Signed & { settle(holds: boolean): void };

/**
 * What waits in one turn of the event loop crosses over as a batch, through memory that both threads see; what comes
 * while that is verified makes up the next one. The thread is started by the first two that wait together. Before it runs,
 * and after it failed, its work is done here.
 */
export function createThreadedVerifier(
  sodium: Libsodium,
  options: VerifierOptions,
): Verifier & { readonly thread: Worker | undefined } {
  const shared = new SharedArrayBuffer(BATCH_BYTES);
  const memory = Buffer.from(shared);
  let thread: Worker | undefined;
  let ended: Promise<unknown> | undefined;
  let running = false;
  let waiting: Job[] = [];
  let sent: Job[] = [];
  let scheduled = false;

  function verifyHere(jobs: readonly Job[]): void {
    for (const { publicBytes, data, signature, settle } of jobs) {
      settle(sodium.verify(publicBytes, data, signature));
    }
  }

  function send(): void {
    scheduled = false;
    if (sent.length > 0 || waiting.length === 0) return;
    if (waiting.length > 1) thread ??= start();
    // For one alone, waking the thread costs as much as it spares.
    if (thread === undefined || !running || waiting.length === 1) {
      verifyHere(waiting.splice(0));
      return;
    }
    const { count, used } = writeBatch();
    if (count === 0) {
      verifyHere(waiting.splice(0, 1));
      send();
      return;
    }
    sent = waiting.slice(0, count);
    waiting = waiting.slice(count);
    thread.postMessage(used);
  }

  /** Writes as many as there is room for. */
  function writeBatch(): { count: number; used: number } {
    let count = 0;
    let used = 0;
    for (const job of waiting) {
      const end = writeSigned(memory, used, job);
      if (end === undefined) break;
      used = end;
      count++;
    }
    return { count, used };
  }

  function start(): Worker {
    // Compiled, both files end in .js.
    const file = new URL(`./verifier-thread${extname(import.meta.filename)}`, import.meta.url);
    const worker = new Worker(file, { workerData: shared, execArgv: [], resourceLimits: THREAD_LIMITS });
    worker.on('online', () => {
      running = true;
    });
    worker.on('message', (results: boolean[]) => {
      const jobs = sent;
      sent = [];
      jobs.forEach((job, at) => {
        job.settle(results[at] === true);
      });
      send();
    });
    worker.on('error', options.onFailure);
    ended = new Promise((resolve) => {
      worker.on('exit', (code) => {
        running = false;
        verifyHere(sent.splice(0));
        send();
        resolve(code);
      });
    });
    return worker;
  }

  return {
    get thread() {
      return thread;
    },
    verify(alg, key, data, signature) {
      if (alg !== 'EdDSA' || signature.length !== SIGNATURE_BYTES) {
        return verifySignatureFast(alg, key, data, signature);
      }
      return new Promise((settle) => {
        waiting.push({ publicBytes: sodium.publicBytes(key), data, signature, settle });
        if (scheduled || sent.length > 0) return;
        scheduled = true;
        setImmediate(send);
      });
    },
    async close() {
      // It answers what it has in hand, and ends by itself.
      thread?.postMessage(END);
      await ended;
    },
  };
}

/** It holds one batch at a time, and keeps nothing. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };
