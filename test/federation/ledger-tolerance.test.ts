// What happens past the tolerance of an agreement, at its boundary, with many messages at once.
import t, { type Test } from 'tap';
import type { AgreementTerms, ContactCategory } from '../../src/protocol/agreement/terms.ts';
import { agree, untilAgreement } from '../support/agreement.ts';
import { createApiClient } from '../support/api.ts';
import { craft, put } from '../support/craft.ts';
import { untilBooksAgree } from '../support/ledger.ts';
import { restartTestNode, seedLink } from '../support/node.ts';
import {
  contactScopes,
  grantWith,
  message,
  sendAndWait,
  slotGrant,
  sql,
  startSlotPair,
} from '../support/slot.ts';

const weights = { service: 1, advice: 1, offer: 3, survey: 2 };
const AT_ONCE = 40;

const startPair = (t: Test, imbalance: Partial<AgreementTerms['imbalance']>) =>
  startSlotPair(t, {
    terms: {
      weights,
      imbalance: { tolerance: 10, policy: 'pause', serviceFloorPerMonth: 0, ...imbalance },
    },
  });

type Pair = Awaited<ReturnType<typeof startPair>>;

const atOnce = (pair: Pair, category: ContactCategory) =>
  Promise.all(Array.from({ length: AT_ONCE }, () => sendAndWait(pair, { category })));

const count = (sent: readonly { state: string; code: string | null }[], of: string) =>
  sent.filter(({ state, code }) => state === of || code === of).length;

const totalAt = async ({ host }: Pair) =>
  (await sql(host, `select total from ledger_sequences where role = 'host'`))[0]?.['total'];

t.test('paused: never a unit past the tolerance, however many come at once', async (t) => {
  const pair = await startPair(t, {});
  const offers = await atOnce(pair, 'offer');
  t.equal(count(offers, 'placed'), 3);
  t.equal(count(offers, 'ledger.paused'), AT_ONCE - 3);
  t.equal(await totalAt(pair), 9);
  const advice = await atOnce(pair, 'advice');
  t.equal(count(advice, 'placed'), 1, 'exactly the tolerance');
  t.equal(await totalAt(pair), 10);
  t.match(await sendAndWait(pair, { category: 'service' }), { code: 'ledger.paused', nextEligibleAt: null });
  const [placed] = advice.filter(({ state }) => state === 'placed');
  t.match(
    await sendAndWait(pair, { replaces: String(placed?.id) }),
    { state: 'placed' },
    'an edit moves nothing',
  );

  const back = { ...pair, guest: pair.host, host: pair.guest };
  for (let n = 0; n < 2; n++) t.match(await sendAndWait(back, { category: 'offer' }), { state: 'placed' });
  await untilBooksAgree(pair.guest, pair.host, pair.agreement);
  t.equal(count(await atOnce(pair, 'offer'), 'placed'), 2, 'what was given in return may be taken again');
  const books = await untilBooksAgree(pair.guest, pair.host, pair.agreement);
  t.same([books.a.balance, books.b.balance], [-10, 10]);
  const operator = await createApiClient(pair.host, 'operator');
  t.match((await operator.call('GET', '/v1/ledger')).body, {
    accounts: [{ balance: 10, standing: 'within', tolerance: { policy: 'pause' } }],
  });
});

