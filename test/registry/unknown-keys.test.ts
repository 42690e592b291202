import t from 'tap';
import { createUnknownKeys } from '../../src/registry/unknown-keys.ts';

function setUp(limits = {}) {
  const state = { now: 1_000_000, fetches: 0, known: new Set<string>(), release: () => {} };
  let gate: Promise<void> | undefined;
  const unknown = createUnknownKeys({
    refresh: async () => {
      state.fetches++;
      await gate;
      return true;
    },
    isKnown: (peer, kid) => state.known.has(`${peer} ${kid}`),
    nowMs: () => state.now,
    limits: { spacingMs: 5000, negativeMs: 60_000, ...limits },
  });
  const hold = () => {
    gate = new Promise((resolve) => {
      state.release = () => {
        gate = undefined;
        resolve();
      };
    });
  };
  return { state, unknown, hold };
}

t.test('a name is looked for once, then remembered as unknown', async (t) => {
  const { state, unknown } = setUp();
  t.equal(await unknown.ask('a', 'k'), false);
  t.equal(state.fetches, 1);
  state.now += 30_000;
  t.equal(await unknown.ask('a', 'k'), false);
  t.equal(state.fetches, 1);
  state.now += 30_001;
  state.known.add('a k');
  t.equal(await unknown.ask('a', 'k'), true, 'learned by a poll meanwhile');
  t.equal(state.fetches, 1);
});

t.test('a key that the fetch brings is known', async (t) => {
  const { state, unknown, hold } = setUp();
  hold();
  const asked = unknown.ask('a', 'k');
  state.known.add('a k');
  state.release();
  t.equal(await asked, true);
});

t.test('strangers who invent names delay nobody and cost one fetch for each spacing', async (t) => {
  const { state, unknown } = setUp({ spacingMs: 40 });
  t.equal(await unknown.ask('a', 'forged-0'), false);
  let found = 0;
  for (let n = 1; n < 1000; n++) if (await unknown.ask('a', `forged-${n}`)) found++;
  t.equal(found, 0);
  t.equal(state.fetches, 1);
  t.equal(await unknown.ask('b', 'forged'), false);
  t.equal(state.fetches, 2, 'another peer has a turn of its own');
  t.equal(await unknown.ask('a', 'genuine'), false, 'its turn is taken');
  state.known.add('a genuine');
  await new Promise((resolve) => setTimeout(resolve, 120));
  t.equal(state.fetches, 3, 'the next turn comes by itself, for whoever asked meanwhile');
  t.equal(await unknown.ask('a', 'genuine'), true);
  unknown.stop();
});

t.test('callers share one fetch, up to a bound', async (t) => {
  const { state, unknown, hold } = setUp({ maxWaiting: 3 });
  hold();
  const waiting = ['1', '2', '3'].map((kid) => unknown.ask('a', kid));
  t.equal(await unknown.ask('a', '4'), false, 'refused at once');
  state.release();
  t.same(await Promise.all(waiting), [false, false, false]);
  t.equal(state.fetches, 1);
});

t.test('what is remembered has a bound', async (t) => {
  const { state, unknown } = setUp({ maxNegative: 2 });
  for (const kid of ['1', '2', '3']) {
    await unknown.ask('a', kid);
    state.now += 5001;
  }
  t.equal(state.fetches, 3);
  await unknown.ask('a', '3');
  t.equal(state.fetches, 3);
  await unknown.ask('a', '1');
  t.equal(state.fetches, 4, 'the oldest was forgotten');
});
