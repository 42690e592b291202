import fc from 'fast-check';
import t from 'tap';
import { attachmentHeader, isNotModified, rangeHolds, readRange } from '../../src/documents/range.ts';

t.test('one range is read, and never leads outside', async (t) => {
  t.same(readRange(undefined, 10), { kind: 'whole' });
  t.same(readRange('bytes=2-4', 10), { kind: 'part', range: { from: 2, to: 5 } });
  t.same(readRange(' Bytes = 2 - 4 ', 10), { kind: 'part', range: { from: 2, to: 5 } });
  t.same(readRange('bytes=9-', 10), { kind: 'part', range: { from: 9, to: 10 } });
  t.same(readRange('bytes=10-', 10), { kind: 'unsatisfiable' });
  t.same(readRange('bytes=-3', 10), { kind: 'part', range: { from: 7, to: 10 } });
  t.same(readRange('bytes=-0', 10), { kind: 'unsatisfiable' });
  for (const ignored of ['bytes=', 'bytes=-', 'bytes=4-2', 'bytes=0-1,3-4', 'lines=0-1', 'bytes=1e3-']) {
    t.same(readRange(ignored, 10), { kind: 'whole' }, ignored);
  }
  t.same(readRange(`bytes=0-${'9'.repeat(16)}`, 10), { kind: 'whole' }, 'more digits than a size has');
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 1000 }),
      (junk, from, to, size) => {
        for (const header of [
          junk,
          `bytes=${junk}`,
          `bytes=${from}-${to}`,
          `bytes=-${to}`,
          `bytes=${from}-`,
        ]) {
          const result = readRange(header, size);
          if (result.kind !== 'part') continue;
          const { range } = result;
          if (!(range.from >= 0 && range.from < range.to && range.to <= size)) return false;
        }
        return true;
      },
    ),
  );
});

t.test('conditions hold only for our own strong tag', async (t) => {
  t.ok(rangeHolds(undefined, '"x"'));
  t.ok(rangeHolds('"x"', '"x"'));
  t.notOk(rangeHolds('W/"x"', '"x"'));
  t.notOk(rangeHolds('Sat, 21 Nov 2026 10:00:00 GMT', '"x"'));
  t.notOk(isNotModified(undefined, '"x"'));
  t.ok(isNotModified('"y", W/"x"', '"x"'));
  t.ok(isNotModified('*', '"x"'));
  t.notOk(isNotModified('"y"', '"x"'));
});

t.test('no name breaks out of its header', async (t) => {
  t.equal(attachmentHeader('a.pdf'), `attachment; filename="a.pdf"; filename*=UTF-8''a.pdf`);
  t.equal(attachmentHeader('日本'), `attachment; filename="document"; filename*=UTF-8''%E6%97%A5%E6%9C%AC`);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const header = attachmentHeader(name);
      return /^attachment; filename="[^"\\%/\r\n]*"; filename\*=UTF-8''[A-Za-z0-9%._~!&+$#^`|-]*$/.test(
        header,
      );
    }),
  );
});
