import type { KeyStore } from '../../keys/index.ts';
import { openSegment, SEGMENT_BYTES, segmentCount, segmentOfOffset } from '../../protocol/sealing.ts';
import type { BodyStore } from './body-store.ts';
import { noteStreamedBytes } from './reclaim.ts';
import type { BodyHeader } from './sealed-body.ts';

/** A stored byte is not the one that was stored, or its key is gone. Never answered with what could be read. */
export class BodyDamaged extends Error {
  override readonly name = 'BodyDamaged';
  readonly code = 'body.damaged';
  constructor(id: string, why: string) {
    super(`body ${id}: ${why}`);
  }
}

export type OpenBody = {
  readonly manifestSize: number;
  /** null where there is no content. */
  readonly contentSize: number | null;
  manifest(): Buffer;
  /** Plaintext bytes `from` to `to` (excluded) of the content; all of it without arguments. */
  content(from?: number, to?: number): AsyncGenerator<Buffer>;
  /** The whole content at once where it lies in the body's own row (at most one segment), else undefined. */
  smallContent(): Buffer | undefined;
};

export type BodyReader = {
  /** Bodies by id; one that was erased, or never was, is absent. */
  open(ids: string[]): Promise<Map<string, OpenBody>>;
};

export function createBodyReader(deps: { store: BodyStore; keys: KeyStore }): BodyReader {
  const { store, keys } = deps;

  function opened(header: BodyHeader, key: Buffer): OpenBody {
    const { id, contentSize } = header;
    const count = segmentCount(contentSize ?? 0);
    const unseal = (index: number, sealed: Buffer): Buffer => {
      const plaintext = openSegment({ key, uploadId: id, index, last: index === count, sealed });
      if (plaintext === undefined) throw new BodyDamaged(id, `segment ${index} does not authenticate`);
      return plaintext;
    };
    return {
      manifestSize: header.manifestSize,
      contentSize,
      manifest: () => unseal(0, header.manifest),
      smallContent: () => (header.content === null ? undefined : unseal(1, header.content)),
      async *content(from = 0, to = contentSize ?? 0) {
        if (to <= from) return;
        const first = segmentOfOffset(from).index;
        const last = segmentOfOffset(to - 1).index;
        const sealed = header.content === null ? store.segments(id, first, last) : [header.content];
        let index = first;
        for await (const segment of sealed) {
          noteStreamedBytes(segment.length);
          const start = (index - 1) * SEGMENT_BYTES;
          const plaintext = unseal(index, segment);
          yield plaintext.subarray(Math.max(0, from - start), Math.min(plaintext.length, to - start));
          index++;
        }
      },
    };
  }

  return {
    async open(ids) {
      const bodies = new Map<string, OpenBody>();
      for (const [id, header] of await store.headers(ids)) {
        const unwrapped = await keys.unwrap(header.kekId, id, header.wrappedKey);
        if (!unwrapped.ok) throw new BodyDamaged(id, unwrapped.reason);
        bodies.set(id, opened(header, unwrapped.key));
      }
      return bodies;
    },
  };
}
