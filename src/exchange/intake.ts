import type { Readable } from 'node:stream';
import type { PaceLimits } from '../pace.ts';
import {
  createTextCheck,
  isContentType,
  isTextType,
  matchesDeclared,
  SNIFF_BYTES,
  sniffContentType,
} from '../protocol/content-type.ts';
import { sha256 } from '../protocol/digest.ts';
import type { EnvelopeClaims } from '../protocol/envelope.ts';
import { type Manifest, parseManifest } from '../protocol/manifest.ts';
import type { RefusalCode } from '../protocol/refusal.ts';
import type { MemoryBudget } from './bodies/memory-budget.ts';
import { noteBodyBytes } from './bodies/reclaim.ts';
import type { SealedBody } from './bodies/sealed-body.ts';
import { IN_MEMORY_MAX_BYTES, type SealedContent, type Sealer } from './bodies/sealer.ts';
import { createWireBody, readWhole, TransferError, type WireBody } from './wire-body.ts';

/**
 * `refused`: the transfer broke or does not match what was signed; nothing is concluded. `rejected`: what was signed
 * arrived whole and cannot be accepted.
 */
export type Taken =
  | {
      kind: 'taken';
      manifest: Manifest;
      body: SealedBody;
      /** Drops what was stored of it, when the exchange comes to nothing. */
      discard(): Promise<void>;
      /** Gives back the memory it was counted for. */
      release(): void;
    }
  | { kind: 'refused'; code: RefusalCode; detail?: string }
  | { kind: 'rejected'; code: RefusalCode; detail?: string };

export type Intake = {
  isLarge(claims: EnvelopeClaims): boolean;
  take(source: Readable, claims: EnvelopeClaims): Promise<Taken>;
};

/** What a large content holds in memory while it streams: one append being stored, the next being filled. */
const STREAM_MEMORY_BYTES = 2 * IN_MEMORY_MAX_BYTES;

export function createIntake(deps: {
  sealer: Sealer;
  memory: MemoryBudget;
  limits: PaceLimits;
  /** What an act has to say of a content in memory. */
  inspect(act: string, content: Buffer, manifest: Manifest): RefusalCode | undefined;
}): Intake {
  const { sealer, memory } = deps;
  const isLarge = (claims: EnvelopeClaims) => (claims.content?.size ?? 0) > IN_MEMORY_MAX_BYTES;

  async function takeSmall(
    source: Readable,
    claims: EnvelopeClaims,
  ): Promise<Omit<Taken & { kind: 'taken' }, 'release'> | Taken> {
    const contentSize = claims.content?.size ?? 0;
    const bytes = await readWhole(source, claims.manifest.size + contentSize, deps.limits);
    noteBodyBytes(bytes.length);
    const read = readManifest(bytes.subarray(0, claims.manifest.size), claims);
    if (read.kind !== 'read') return read;
    const content = bytes.subarray(claims.manifest.size);
    const declared = read.manifest.content;
    let sealed: SealedContent | undefined;
    if (declared !== undefined) {
      const digest = sha256(content);
      if (digest !== declared.sha256) return { kind: 'refused', code: 'content.digest' };
      const check = createTypeCheck(declared.type);
      check.push(content);
      if (!check.end()) return { kind: 'rejected', code: 'content.type' };
      const unfit = deps.inspect(claims.act, content, read.manifest);
      if (unfit !== undefined) return { kind: 'rejected', code: unfit };
      sealed = sealer.sealWhole(content, digest);
    }
    const body = await sealer.finish(sealed, read.bytes);
    return { kind: 'taken', manifest: read.manifest, body, discard: async () => {} };
  }

  async function takeLarge(
    source: Readable,
    claims: EnvelopeClaims,
  ): Promise<Omit<Taken & { kind: 'taken' }, 'release'> | Taken> {
    const wire = createWireBody(source, deps.limits);
    const read = readManifest(await wire.take(claims.manifest.size), claims);
    if (read.kind !== 'read') return read;
    const declared = read.manifest.content;
    if (declared === undefined) return { kind: 'rejected', code: 'manifest.invalid', detail: '/content' };
    const check = createTypeCheck(declared.type);
    const sealed = await sealer.sealStream(checked(wire, declared.size, check), declared.size);
    const refused = async (taken: Taken): Promise<Taken> => {
      await sealer.discard(sealed);
      return taken;
    };
    if (sealed.sha256 !== declared.sha256) return refused({ kind: 'refused', code: 'content.digest' });
    if (!check.end()) return refused({ kind: 'rejected', code: 'content.type' });
    const body = await sealer.finish(sealed, read.bytes);
    return { kind: 'taken', manifest: read.manifest, body, discard: () => sealer.discard(sealed) };
  }

  return {
    isLarge,
    async take(source, claims) {
      const needed =
        claims.manifest.size + (isLarge(claims) ? STREAM_MEMORY_BYTES : (claims.content?.size ?? 0));
      if (!memory.reserve(needed)) return { kind: 'refused', code: 'overload.memory' };
      const release = () => memory.release(needed);
      try {
        const taken = await (isLarge(claims) ? takeLarge(source, claims) : takeSmall(source, claims));
        if (taken.kind !== 'taken') {
          release();
          return taken;
        }
        return { ...taken, release };
      } catch (error) {
        release();
        if (error instanceof TransferError) return { kind: 'refused', code: error.code };
        throw error;
      }
    },
  };
}

type ManifestRead =
  | { kind: 'read'; manifest: Manifest; bytes: Buffer }
  | { kind: 'refused' | 'rejected'; code: RefusalCode; detail?: string };

/** The manifest's digest first: only what was signed may be judged. */
function readManifest(bytes: Buffer, claims: EnvelopeClaims): ManifestRead {
  if (sha256(bytes) !== claims.manifest.sha256) return { kind: 'refused', code: 'manifest.digest' };
  const parsed = parseManifest(bytes, claims.act);
  if (!parsed.ok) return { kind: 'rejected', code: parsed.reason, detail: parsed.detail };
  const { manifest } = parsed;
  if (manifest.content?.size !== claims.content?.size) {
    return { kind: 'rejected', code: 'manifest.invalid', detail: '/content/size' };
  }
  return { kind: 'read', manifest, bytes };
}

/** Compares the declared type with the first bytes, and text with its encoding, while the content passes by. */
export type TypeCheck = { push(chunk: Buffer): void; end(): boolean };

export function createTypeCheck(declared: string): TypeCheck {
  const text = isContentType(declared) && isTextType(declared) ? createTextCheck() : undefined;
  let head: Buffer = Buffer.alloc(0);
  let complete = true;
  let fits = true;
  return {
    push(chunk) {
      if (head.length < SNIFF_BYTES) {
        const part = chunk.subarray(0, SNIFF_BYTES - head.length);
        head = head.length === 0 ? part : Buffer.concat([head, part]);
        if (part.length < chunk.length) complete = false;
      } else if (chunk.length > 0) {
        complete = false;
      }
      if (text !== undefined && fits) fits = text.push(chunk);
    },
    end() {
      if (!fits || (text !== undefined && !text.end())) return false;
      return matchesDeclared(declared, sniffContentType(head, { complete }));
    },
  };
}

async function* checked(wire: WireBody, size: number, check: TypeCheck): AsyncGenerator<Buffer> {
  for await (const chunk of wire.stream(size)) {
    check.push(chunk);
    yield chunk;
  }
  // Before the last segment is sealed: a body longer than what was signed is not this exchange's.
  await wire.end();
}
