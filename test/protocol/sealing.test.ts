import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import t from 'tap';
import {
  MANIFEST_MAX_BYTES,
  openSegment,
  SEAL_TAG_BYTES,
  SEALED_CONTENT_MAX_BYTES,
  SEGMENT_BYTES,
  sealedSize,
  sealSegment,
  segmentCount,
  segmentOfOffset,
  unwrapKey,
  WRAPPED_KEY_BYTES,
  wrapKey,
} from '../../src/protocol/sealing.ts';

const KNOWN_SEGMENT = 'af364bcc1cebaac07b0628d033807e58e8e971769a39a2635bba';
const KNOWN_WRAP =
  '010101010101010101010101be77866214e0cf77164958cae2888714bbc2c3cde2c77ac7ebb40e932bc65fd594c85b006d1f2b20295c9fd9f7fc47e1';

const manifest = Buffer.from('{"body":{},"salt":"x"}');

type Upload = { key: Buffer; uploadId: string; segments: Buffer[] };

function sealUpload(content: Buffer, key: Buffer = randomBytes(32), uploadId: string = randomUUID()): Upload {
  const count = segmentCount(content.length);
  const segments: Buffer[] = [];
  for (let index = 1; index <= count; index++) {
    const plaintext = content.subarray((index - 1) * SEGMENT_BYTES, index * SEGMENT_BYTES);
    segments[index] = sealSegment({ key, uploadId, index, last: index === count, plaintext });
  }
  segments[0] = sealSegment({ key, uploadId, index: 0, last: count === 0, plaintext: manifest });
  return { key, uploadId, segments };
}

/** Reads as a store does: what it holds is all it knows, so the last one it holds must be the last one sealed. */
function openUpload({ key, uploadId, segments }: Upload): { manifest: Buffer; content: Buffer } | undefined {
  const opened: Buffer[] = [];
  for (const [index, sealed] of segments.entries()) {
    const plaintext = openSegment({ key, uploadId, index, last: index === segments.length - 1, sealed });
    if (plaintext === undefined) return undefined;
    opened.push(plaintext);
  }
  const [first, ...rest] = opened;
  return first && { manifest: first, content: Buffer.concat(rest) };
}

t.test('what is sealed opens again, byte for byte', async (t) => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 10 * SEGMENT_BYTES]) {
    const content = randomBytes(size);
    const upload = sealUpload(content);
    const opened = openUpload(upload);
    t.ok(opened?.content.equals(content), `${size} bytes of content`);
    t.ok(opened?.manifest.equals(manifest));
    const atRest = upload.segments.reduce((sum, sealed) => sum + sealed.length, 0);
    t.equal(atRest, sealedSize({ manifestBytes: manifest.length, contentBytes: size }));
  }
});

t.test('the format stays what it is', async (t) => {
  const place = { key: Buffer.alloc(32, 7), uploadId: '01890a5d-ac96-774b-bcce-b302099a8057' };
  const sealed = sealSegment({ ...place, index: 3, last: true, plaintext: Buffer.from('intervault') });
  t.equal(sealed.toString('hex'), KNOWN_SEGMENT);
  const wrapped = wrapKey({
    kek: Buffer.alloc(32, 9),
    kekId: 'kek-1',
    uploadId: place.uploadId,
    key: place.key,
    nonce: Buffer.alloc(12, 1),
  });
  t.equal(wrapped.toString('hex'), KNOWN_WRAP);
});

t.test('every misuse is detected', async (t) => {
  const content = randomBytes(3 * SEGMENT_BYTES + 5);
  const upload = sealUpload(content);
  const { segments } = upload;
  const at = (index: number) => segments[index] as Buffer;
  t.ok(openUpload(upload), 'the upload itself opens');

  t.test('segments swapped', async (t) => {
    t.notOk(openUpload({ ...upload, segments: [at(0), at(2), at(1), at(3), at(4)] }));
    t.notOk(openUpload({ ...upload, segments: [at(1), at(0), at(2), at(3), at(4)] }));
  });
  t.test('one left out, or twice', async (t) => {
    t.notOk(openUpload({ ...upload, segments: [at(0), at(1), at(3), at(4)] }));
    t.notOk(openUpload({ ...upload, segments: [at(0), at(1), at(1), at(2), at(3), at(4)] }));
  });
  t.test('truncated at every segment', async (t) => {
    for (let kept = 1; kept < segments.length; kept++) {
      t.notOk(openUpload({ ...upload, segments: segments.slice(0, kept) }), `${kept} kept`);
    }
  });
  t.test('extended behind the last', async (t) => {
    t.notOk(openUpload({ ...upload, segments: [...segments, at(4)] }));
  });
  t.test('last flag flipped, both ways', async (t) => {
    const { key, uploadId } = upload;
    t.notOk(openSegment({ key, uploadId, index: 1, last: true, sealed: at(1) }));
    const full = randomBytes(SEGMENT_BYTES);
    const sealed = sealSegment({ key, uploadId, index: 9, last: true, plaintext: full });
    t.ok(openSegment({ key, uploadId, index: 9, last: true, sealed })?.equals(full));
    t.notOk(openSegment({ key, uploadId, index: 9, last: false, sealed }));
    t.notOk(openSegment({ key, uploadId, index: 0, last: true, sealed: at(0) }));
  });
  t.test('another upload, another key', async (t) => {
    t.notOk(openUpload({ ...upload, uploadId: randomUUID() }));
    t.notOk(openUpload({ ...upload, key: randomBytes(32) }));
    const other = sealUpload(content, upload.key);
    t.notOk(openUpload({ ...upload, segments: [at(0), other.segments[1] as Buffer, ...segments.slice(2)] }));
  });
  t.test('a bit flipped, in ciphertext and tag', async (t) => {
    const last = at(4);
    for (let bit = 0; bit < last.length * 8; bit++) {
      const flipped = Buffer.from(last);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (openUpload({ ...upload, segments: [...segments.slice(0, 4), flipped] })) t.fail(`bit ${bit}`);
    }
  });
  t.test('cut, empty, too long', async (t) => {
    const { key, uploadId } = upload;
    for (const size of [0, 1, SEAL_TAG_BYTES - 1, SEAL_TAG_BYTES, SEAL_TAG_BYTES + 4]) {
      t.equal(
        openSegment({ key, uploadId, index: 4, last: true, sealed: at(4).subarray(0, size) }),
        undefined,
      );
    }
    const long: Buffer = Buffer.alloc(SEGMENT_BYTES + SEAL_TAG_BYTES + 1);
    t.equal(openSegment({ key, uploadId, index: 4, last: true, sealed: long }), undefined);
  });
});

