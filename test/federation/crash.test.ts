// Each boundary of a document's way once, with a real kill of a real process. test/slow/kills.test.ts kills at random.
import t, { type Test } from 'tap';
import { holdStep, installSteps, RECIPIENT_STEPS, SENDER_STEPS, type Step } from '../support/held-step.ts';
import { startHop } from '../support/hop.ts';
import { eventually } from '../support/node.ts';
import { findViolations } from '../support/pair-invariants.ts';
import { type ProcessNode, startProcessPair } from '../support/process-node.ts';
import { createSubmitter, largeFile, smallFile } from '../support/steady-load.ts';
import { stopOnTheWay } from '../support/wire-stop.ts';

// Some twenty restarts of a whole program.
t.setTimeout(300_000);

const hop = await startHop(t);
const { a, b, link } = await startProcessPair(
  t,
  { name: 'sender', database: 'clone' },
  { name: 'recipient', database: 'clone', hop },
);
await installSteps(a, SENDER_STEPS);
await installSteps(b, RECIPIENT_STEPS);
const submitter = createSubmitter(a, link);

/** A lease outlives its owner by at most 15 seconds. Here they pass at once; test/slow waits for them. */
async function leasesOfTheDeadLapse(): Promise<void> {
  await a.query('update deliveries set leased_until = now() where lease_owner is not null');
}

async function holds(t: Test): Promise<void> {
  await eventually(async () => (await a.query('select 1 from deliveries')).length === 0, 30_000);
  t.strictSame(await findViolations(a, b, submitter.acknowledged), []);
}

/** Kills a node while a transaction of its waits at a step; `how` is what its database then does with it. */
async function killAt(
  t: Test,
  victim: ProcessNode,
  steps: readonly Step[],
  name: string,
  how: 'abort' | 'continue',
  content = smallFile(),
): Promise<void> {
  const step = await holdStep(victim, steps, name);
  const submitted = submitter.submit(content);
  await step.reached();
  await victim.kill();
  await step.release(how);
  await victim.start();
  await leasesOfTheDeadLapse();
  await submitted;
  await holds(t);
}

t.test('the sender is killed while it stores', async (t) => {
  await t.test('a large submission that streams in', (t) =>
    killAt(t, a, SENDER_STEPS, 'upload streaming in', 'abort', largeFile()),
  );
  await t.test('a submission: its caller repeats it, and it is one', (t) =>
    killAt(t, a, SENDER_STEPS, 'submission written', 'abort'),
  );
  await t.test('a submission that is committed and never answered: the same', (t) =>
    killAt(t, a, SENDER_STEPS, 'submission committing', 'continue', largeFile()),
  );
  await t.test('a lease', (t) => killAt(t, a, SENDER_STEPS, 'submitted, leasing', 'abort'));
  await t.test('a lease that nobody will use', (t) =>
    killAt(t, a, SENDER_STEPS, 'lease committing', 'continue'),
  );
  await t.test('a receipt', (t) => killAt(t, a, SENDER_STEPS, 'receipt in hand', 'abort'));
  await t.test('a receipt, and never knows', (t) =>
    killAt(t, a, SENDER_STEPS, 'receipt committing', 'continue'),
  );
});

t.test('the recipient is killed while it stores', async (t) => {
  await t.test('the body', (t) => killAt(t, b, RECIPIENT_STEPS, 'body streaming in', 'abort', largeFile()));
  await t.test('a decision, its body stored', (t) =>
    killAt(t, b, RECIPIENT_STEPS, 'body stored, accepting', 'abort', largeFile()),
  );
  await t.test('a document', (t) => killAt(t, b, RECIPIENT_STEPS, 'accepted, before the commit', 'abort'));
  await t.test('a decision that is committed and never answered', (t) =>
    killAt(t, b, RECIPIENT_STEPS, 'acceptance committing', 'continue', largeFile()),
  );
});

for (const victim of [a, b]) {
  t.test(`the ${victim.name} is killed while an exchange is on its way`, async (t) => {
    const cases = [
      ['sent', 'sent, nothing of it arrived', smallFile()],
      ['half', 'the headers received, and half of the body', largeFile()],
      ['answered', 'the answer under way', smallFile()],
    ] as const;
    for (const [point, name, content] of cases) {
      await t.test(name, async (t) => {
        const stopped = stopOnTheWay(hop, point);
        await submitter.submit(content);
        await stopped.there;
        await victim.kill();
        stopped.go();
        await victim.start();
        await leasesOfTheDeadLapse();
        await holds(t);
      });
    }
  });
}
