import t from 'tap';
import { DatabaseUnavailable } from '../../src/db/index.ts';
import { createBreaker } from '../../src/outbox/breaker.ts';
import { type Attempt, createPeerQueue, type Prepared } from '../../src/outbox/peer-queue.ts';
import type { Leased } from '../../src/outbox/store.ts';
import { eventually } from '../support/node.ts';

const leased = (jti: string): Leased => ({
  jti,
  peer: 'https://b.example',
  task: 'send',
  giveUpReason: null,
  attempts: 0,
  mismatches: 0,
});

/** A queue with these deliveries due, once. */
function queueOf(
  jtis: string[],
  prepare: (batch: Leased[]) => Promise<Prepared[]>,
  perLease = Number.POSITIVE_INFINITY,
) {
  const errors: unknown[] = [];
  const due = [...jtis];
  const queue = createPeerQueue({
    peer: 'https://b.example',
    maxInFlight: 8,
    breaker: createBreaker({ maxInFlight: 8, policy: { baseMs: 10, capMs: 10 }, random: () => 0.5 }),
    nowMs: () => Date.now(),
    lease: async (limit) => due.splice(0, Math.min(limit, perLease)).map(leased),
    prepare,
    giveBack: async () => {},
    release: async () => {},
    onTried: () => {},
    onError: (error) => errors.push(error),
  });
  return { queue, errors };
}

t.test('a probe that is held back, or given up unasked, does not end the probing', async (t) => {
  const breaker = createBreaker({
    maxInFlight: 8,
    policy: { baseMs: 10, capMs: 10 },
    random: () => 0,
  });
  for (let n = 0; n < 5; n++) breaker.failed(0);
  const outcomes: Attempt[] = [
    { kind: 'hold', code: 'link.paused', delayMs: 60_000 },
    { kind: 'give_up', reason: 'link.revoked' },
    { kind: 'settled' },
  ];
  const due = ['1', '2', '3'];
  const tried: string[] = [];
  const states: string[] = [];
  const queue = createPeerQueue({
    peer: 'https://b.example',
    maxInFlight: 8,
    breaker,
    nowMs: () => Date.now(),
    lease: async () => due.splice(0, 1).map(leased),
    prepare: async (batch) =>
      batch.map((one) => ({
        leased: one,
        run: async () => {
          tried.push(one.jti);
          states.push(breaker.state(Date.now()).state);
          return outcomes.shift() as Attempt;
        },
      })),
    giveBack: async () => {},
    release: async () => {},
    onTried: () => {},
    onError: (error) => t.fail(String(error)),
  });
  await eventually(async () => {
    queue.wake();
    return tried.length === 3;
  });
  await eventually(async () => queue.inFlight === 0);
  t.same(states, ['half_open', 'half_open', 'half_open'], 'what the peer was not asked says nothing of it');
  t.equal(breaker.state(Date.now()).state, 'closed', 'and its answer does');
});

t.test('what can’t be prepared is not held: its lease must run out', async (t) => {
  let asked = 0;
  const { queue, errors } = queueOf(['1', '2', '3'], async () => {
    asked++;
    throw new DatabaseUnavailable('gone');
  });
  queue.wake();
  await eventually(async () => errors.length > 0);
  t.strictSame(queue.held, []);
  t.equal(asked, 1, 'and a database that is down is not asked for each');
});

t.test('one that can’t be prepared spoils none of the others', async (t) => {
  const tried: string[] = [];
  const { queue, errors } = queueOf(['1', '2', 'damaged', '4', '5'], async (batch) => {
    if (batch.some(({ jti }) => jti === 'damaged')) throw new Error('bytes are damaged');
    return batch.map((one) => ({
      leased: one,
      run: async () => {
        tried.push(one.jti);
        return { kind: 'settled' };
      },
    }));
  });
  queue.wake();
  await eventually(async () => tried.length === 4);
  t.strictSame(tried.sort(), ['1', '2', '4', '5']);
  t.equal(errors.length, 1);
  await eventually(async () => queue.held.length === 0);
});

t.test('a delivery whose lease ran out while it was being tried is not tried beside itself', async (t) => {
  let tries = 0;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { queue } = queueOf(
    ['1', '1', '2'],
    async (batch) =>
      batch.map((one) => ({
        leased: one,
        run: async () => {
          if (one.jti === '1') {
            tries++;
            await finished;
          }
          return { kind: 'settled' };
        },
      })),
    1,
  );
  queue.wake();
  await eventually(async () => tries > 0);
  queue.wake();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(tries, 1);
  finish();
  await queue.stop();
});