t.test('paused over two replicas of the host', async (t) => {
  const tolerance = 60;
  const pair = await startPair(t, { tolerance });
  const { guest, host, agreement: agr } = pair;
  // Each to another customer: only the account itself keeps them apart.
  const links = await Promise.all(
    Array.from({ length: 10 }, () => seedLink(guest, host, { scopes: contactScopes(guest, host) })),
  );
  const port = String(Number(host.env['INTERVAULT_PORT']) + 1);
  const second = await restartTestNode(t, { ...host.env, INTERVAULT_PORT: port });
  const replicas = [host, { ...second, url: `http://127.0.0.1:${port}` }];
  const statuses: number[] = [];
  // In waves, so that both replicas decide at once again and again.
  for (let wave = 0; wave < 10; wave++) {
    const crafted = await Promise.all(
      links.map((link) =>
        craft(guest, host, { act: 'slot.message', link, content: null, claims: { agr }, body: message() }),
      ),
    );
    const sent = crafted.map(async (one, i) => (await put(replicas[i % 2] as typeof host, one)).status);
    statuses.push(...(await Promise.all(sent)));
  }
  t.equal(statuses.filter((status) => status === 201).length, tolerance, 'exactly the tolerance');
  t.equal(statuses.filter((status) => status === 422).length, 100 - tolerance);
  const entries = await sql(host, `select seq, total from ledger_entries order by seq`);
  t.same(
    entries.map(({ seq, total }) => [seq, total]),
    Array.from({ length: tolerance }, (_, at) => [at + 1, at + 1]),
    'no gap',
  );
  t.equal(await totalAt(pair), tolerance);
  const [row] = await sql(host, 'select deadlocks from pg_stat_database where datname = current_database()');
  t.equal(row?.['deadlocks'], 0);
});

t.test('service messages have a floor of their own', async (t) => {
  const pair = await startPair(t, { tolerance: 0, serviceFloorPerMonth: 4 });
  t.match(await sendAndWait(pair), { code: 'ledger.paused' });
  const service = await atOnce(pair, 'service');
  t.equal(count(service, 'placed'), 4);
  t.equal(count(service, 'ledger.paused') + count(service, 'message.cap'), AT_ONCE - 4);
  await sql(pair.host, `update ledger_sequences set service_month = '2026-01' where role = 'host'`);
  t.match(await sendAndWait(pair, { category: 'service' }), { state: 'placed' }, 'another month');
});

t.test('throttled: one message an hour', async (t) => {
  const pair = await startPair(t, { policy: 'throttle' });
  const advice = await atOnce(pair, 'advice');
  t.equal(count(advice, 'placed'), 11);
  const [refused] = advice.filter(({ code }) => code === 'ledger.throttled');
  t.equal((refused?.nextEligibleAt?.getTime() ?? 1) % 3_600_000, 0, 'told to the hour');
  t.equal(count(advice, 'ledger.throttled'), AT_ONCE - 11);
  await sql(
    pair.host,
    `update ledger_sequences set past_at = past_at - interval '1 hour' where role = 'host'`,
  );
  t.equal(count(await atOnce(pair, 'offer'), 'placed'), 1);
  t.equal(await totalAt(pair), 14);
});

t.test('warned: taken, and told to the operators', async (t) => {
  const pair = await startPair(t, { tolerance: 2, policy: 'warn' });
  t.equal(count(await atOnce(pair, 'advice'), 'placed'), AT_ONCE);
  const operator = await createApiClient(pair.host, 'operator');
  t.match((await operator.call('GET', `/v1/ledger/${pair.agreement}`)).body, {
    balance: AT_ONCE,
    standing: 'self_ahead',
  });
  const { host, port } = pair.host.management;
  const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text();
  t.match(metrics, /intervault_ledger_alarms_total\{kind="past_tolerance"\} [1-9]/);
});

t.test('balances survive amendments, and each message weighs what its own version says', async (t) => {
  const pair = await startPair(t, { tolerance: 100 });
  const { guest, host, agreement } = pair;
  await sendAndWait(pair, { category: 'offer' });
  const grant = grantWith(slotGrant());
  const heavier = {
    weights: { ...weights, offer: 20 },
    imbalance: { tolerance: 25, policy: 'pause' as const, serviceFloorPerMonth: 0 },
  };
  const second = await agree(guest, host, { grant, replaces: agreement, ...heavier });
  await untilAgreement(guest, second, 'agreed');
  t.match(await sendAndWait(pair, { category: 'offer' }), { state: 'placed', agreement: second });
  t.match(await sendAndWait(pair, { category: 'offer' }), { code: 'ledger.paused' });
  const { a, b } = await untilBooksAgree(guest, host, agreement);
  t.same([a.balance, b.balance], [-23, 23]);
  t.same(await sql(host, `select count(*) as accounts from ledger_sequences where role = 'host'`), [
    { accounts: 1 },
  ]);
});
