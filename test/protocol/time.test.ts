import t from 'tap';
import {
  CLOCK_SKEW_S,
  checkClock,
  checkTimeShape,
  checkTimes,
  MAX_ENVELOPE_LIFETIME_S,
} from '../../src/protocol/time.ts';

const now = 1_760_000_000;
const reason = (times: Parameters<typeof checkTimes>[0]) => {
  const checked = checkTimes(times);
  return checked.ok ? 'ok' : checked.reason;
};

t.test('the profile: 60 s of skew, 14 days of life', async (t) => {
  t.equal(CLOCK_SKEW_S, 60);
  t.equal(MAX_ENVELOPE_LIFETIME_S, 1_209_600);
});

t.test('at each bound, and just over it', async (t) => {
  t.same(checkTimes({ iat: now, exp: now + 600, now }), { ok: true, iat: now, exp: now + 600 });
  t.equal(reason({ iat: now + 60, exp: now + 600, now }), 'ok');
  t.equal(reason({ iat: now + 61, exp: now + 600, now }), 'time.from_future');
  t.equal(reason({ iat: now + 60, exp: now + 600, now: now - 0.001 }), 'time.from_future');
  t.equal(reason({ iat: now - 600, exp: now - 59, now }), 'ok');
  t.equal(reason({ iat: now - 600, exp: now - 60, now }), 'time.expired');
  t.equal(reason({ iat: now - 600, exp: now - 60, now: now - 0.001 }), 'ok');
  t.equal(reason({ iat: now, exp: now + 1_209_600, now }), 'ok');
  t.equal(reason({ iat: now, exp: now + 1_209_601, now }), 'time.lifetime');
  t.equal(reason({ iat: now, exp: now + 1, now }), 'ok');
  t.equal(reason({ iat: now, exp: now, now }), 'time.lifetime');
  t.equal(reason({ iat: now, exp: now - 1, now }), 'time.lifetime');
  t.equal(reason({ iat: now, exp: now + 60, now, maxLifetimeS: 60 }), 'ok');
  t.equal(reason({ iat: now, exp: now + 61, now, maxLifetimeS: 60 }), 'time.lifetime');
  t.equal(reason({ iat: now + 1, exp: now + 2, now, skewS: 0 }), 'time.from_future');
  t.equal(reason({ iat: now - 1, exp: now, now, skewS: 0 }), 'time.expired');
});

t.test('only whole, non-negative seconds are times', async (t) => {
  for (const bad of [
    undefined,
    null,
    '1760000000',
    1.5,
    -1,
    NaN,
    Infinity,
    2 ** 53,
    [now],
    true,
    1760000000n,
  ]) {
    t.equal(reason({ iat: bad, exp: now + 600, now }), 'time.not_integer', `iat ${String(bad)}`);
    t.equal(reason({ iat: now, exp: bad, now }), 'time.not_integer', `exp ${String(bad)}`);
  }
  t.equal(reason({ iat: now * 1000, exp: now * 1000 + 600, now }), 'time.from_future', 'milliseconds');
});

t.test('the shape says nothing of the clock, and the clock nothing of the shape', async (t) => {
  t.equal(checkTimeShape({ iat: 1, exp: 2 }).ok, true);
  t.same(checkClock({ iat: 1, exp: 2, now }), { ok: false, reason: 'time.expired' });
  t.equal(checkClock({ iat: now, exp: now + 10 ** 9, now }).ok, true);
});
