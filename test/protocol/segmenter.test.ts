import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { SEGMENT_BYTES } from '../../src/protocol/sealing.ts';
import { createSegmenter } from '../../src/protocol/segmenter.ts';

const source = randomBytes(4 * SEGMENT_BYTES);

t.test('any chunking gives the same segments', async (t) => {
  const sizes = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: 3 * SEGMENT_BYTES }),
    fc.constantFrom(1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES),
  );
  const anyChunking = () =>
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 12 }), (chunkSizes) => {
        const segmenter = createSegmenter();
        const chunks: Buffer[] = [];
        const full: Buffer[] = [];
        for (const [at, size] of chunkSizes.entries()) {
          const chunk = Buffer.from(source.subarray(at * 7, at * 7 + size));
          chunks.push(chunk);
          full.push(...segmenter.push(chunk));
        }
        const last = segmenter.end();
        const content = Buffer.concat(chunks);
        const even = full.every((segment) => segment.length === SEGMENT_BYTES);
        const lastFits = last.length <= SEGMENT_BYTES && (last.length > 0 || content.length === 0);
        return even && lastFits && Buffer.concat([...full, last]).equals(content);
      }),
      { numRuns: 300 },
    );
  t.doesNotThrow(anyChunking);
});

t.test('a full segment waits for more, since it may be the last', async (t) => {
  const segmenter = createSegmenter();
  t.same(segmenter.push(source.subarray(0, SEGMENT_BYTES)), []);
  t.equal(segmenter.push(source.subarray(0, 1)).length, 1);
  t.equal(segmenter.end().length, 1);
  t.equal(createSegmenter().end().length, 0);
});

t.test('a small document in one chunk is passed on as it came', async (t) => {
  const segmenter = createSegmenter();
  const chunk = source.subarray(100, 20_580);
  segmenter.push(chunk);
  const last = segmenter.end();
  t.equal(last.buffer, chunk.buffer);
  t.equal(last.byteOffset, chunk.byteOffset);
});

t.test('byte by byte, it holds one segment and no list of chunks', async (t) => {
  const segmenter = createSegmenter();
  for (let at = 0; at < SEGMENT_BYTES; at++) segmenter.push(source.subarray(at, at + 1));
  const last = segmenter.end();
  t.ok(last.equals(source.subarray(0, SEGMENT_BYTES)));
  t.ok(last.buffer.byteLength <= SEGMENT_BYTES, 'what it kept is no larger than a segment');
});
