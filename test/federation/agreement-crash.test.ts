// Each boundary of a negotiation once, with a real kill of a real process: both sides end under the same version.
import t, { type Test } from 'tap';
import { termsBetween } from '../support/agreement.ts';
import { holdStep, installSteps, type Step } from '../support/held-step.ts';
import { eventually } from '../support/node.ts';
import { type ProcessNode, startProcessPair } from '../support/process-node.ts';

t.setTimeout(300_000);

const { a, b } = await startProcessPair(
  t,
  { name: 'proposer', database: 'clone' },
  { name: 'accepter', database: 'clone' },
);

const VERSION = { table: 'agreement_versions' } as const;
const both = (step: Omit<Step, 'at'>): Step[] => [
  { ...step, at: 'statement' },
  { ...step, name: `${step.name}, committing`, at: 'commit' },
];
const [BECOMES_OPEN, TURNS] = ['insert', 'update'] as const;
const PROPOSER_STEPS = [
  ...both({ ...VERSION, name: 'proposed', event: BECOMES_OPEN }),
  ...both({ ...VERSION, name: 'acceptance taken', event: TURNS, when: `new.state = 'agreed'` }),
];
const ACCEPTER_STEPS = [
  ...both({ ...VERSION, name: 'proposal taken', event: BECOMES_OPEN }),
  ...both({ ...VERSION, name: 'accepted', event: TURNS, when: `new.state = 'accepting'` }),
  ...both({ ...VERSION, name: 'receipt of the acceptance', event: TURNS, when: `new.state = 'agreed'` }),
];
await installSteps(a, PROPOSER_STEPS);
await installSteps(b, ACCEPTER_STEPS);

type Shown = { id: string; state: string; proposer: string; standing?: string };

async function newest(node: ProcessNode): Promise<Shown | undefined> {
  const peer = encodeURIComponent((node === a ? b : a).entityId);
  const { body } = await (await node.api('operator')).call('GET', `/v1/agreements?peer=${peer}&limit=1`);
  return (body as { agreements: Shown[] }).agreements[0];
}

/** People on both sides, who look again before they repeat what was cut. Returns what they agreed on after `before`. */
async function negotiate(before: Shown | undefined): Promise<Shown> {
  const step = async () => {
    const ours = await newest(a);
    if (ours === undefined || ours.id === before?.id) {
      const terms = termsBetween({ url: a.entityId }, { url: b.entityId });
      const json = { peer: b.entityId, terms, ...(before !== undefined && { replaces: before.id }) };
      await (await a.api('operator')).call('POST', '/v1/agreements', { json });
    }
    const theirs = await newest(b);
    if (theirs?.state === 'open') {
      await (await b.api('operator')).call('POST', `/v1/agreements/${theirs.id}/accept`);
    }
    return theirs?.state === 'agreed' && theirs.id !== before?.id ? theirs : undefined;
  };
  return eventually(() => step().catch(() => undefined), 60_000);
}

/** A whole negotiation, in which one node dies at one step. */
async function killAt(t: Test, victim: ProcessNode, steps: readonly Step[], name: string): Promise<void> {
  const before = await newest(a);
  const held = await holdStep(victim, steps, name);
  const agreed = negotiate(before);
  await held.reached();
  await victim.kill();
  await held.release(name.endsWith('committing') ? 'continue' : 'abort');
  await victim.start();
  for (const node of [a, b]) {
    await node.query('update deliveries set leased_until = now() where lease_owner is not null');
  }
  const { id } = await agreed;
  t.match(await newest(a), { id, state: 'agreed', standing: 'current' });
  t.match(await newest(b), { id, state: 'agreed', standing: 'current' });
  for (const node of [a, b]) {
    const half = await node.query(`select id from agreement_versions where state in ('open', 'accepting')`);
    t.same(half, [], 'nothing is left half said');
    const times = await node.query('select agreed_at from agreement_versions where id = $1', [id]);
    t.match(times, [{ agreed_at: Date }]);
  }
}

for (const { name } of PROPOSER_STEPS) {
  t.test(`the proposer is killed: ${name}`, (t) => killAt(t, a, PROPOSER_STEPS, name));
}
for (const { name } of ACCEPTER_STEPS) {
  t.test(`the accepter is killed: ${name}`, (t) => killAt(t, b, ACCEPTER_STEPS, name));
}
