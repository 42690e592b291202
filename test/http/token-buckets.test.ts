import fc from 'fast-check';
import t from 'tap';
import { createTokenBuckets } from '../../src/http/token-buckets.ts';

function clockAt(startMs = 1_000_000) {
  let atMs = startMs;
  return {
    clock: { nowMs: () => atMs },
    pass: (ms: number) => {
      atMs += ms;
    },
  };
}

t.test('a burst, then the rate, and the wait is told exactly', async (t) => {
  const { clock, pass } = clockAt();
  const buckets = createTokenBuckets({ ratePerMin: 60, burst: 3, clock });
  for (let n = 0; n < 3; n++) t.ok(buckets.take('a').ok);
  t.same(buckets.take('a'), { ok: false, retryAfterMs: 1000 });
  t.ok(buckets.take('b').ok, 'another key is another bucket');
  pass(999);
  t.same(buckets.take('a'), { ok: false, retryAfterMs: 1 });
  pass(1);
  t.ok(buckets.take('a').ok);
  pass(3_600_000);
  t.ok(buckets.take('a', 3).ok, 'rest fills up to the burst');
  t.notOk(buckets.take('a').ok, 'and not past it');
  t.same(buckets.take('a', 2), { ok: false, retryAfterMs: 2000 });
});

t.test('what is left and when more is there can be looked at for nothing', async (t) => {
  const { clock, pass } = clockAt();
  const buckets = createTokenBuckets({ ratePerMin: 60, burst: 3, clock });
  t.same(buckets.policy, { burst: 3, refillMs: 3000 });
  t.same(buckets.look('a'), { remaining: 3, nextMs: 0 });
  t.equal(buckets.size(), 0, 'nothing is kept for looking');
  buckets.take('a');
  for (let n = 0; n < 9; n++) t.same(buckets.look('a'), { remaining: 2, nextMs: 1000 });
  pass(400);
  t.same(buckets.look('a'), { remaining: 2, nextMs: 600 });
  buckets.take('a', 2);
  t.same(buckets.look('a'), { remaining: 0, nextMs: 600 });
  const taken = buckets.take('a');
  t.same(taken, { ok: false, retryAfterMs: buckets.look('a').nextMs }, 'as a refusal tells it');
  pass(60_000);
  t.same(buckets.look('a'), { remaining: 3, nextMs: 0 });
});

t.test('a refusal costs nothing, a refund never goes past the burst', async (t) => {
  const { clock } = clockAt();
  const buckets = createTokenBuckets({ ratePerMin: 1, burst: 2, clock });
  t.ok(buckets.take('a', 2).ok);
  for (let n = 0; n < 100; n++) buckets.take('a');
  buckets.refund('a');
  t.ok(buckets.take('a').ok);
  for (let n = 0; n < 9; n++) buckets.refund('a');
  t.ok(buckets.take('a', 2).ok);
  t.notOk(buckets.take('a').ok);
  buckets.refund('stranger');
  t.equal(buckets.size(), 1, 'a refund makes no bucket');
});

t.test('a clock set back neither gives nor takes', async (t) => {
  const { clock, pass } = clockAt();
  const buckets = createTokenBuckets({ ratePerMin: 60, burst: 1, clock });
  buckets.take('a');
  pass(-3_600_000);
  t.same(buckets.take('a'), { ok: false, retryAfterMs: 1000 });
  pass(1000);
  t.ok(buckets.take('a').ok);
});

t.test('memory is bounded; the key not used for longest goes first', async (t) => {
  const { clock } = clockAt();
  const buckets = createTokenBuckets({ ratePerMin: 1, burst: 1, maxKeys: 3, clock });
  for (const key of ['a', 'b', 'c']) buckets.take(key);
  buckets.take('a');
  buckets.take('d');
  t.equal(buckets.size(), 3);
  t.notOk(buckets.take('a').ok, 'used since, so still known');
  t.ok(buckets.take('b').ok, 'forgotten');
  for (let n = 0; n < 10_000; n++) buckets.take(`stranger-${n}`);
  t.equal(buckets.size(), 3);
});

t.test('a cost that could never be met is a mistake of the caller', async (t) => {
  const buckets = createTokenBuckets({ ratePerMin: 60, burst: 2, clock: clockAt().clock });
  for (const cost of [0, -1, 3, Number.NaN]) t.throws(() => buckets.take('a', cost), RangeError);
});

t.test('over any time, never more than burst plus rate', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6000 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 50 })), {
        maxLength: 60,
      }),
      (ratePerMin, burst, steps) => {
        const { clock, pass } = clockAt();
        const buckets = createTokenBuckets({ ratePerMin, burst, clock });
        let taken = 0;
        let elapsedMs = 0;
        for (const [ms, wanted] of steps) {
          pass(ms);
          elapsedMs += ms;
          const cost = Math.min(wanted, burst);
          const result = buckets.take('a', cost);
          if (result.ok) taken += cost;
          else {
            pass(result.retryAfterMs);
            elapsedMs += result.retryAfterMs;
            if (!buckets.take('a', cost).ok) return false;
            taken += cost;
          }
        }
        return taken <= burst + (elapsedMs * ratePerMin) / 60_000;
      },
    ),
    { numRuns: 200 },
  );
  t.pass('200 runs');
});
