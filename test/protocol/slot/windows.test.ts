import fc from 'fast-check';
import t from 'tap';
import { fitsFrom, longestWindowMs, windowMs } from '../../../src/protocol/slot/windows.ts';

const HOUR = 3_600_000;

t.test('a window is open to its last millisecond', async (t) => {
  const limit = { max: 2, per: 1, unit: 'day' } as const;
  const day = windowMs(limit);
  t.equal(fitsFrom([], limit, 0), undefined);
  t.equal(fitsFrom([5], limit, 10), undefined);
  t.equal(fitsFrom([5, 7], limit, 10), 5 + day);
  t.equal(fitsFrom([5, 7], limit, 5 + day - 1), 5 + day);
  t.equal(fitsFrom([5, 7], limit, 5 + day), undefined, 'exactly one window ago counts no longer');
  t.equal(
    fitsFrom([1, 2, 3, 4], limit, 10),
    3 + day,
    'where there are more than allowed, most of them have to go',
  );
  t.equal(longestWindowMs([limit, { per: 3, unit: 'hour' }]), 24 * HOUR);
  t.equal(longestWindowMs([]), 0);
});

t.test('whoever keeps to it never has more than so many in any window', async (t) => {
  fc.assert(
    fc.property(
      fc.record({ max: fc.integer({ min: 1, max: 5 }), per: fc.integer({ min: 1, max: 3 }) }),
      fc.array(fc.integer({ min: 0, max: 2 * HOUR }), { maxLength: 60 }),
      ({ max, per }, gaps) => {
        const limit = { max, per, unit: 'hour' } as const;
        const taken: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          const from = fitsFrom(taken, limit, now);
          if (from === undefined) taken.push(now);
          else if (
            fitsFrom(taken, limit, from) !== undefined ||
            fitsFrom(taken, limit, from - 1) === undefined
          )
            throw new Error('the time told is not the first one that fits');
        }
        for (const time of taken) {
          const inWindow = taken.filter((other) => other > time - windowMs(limit) && other <= time);
          if (inWindow.length > max) throw new Error(`${inWindow.length} in a window of ${max}`);
        }
      },
    ),
    { numRuns: 2_000 },
  );
  t.pass();
});
