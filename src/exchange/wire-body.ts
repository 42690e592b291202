import type { Readable } from 'node:stream';
import { keepPace, type PaceLimits, startPace } from '../pace.ts';
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
export function createWireBody(source: Readable, limits: PaceLimits): WireBody {
  const chunks = keepPace(source, limits, () => new TransferError('body.timeout'));
  let held: Buffer = Buffer.alloc(0);

  /** The next chunk, or undefined at the end. */
  async function next(): Promise<Buffer | undefined> {
    try {
      const { value, done } = await chunks.next();
      return done === true ? undefined : value;
    } catch (error) {
      throw error instanceof TransferError ? error : new TransferError('body.cut');
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
export function readWhole(source: Readable, size: number, limits: PaceLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Its events are over: nobody would ever answer the listeners below.
    if (source.destroyed) {
      reject(new TransferError('body.cut'));
      return;
    }
    const parts: Buffer[] = [];
    let received = 0;
    const tooSlow = startPace();
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
      if (tooSlow(chunk.length)) {
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
