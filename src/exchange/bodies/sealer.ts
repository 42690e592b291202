import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import type { KeyStore } from '../../keys/index.ts';
import { SEALING_KEY_BYTES, SEGMENT_BYTES, sealSegment } from '../../protocol/sealing.ts';
import { createSegmenter } from '../../protocol/segmenter.ts';
import { newUuidV7, randomBytesOf } from '../../random.ts';
import type { BodyStore } from './body-store.ts';
import { noteStreamedBytes } from './reclaim.ts';
import type { SealedBody } from './sealed-body.ts';

/** Content up to this size waits in memory for its batch; more streams into an upload. */
export const IN_MEMORY_MAX_BYTES = 256 * 1024;

/** Segments sealed before they are stored: what a stream holds in memory at once, twice. */
const SEGMENTS_PER_APPEND = IN_MEMORY_MAX_BYTES / SEGMENT_BYTES;

export type SealedContent = {
  id: string;
  key: UploadKey;
  /** Plaintext bytes. */
  size: number;
  sha256: string;
  content: Buffer | null;
  segments: Buffer[];
  uploaded: boolean;
};

export type Sealer = {
  /** Seals a content that is in memory already; `sha256` is known to whoever checked it. */
  sealWhole(content: Buffer, sha256: string): SealedContent;
  /** Seals a stream. What is small stays in memory; the rest becomes an open upload. Size and digest are counted. */
  sealStream(chunks: AsyncIterable<Buffer>, expectedSize: number | undefined): Promise<SealedContent>;
  /** The body: content, if any, and the manifest under the same key. */
  finish(content: SealedContent | undefined, manifest: Buffer): Promise<SealedBody>;
  /** Drops what `sealStream` stored, when the exchange comes to nothing. */
  discard(content: SealedContent): Promise<void>;
};

export function createSealer(deps: { store: BodyStore; keys: KeyStore }): Sealer {
  const { store, keys } = deps;

  function sealAll(content: Buffer, id: string, key: UploadKey): Pick<SealedContent, 'content' | 'segments'> {
    const segments: Buffer[] = [];
    for (let from = 0, index = 1; from < content.length; from += SEGMENT_BYTES, index++) {
      const plaintext = content.subarray(from, from + SEGMENT_BYTES);
      const last = from + SEGMENT_BYTES >= content.length;
      segments.push(sealSegment({ key: key.object, uploadId: id, index, last, plaintext }));
    }
    return segments.length === 1
      ? { content: segments[0] as Buffer, segments: [] }
      : { content: null, segments };
  }

  return {
    sealWhole(content, sha256) {
      const id = newUuidV7();
      const key = newKey();
      return { id, key, size: content.length, sha256, uploaded: false, ...sealAll(content, id, key) };
    },

    async sealStream(chunks, expectedSize) {
      const id = newUuidV7();
      const key = newKey();
      const digest = createHash('sha256');
      const segmenter = createSegmenter();
      let size = 0;
      let index = 1;
      let waiting: Buffer[] = [];
      let opened = false;
      let storing: Promise<void> = Promise.resolve();

      const seal = (plaintext: Buffer, last: boolean) => {
        waiting.push(
          sealSegment({ key: key.object, uploadId: id, index: index + waiting.length, last, plaintext }),
        );
      };
      const flush = async () => {
        // One statement runs while the next segments are read and sealed, never two.
        await storing;
        const batch = waiting;
        const from = index;
        index += batch.length;
        waiting = [];
        if (!opened) {
          opened = true;
          await store.open({ id, contentSize: expectedSize ?? 0 });
        }
        storing = store.append(id, from, batch);
        storing.catch(() => {});
      };

      try {
        for await (const chunk of chunks) {
          size += chunk.length;
          noteStreamedBytes(chunk.length);
          digest.update(chunk);
          for (const segment of segmenter.push(chunk)) {
            seal(segment, false);
            if (waiting.length >= SEGMENTS_PER_APPEND) await flush();
          }
        }
        const rest = segmenter.end();
        if (rest.length > 0) seal(rest, true);
        if (opened) {
          if (waiting.length > 0) await flush();
          await storing;
        }
      } catch (error) {
        await storing.catch(() => {});
        if (opened) await store.abandon(id).catch(() => {});
        throw error;
      }
      const sha256 = digest.digest('base64url');
      if (opened) return { id, key, size, sha256, content: null, segments: [], uploaded: true };
      const only = waiting.length === 1;
      return {
        id,
        key,
        size,
        sha256,
        content: only ? (waiting[0] as Buffer) : null,
        segments: only ? [] : waiting,
        uploaded: false,
      };
    },

    async finish(content, manifest) {
      const id = content?.id ?? newUuidV7();
      const key = content?.key ?? newKey();
      const last = content === undefined || content.size === 0;
      const wrapped = await keys.wrap(id, key.bytes);
      return {
        id,
        kekId: wrapped.kekId,
        wrappedKey: Buffer.from(wrapped.wrapped),
        manifest: sealSegment({ key: key.object, uploadId: id, index: 0, last, plaintext: manifest }),
        manifestSize: manifest.length,
        contentSize: content?.size ?? null,
        content: content?.content ?? null,
        segments: content?.segments ?? [],
        uploaded: content?.uploaded ?? false,
      };
    },

    async discard(content) {
      if (content.uploaded) await store.abandon(content.id);
    },
  };
}

/** An upload's key: its bytes to be wrapped, and what the cipher takes, made once. */
type UploadKey = { bytes: Buffer; object: KeyObject };

function newKey(): UploadKey {
  const bytes = randomBytesOf(SEALING_KEY_BYTES);
  return { bytes, object: createSecretKey(bytes) };
}