t.test('the bounds of the format', async (t) => {
  const place = { key: randomBytes(32), uploadId: randomUUID() };
  const seal = (index: number, last: boolean, size: number) =>
    sealSegment({ ...place, index, last, plaintext: Buffer.alloc(size) });
  t.ok(seal(0, false, MANIFEST_MAX_BYTES));
  t.throws(() => seal(0, false, MANIFEST_MAX_BYTES + 1), RangeError);
  t.throws(() => seal(1, true, SEGMENT_BYTES + 1), RangeError);
  t.throws(() => seal(1, true, 0), RangeError, 'no empty content segment');
  t.throws(() => seal(1, false, SEGMENT_BYTES - 1), RangeError, 'only the last is short');
  t.ok(seal(2 ** 32 - 1, true, 1));
  for (const index of [-1, 0.5, Number.NaN, 2 ** 32]) t.throws(() => seal(index, true, 1), RangeError);
  t.throws(() => sealSegment({ ...place, key: randomBytes(16), index: 0, last: true, plaintext: manifest }));
  for (const uploadId of ['', 'x', randomUUID().toUpperCase(), `${randomUUID()}0`]) {
    t.throws(
      () => sealSegment({ ...place, uploadId, index: 0, last: true, plaintext: manifest }),
      RangeError,
    );
  }
});

t.test('no nonce comes twice in an upload', async (t) => {
  const key = randomBytes(32);
  const uploadId = randomUUID();
  const zeros = Buffer.alloc(SEGMENT_BYTES);
  const streams = new Set<string>();
  for (const index of [0, 1, 2, 255, 256, 65_536, 2 ** 31, 2 ** 32 - 1]) {
    for (const last of [false, true]) {
      streams.add(sealSegment({ key, uploadId, index, last, plaintext: zeros }).toString('hex', 0, 32));
    }
  }
  t.equal(streams.size, 16, 'every place has a key stream of its own');
});

t.test('sizes and offsets', async (t) => {
  t.equal(segmentCount(0), 0);
  t.equal(segmentCount(1), 1);
  t.equal(segmentCount(SEGMENT_BYTES), 1);
  t.equal(segmentCount(SEGMENT_BYTES + 1), 2);
  t.equal(segmentCount(SEALED_CONTENT_MAX_BYTES), 2 ** 32 - 1);
  for (const size of [-1, 0.5, Number.NaN, SEALED_CONTENT_MAX_BYTES + 1]) {
    t.throws(() => segmentCount(size), RangeError);
    t.throws(() => segmentOfOffset(size), RangeError);
  }
  t.same(segmentOfOffset(0), { index: 1, within: 0 });
  t.same(segmentOfOffset(SEGMENT_BYTES - 1), { index: 1, within: SEGMENT_BYTES - 1 });
  t.same(segmentOfOffset(SEGMENT_BYTES), { index: 2, within: 0 });
  t.throws(() => segmentOfOffset(SEALED_CONTENT_MAX_BYTES), RangeError);
});

t.test('an upload key is wrapped for one upload, under one key-encryption key', async (t) => {
  const kek = createSecretKey(randomBytes(32));
  const uploadId = randomUUID();
  const key = randomBytes(32);
  const wrapped = wrapKey({ kek, kekId: 'one', uploadId, key, nonce: randomBytes(12) });
  t.equal(wrapped.length, WRAPPED_KEY_BYTES);
  t.ok(unwrapKey({ kek, kekId: 'one', uploadId, wrapped })?.equals(key));
  t.equal(wrapped.indexOf(key), -1);

  t.equal(unwrapKey({ kek, kekId: 'two', uploadId, wrapped }), undefined, 'kekId swapped');
  t.equal(unwrapKey({ kek, kekId: 'one', uploadId: randomUUID(), wrapped }), undefined, 'another upload');
  t.equal(unwrapKey({ kek: randomBytes(32), kekId: 'one', uploadId, wrapped }), undefined, 'another KEK');
  for (let byte = 0; byte < wrapped.length; byte++) {
    const flipped = Buffer.from(wrapped);
    flipped[byte] = (flipped[byte] ?? 0) ^ 0x80;
    t.equal(unwrapKey({ kek, kekId: 'one', uploadId, wrapped: flipped }), undefined, `byte ${byte} flipped`);
  }
  for (const cut of [Buffer.alloc(0), wrapped.subarray(1), Buffer.concat([wrapped, Buffer.alloc(1)])]) {
    t.equal(unwrapKey({ kek, kekId: 'one', uploadId, wrapped: cut }), undefined, `${cut.length} bytes`);
  }
  t.throws(
    () => wrapKey({ kek, kekId: 'one', uploadId, key: randomBytes(31), nonce: randomBytes(12) }),
    RangeError,
  );
  t.throws(() => wrapKey({ kek, kekId: 'one', uploadId, key, nonce: randomBytes(8) }), RangeError);
});
