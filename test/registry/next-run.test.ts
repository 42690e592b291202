import t from 'tap';
import { createNextRun } from '../../src/registry/next-run.ts';

/** Runs that end when they are told to. */
function held() {
  const ends: ((error?: Error) => void)[] = [];
  const run = createNextRun(
    () =>
      new Promise<void>((resolve, reject) => {
        ends.push((error) => (error === undefined ? resolve() : reject(error)));
      }),
  );
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { ...run, ends, turn };
}

t.test('whoever asks while it runs shares the next run, which begins afterwards', async (t) => {
  const { ask, ends, turn } = held();
  const first = ask();
  await turn();
  const later = [ask(), ask(), ask()];
  await turn();
  t.equal(ends.length, 1, 'one at a time');
  ends[0]?.();
  await first;
  await turn();
  t.equal(ends.length, 2, 'one for all who asked meanwhile');
  let over = false;
  void Promise.all(later).then(() => {
    over = true;
  });
  await turn();
  t.notOk(over, 'and none of them is told before it ends');
  ends[1]?.();
  await Promise.all(later);
  t.equal(ends.length, 2);
});

t.test('a run that fails tells those who asked for it, and no one else', async (t) => {
  const { ask, settled, ends, turn } = held();
  const first = ask();
  await turn();
  const second = ask();
  ends[0]?.(new Error('the database is away'));
  await t.rejects(first, { message: 'the database is away' });
  await turn();
  ends[1]?.();
  await t.resolves(second);
  await t.resolves(settled());
});
