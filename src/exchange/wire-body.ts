import type { Readable } from 'node:stream';
import type { RefusalCode } from '../protocol/refusal.ts';

/** A transfer that broke: nothing is stored, the id is not consumed, and the sender may try again. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  readonly code: RefusalCode;
  constructor(code: RefusalCode) {
    super(code);
    this.code = code;
  }
}

export type TransferLimits = {
  /** Longest silence. */
  idleTimeoutMs: number;
  /** After {@link RATE_GRACE_MS} a body must have come at least this fast on average. */
  minBytesPerS: number;
};

const RATE_GRACE_MS = 30_000;

/** The bytes of one request, counted against what the envelope signed: never one more is taken. */
export type WireBody = {
  /** Exactly `size` bytes, in one buffer. */
  take(size: number): Promise<Buffer>;
  /** Exactly `size` bytes, as they come. */
  stream(size: number): AsyncGenerator<Buffer>;
  /** Holds the body to end here. */
  end(): Promise<void>;
};

/**
 * Reads a request body in pieces of known size.
 *
 * @throws TransferError `body.cut`, `body.length` or `body.timeout`
 */
export function createWireBody(source: Readable, limits: TransferLimits): WireBody {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const startedAt = performance.now();
  let held: Buffer = Buffer.alloc(0);
  let received = 0;
  let idle: NodeJS.Timeout | undefined;

  function tooSlow(): boolean {
    const elapsedMs = performance.now() - startedAt;
    return elapsedMs > RATE_GRACE_MS && (received / elapsedMs) * 1000 < limits.minBytesPerS;
  }

  /** The next chunk, or undefined at the end. */
  async function next(): Promise<Buffer | undefined> {
    const silence = new Promise<never>((_, reject) => {
      idle = setTimeout(() => reject(new TransferError('body.timeout')), limits.idleTimeoutMs);
    });
    try {
      const { value, done } = await Promise.race([chunks.next(), silence]);
      if (done === true) return undefined;
      received += value.length;
      if (tooSlow()) throw new TransferError('body.timeout');
      return value;
    } catch (error) {
      throw error instanceof TransferError ? error : new TransferError('body.cut');
    } finally {
      clearTimeout(idle);
    }
  }

  async function* stream(size: number): AsyncGenerator<Buffer> {
    let left = size;
    while (left > 0) {
      const chunk = held.length > 0 ? held : await next();
      held = Buffer.alloc(0);
      if (chunk === undefined) throw new TransferError('body.length');
      const taken = chunk.length <= left ? chunk : chunk.subarray(0, left);
      held = chunk.subarray(taken.length);
      left -= taken.length;
      yield taken;
    }
  }

  return {
    stream,
    async take(size) {
      const parts: Buffer[] = [];
      for await (const part of stream(size)) parts.push(part);
      return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, size);
    },
    async end() {
      while (held.length === 0) {
        const chunk = await next();
        if (chunk === undefined) return;
        held = chunk;
      }
      throw new TransferError('body.length');
    },
  };
}

/**
 * A small body whole: what most exchanges are, at the cost of a few listeners.
 *
 * @throws TransferError `body.cut`, `body.length` or `body.timeout`
 */
export function readWhole(source: Readable, size: number, limits: TransferLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Its events are over: nobody would ever answer the listeners below.
    if (source.destroyed) {
      reject(new TransferError('body.cut'));
      return;
    }
    const parts: Buffer[] = [];
    let received = 0;
    const startedAt = performance.now();
    const timer = setTimeout(() => fail('body.timeout'), limits.idleTimeoutMs);

    function detach(): void {
      clearTimeout(timer);
      source.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
    }
    function fail(code: RefusalCode): void {
      detach();
      source.pause();
      reject(new TransferError(code));
    }
    function onData(chunk: Buffer): void {
      received += chunk.length;
      if (received > size) {
        fail('body.length');
        return;
      }
      parts.push(chunk);
      const elapsedMs = performance.now() - startedAt;
      if (elapsedMs > RATE_GRACE_MS && (received / elapsedMs) * 1000 < limits.minBytesPerS) {
        fail('body.timeout');
        return;
      }
      timer.refresh();
    }
    function onEnd(): void {
      if (received !== size) {
        fail('body.length');
        return;
      }
      detach();
      resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, size));
    }
    function onCut(): void {
      fail('body.cut');
    }
    timer.unref();
    source.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}
