// Each boundary of the ledger once, with a real kill of a real process: the books are exact negations afterwards, no unit
// is lost, and none is counted twice.
import t, { type Test } from 'tap';
import { balanceOf } from '../../src/protocol/ledger/balance.ts';
import { termsBetween } from '../support/agreement.ts';
import { holdStep, installSteps, type Step } from '../support/held-step.ts';
import { eventually } from '../support/node.ts';
import { type ProcessNode, startProcessPair } from '../support/process-node.ts';
import { grantWith, inDays, message, slotGrant } from '../support/slot.ts';

t.setTimeout(300_000);

const { a, b, link } = await startProcessPair(
  t,
  { name: 'guest', database: 'clone' },
  { name: 'host', database: 'clone' },
);

const both = (step: Omit<Step, 'at'>): Step[] => [
  { ...step, at: 'statement' },
  { ...step, name: `${step.name}, committing`, at: 'commit' },
];
const HOST_STEPS = [
  ...both({ name: 'posted', table: 'ledger_entries', event: 'insert', when: `new.kind = 'post'` }),
  ...both({ name: 'reversed', table: 'ledger_entries', event: 'insert', when: `new.kind = 'reverse'` }),
  ...both({
    name: 'told',
    table: 'ledger_tellings',
    event: 'update',
    when: `old.exchange_jti is null and new.exchange_jti is not null`,
  }),
  ...both({
    name: 'taken by the guest',
    table: 'ledger_tellings',
    event: 'update',
    when: 'new.told > old.told',
  }),
];
const GUEST_STEPS = [
  ...both({
    name: 'receipt of a message',
    table: 'ledger_contacts',
    event: 'update',
    when: `old.state = 'sent' and new.state = 'accepted'`,
  }),
  ...both({ name: 'applied', table: 'ledger_entries', event: 'insert' }),
];
await installSteps(b, HOST_STEPS);
await installSteps(a, GUEST_STEPS);

async function agree(): Promise<string> {
  const terms = termsBetween(
    { url: a.entityId },
    { url: b.entityId },
    {
      weights: { service: 2, advice: 1, offer: 3, survey: 2 },
      grant: grantWith(
        slotGrant({
          caps: [{ scope: 'category', max: 1000, per: 1, unit: 'hour', counts: 'placed' }],
          capacity: 50,
        }),
      ),
    },
  );
  const proposed = await (await a.api('operator')).call('POST', '/v1/agreements', {
    json: { peer: b.entityId, terms },
  });
  const id = String(proposed.body['id']);
  const accepter = await b.api('operator');
  await eventually(async () => (await accepter.call('GET', `/v1/agreements/${id}`)).body['state'] === 'open');
  await accepter.call('POST', `/v1/agreements/${id}/accept`);
  await eventually(async () => {
    const { body } = await accepter.call('GET', `/v1/agreements/${id}`);
    return body['state'] === 'agreed';
  });
  return id;
}

const agreement = await agree();

/** A program of the guest that doesn't know what became of a call repeats it under its key. */
async function send(key: string, more: object): Promise<string> {
  const { priority: _priority, ...given } = message({ category: 'service', ...more });
  const json = { link, ...given };
  const crm = await a.api('integrator');
  const headers = { 'idempotency-key': key };
  const { status, body } = await crm.call('POST', '/v1/messages', { json, headers });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return String(body['id']);
}

const persist = <T>(work: () => Promise<T | false | undefined>) =>
  eventually(() => work().catch(() => undefined), 60_000);

/** One message that stays and one that is withdrawn in time. Returns their ids. */
async function converse(): Promise<{ stays: string; goes: string }> {
  const [stays, goes] = await Promise.all([
    persist(() => send(`${rounds}-stays`, {})),
    persist(() => send(`${rounds}-goes`, { notBefore: inDays(2), expiresAt: inDays(5) })),
  ]);
  await persist(async () => {
    const { body } = await (await a.api('integrator')).call('GET', `/v1/messages/${goes}`);
    return body['state'] === 'deferred';
  });
  await persist(async () => {
    const { status } = await (await a.api('integrator')).call('POST', `/v1/messages/${goes}/withdraw`);
    return status === 200;
  });
  return { stays, goes };
}

async function quiet(stays: string, goes: string) {
  return persist(async () => {
    const [ofHost] = await b.query(`select seq, head, total from ledger_sequences where role = 'host'`);
    const [ofGuest] = await a.query(`select seq, head, counted from ledger_sequences where role = 'guest'`);
    const reversed = await b.query(`select 1 from ledger_entries where exchange = $1 and kind = 'reverse'`, [
      goes,
    ]);
    const posted = await b.query(`select 1 from ledger_entries where exchange = $1`, [stays]);
    const agreed = ofHost?.['head'] === ofGuest?.['head'] && ofHost?.['seq'] === ofGuest?.['seq'];
    const told = await b.query('select 1 from ledger_tellings where exchange_jti is not null');
    return reversed.length === 1 && posted.length === 1 && agreed && told.length === 0 && { ofHost, ofGuest };
  });
}

let rounds = 0;

async function killAt(t: Test, victim: ProcessNode, steps: readonly Step[], name: string): Promise<void> {
  rounds++;
  const held = await holdStep(victim, steps, name);
  const said = converse();
  await held.reached();
  await victim.kill();
  await held.release(name.endsWith('committing') ? 'continue' : 'abort');
  await victim.start();
  for (const node of [a, b]) {
    await node.query(
      `update deliveries set next_attempt_at = now(), lease_owner = null where lease_owner is not null`,
    );
  }
  const { stays, goes } = await said;
  const { ofHost, ofGuest } = await quiet(stays, goes);
  const hosted = Number(ofHost?.['total']);
  const acknowledged = Number(ofGuest?.['counted']);
  t.equal(hosted, 2 * rounds, 'each message that stayed counts once');
  t.equal(
    balanceOf({ hosted, acknowledged: 0 }) + balanceOf({ hosted: 0, acknowledged }),
    0,
    'exact negations',
  );
  t.same(await a.query('select fault from ledger_entries where fault is not null'), []);
  t.same(await a.query('select 1 from ledger_disputes'), []);
  const numbers = await b.query('select seq from ledger_entries order by seq');
  t.same(
    numbers.map(({ seq }) => seq),
    numbers.map((_, at) => at + 1),
    'no gap',
  );
}

for (const { name } of HOST_STEPS) {
  t.test(`the host is killed: ${name}`, (t) => killAt(t, b, HOST_STEPS, name));
}
for (const { name } of GUEST_STEPS) {
  t.test(`the guest is killed: ${name}`, (t) => killAt(t, a, GUEST_STEPS, name));
}
t.test('what is left', async (t) => {
  const api = await a.api('operator');
  t.match((await api.call('GET', `/v1/ledger/${agreement}/reconciliation`)).body, { differences: [] });
});
