import t from 'tap';
import { createBreaker } from '../../src/outbox/breaker.ts';

const MAX = 8;
const policy = { baseMs: 1_000, capMs: 60_000 };
const make = () => createBreaker({ maxInFlight: MAX, policy, random: () => 1 });

/** One that has just opened, and when it lets a probe out. */
function opened() {
  const breaker = make();
  for (let n = 0; n < 5; n++) breaker.failed(0);
  const { nextProbeAtMs } = breaker.state(0);
  return { breaker, at: nextProbeAtMs ?? Number.NaN };
}

t.test('opens at the fifth failure in a row, and not before', async (t) => {
  const breaker = make();
  for (let n = 0; n < 4; n++) breaker.failed(0);
  t.equal(breaker.allowance(0), MAX);
  breaker.answered();
  for (let n = 0; n < 4; n++) breaker.failed(0);
  t.equal(breaker.state(0).state, 'closed', 'an answer between them counts from the start');
  breaker.failed(0);
  t.match(breaker.state(0), { state: 'open', failures: 5 });
  t.equal(breaker.allowance(0), 0);
});

t.test('half open it lets one probe out, and no second one', async (t) => {
  const { breaker, at } = opened();
  t.equal(breaker.allowance(at - 1), 0);
  t.equal(breaker.state(at).state, 'half_open');
  t.equal(breaker.allowance(at), 1);
  breaker.probing();
  t.equal(breaker.allowance(at), 0);
  breaker.failed(at);
  const again = breaker.state(at);
  t.match(again, { state: 'open', failures: 6 });
  t.ok((again.nextProbeAtMs ?? 0) - at > at, 'and waits longer after a probe that failed');
});

t.test('an answer closes it, and its queue is let through in doubling steps', async (t) => {
  const { breaker, at } = opened();
  breaker.probing();
  const steps = [1, 2, 4, 8, 8].map(() => {
    breaker.answered();
    return breaker.allowance(at);
  });
  t.same(steps, [1, 2, 4, MAX, MAX]);
});

t.test('a probe that never left leaves room for another, and tells nothing about the peer', async (t) => {
  const { breaker, at } = opened();
  breaker.probing();
  breaker.notAsked();
  t.equal(breaker.allowance(at), 1);
  t.match(breaker.state(at), { state: 'half_open', failures: 5 });
});

t.test('a sign of life lets a probe out at once', async (t) => {
  const { breaker } = opened();
  t.equal(breaker.allowance(0), 0);
  breaker.wake();
  t.equal(breaker.allowance(0), 1);
});
