// Documents under agreements: named by their sender, judged by their recipient, whatever changes on the way.
import t, { type Test } from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { agree, termsBetween, untilAgreement } from '../support/agreement.ts';
import { craft, PDF, put } from '../support/craft.ts';
import { holdAct, startHop } from '../support/hop.ts';
import {
  eventually,
  INVOICE,
  peerNodes,
  seedLink,
  startTestNode,
  submit,
  type TestNode,
  untilState,
} from '../support/node.ts';

async function startPair(t: Test) {
  const toB = await startHop(t);
  const [a, b] = [await startTestNode(t), await startTestNode(t, { hop: toB })];
  await peerNodes(a, b);
  return { a, b, toB, link: await seedLink(a, b) };
}

const sql = (node: TestNode, text: string, values: unknown[] = []) =>
  node.db.withClient(async (client) => (await client.query(text, values)).rows);

/** So many days pass for what a node holds of its agreements. */
const later = (node: TestNode, days: number) =>
  sql(
    node,
    `update agreement_versions set agreed_at = agreed_at - $1 * interval '1 day',
       effective_from = effective_from - $1 * interval '1 day'`,
    [days],
  );

const agrOf = async (node: TestNode, jti: string) =>
  (await sql(node, 'select agr from outbound_exchanges where jti = $1', [jti]))[0]?.['agr'];

t.test('an amendment while documents are in flight', async (t) => {
  const { a, b, toB, link } = await startPair(t);
  const first = await agree(a, b, { drainDays: 1 });
  // Only what is pushed waits: the amendment passes.
  const waiting = holdAct(toB, 'document.push');
  const underway = await submit(a, link, PDF);
  await eventually(async () => waiting.length === 1);
  const second = await agree(b, a, { replaces: first, noticeDays: 1 });
  await untilAgreement(b, second, 'agreed');
  for (const go of waiting) go();
  await untilState(a, underway.id, 'accepted');
  toB.onPut = undefined;

  t.equal(await agrOf(a, underway.id), first, 'judged under the version it names, which drains');
  const next = await submit(a, link, PDF);
  await untilState(a, next.id, 'accepted');
  t.equal(await agrOf(a, next.id), second);

  const late = await craft(a, b, { link, claims: { agr: first } });
  await later(b, 2);
  const refused = await put(b, late);
  t.equal(refused.status, 422);
  t.match(
    (await put(b, late)).status,
    200,
    'a decision: the version it names is over, and no other takes its place',
  );
  const [row] = await sql(b, 'select reason from inbound_exchanges where jti = $1', [late.jti]);
  t.equal(row?.['reason'], 'agreement.ended');
});

t.test('what an agreement does not grant', async (t) => {
  const { a, b, link } = await startPair(t);
  const id = await agree(a, b);
  const payslip = { ...INVOICE, type: 'payroll.payslip' };
  await t.rejects(
    a.documents.submit(
      { link, fields: payslip, contentType: 'application/pdf', name: 'x.pdf', submittedBy: 'test' },
      (async function* () {
        yield PDF;
      })(),
    ),
    { code: 'agreement.scope' },
    'the sender knows what the recipient would say',
  );
  const forced = await put(b, await craft(a, b, { link, body: payslip, claims: { agr: id } }));
  t.equal(forced.status, 422);

  for (const [agr, status, code] of [
    [sha256('nothing'), 404, 'agreement.unknown'],
    [id, 201, undefined],
  ] as const) {
    const answer = await put(b, await craft(a, b, { link, claims: { agr } }));
    t.equal(answer.status, status);
    if (code !== undefined) t.match(answer.json(), { code, retryable: true });
  }
});

t.test('naming none', async (t) => {
  const { a, b, link } = await startPair(t);
  t.equal((await put(b, await craft(a, b, { link }))).status, 201, 'without any agreement');
  const id = await agree(a, b, { drainDays: 3 });
  t.equal((await put(b, await craft(a, b, { link }))).status, 201, 'what was sent before drains');
  await later(b, 4);
  const refused = await put(b, await craft(a, b, { link }));
  t.equal(refused.status, 422);
  const rows = await sql(b, `select reason from inbound_exchanges where outcome = 'rejected'`);
  t.same(rows, [{ reason: 'agreement.missing' }]);
  t.equal((await put(b, await craft(a, b, { link, claims: { agr: id } }))).status, 201);
});

t.test('monthly volumes: exactly so many, and never one more', async (t) => {
  const { a, b, link } = await startPair(t);
  const documents = { types: ['billing.invoice'], perMonth: 5, bytesPerMonth: 1_000_000 };
  const agr = await agree(a, b, { grant: { documents } });
  const pushes = await Promise.all(
    Array.from({ length: 20 }, async () => put(b, await craft(a, b, { link, claims: { agr } }))),
  );
  const statuses = pushes.map(({ status }) => status).sort();
  t.same(statuses, [...Array(5).fill(201), ...Array(15).fill(507)], 'at once, over several commits');
  const full = pushes.find(({ status }) => status === 507);
  t.match(full?.json(), { code: 'quota.exceeded', retryable: true });
  t.match(await sql(b, 'select documents, bytes from document_volumes'), [
    { documents: 5, bytes: 5 * PDF.length },
  ]);

  const queued = await submit(a, link, PDF);
  await eventually(
    async () => (await sql(a, 'select last_code from deliveries'))[0]?.['last_code'] === 'quota.exceeded',
  );
  await sql(b, `update document_volumes set month = month - interval '1 month'`);
  await a.outbox.retryNow(queued.id);
  await untilState(a, queued.id, 'accepted');
  t.equal((await sql(b, 'select * from document_volumes')).length, 2, 'the next month has its own volume');
});

t.test('a volume that is used up holds back nothing else', async (t) => {
  const { a, b, link } = await startPair(t);
  const documents = { types: ['billing.invoice'], perMonth: 1, bytesPerMonth: 1_000_000 };
  const first = await agree(a, b, { grant: { documents } });
  for (let i = 0; i < 20; i++) await submit(a, link, PDF);
  await eventually(
    async () => (await sql(a, `select 1 from deliveries where last_code = 'quota.exceeded'`)).length >= 10,
  );
  t.equal(a.outbox.breaker(b.url).state, 'closed', 'the peer works');
  const more = { documents: { ...documents, perMonth: 100 } };
  const second = await agree(a, b, { grant: more, replaces: first });
  t.match(await b.agreements.show(second), { standing: 'current' });
});

t.test('documents after the end, of which the other side has not heard', async (t) => {
  const { a, b, toB, link } = await startPair(t);
  const id = await agree(a, b, { noticeDays: 0, drainDays: 1 });
  await later(b, 2);
  const waiting = holdAct(toB, 'agreement.terminate');
  await a.agreements.terminate(id, {});
  await eventually(async () => waiting.length === 1);
  const before = await submit(a, link, PDF);
  await untilState(a, before.id, 'accepted');
  t.equal(await agrOf(a, before.id), id, 'it drains, and so is honoured either way');
  toB.onPut = undefined;
  for (const go of waiting) go();
  await eventually(async () => (await b.agreements.show(id)).terminations.length === 1);
  const after = await submit(a, link, PDF);
  await untilState(a, after.id, 'accepted');
});

t.test('monthly volumes in bytes', async (t) => {
  const { a, b, link } = await startPair(t);
  const documents = { types: ['billing.invoice'], perMonth: 100, bytesPerMonth: PDF.length };
  const agr = await agree(a, b, { grant: { documents } });
  const over = Buffer.concat([PDF, Buffer.from('\n')]);
  t.equal((await put(b, await craft(a, b, { link, content: over, claims: { agr } }))).status, 507);
  t.equal((await put(b, await craft(a, b, { link, claims: { agr } }))).status, 201);
});

t.test('a version that has not begun', async (t) => {
  const { a, b, link } = await startPair(t);
  const at = new Date(Date.now() + 3_600_000).toISOString();
  const id = await agree(a, b, { effectiveFrom: at });
  t.match(await a.agreements.show(id), { standing: 'upcoming' });
  const early = await put(b, await craft(a, b, { link, claims: { agr: id } }));
  t.equal(early.status, 409);
  t.match(early.json(), { code: 'agreement.not_effective', retryable: true });
  const { id: unnamed } = await submit(a, link, PDF);
  await untilState(a, unnamed, 'accepted');
  t.equal(await agrOf(a, unnamed), null);

  const open = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b), replaces: id });
  await untilAgreement(b, open, 'open');
  const unsigned = await put(b, await craft(a, b, { link, claims: { agr: open } }));
  t.match(unsigned.json(), { code: 'agreement.pending', retryable: true });
  await b.agreements.decline(open);
  t.equal((await put(b, await craft(a, b, { link, claims: { agr: open } }))).status, 422);
});

t.test('the retention of what was sent leaves agreements alone', async (t) => {
  const a = await startTestNode(t, { env: { INTERVAULT_BODY_RETENTION_DAYS: '0' } });
  const b = await startTestNode(t);
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const id = await agree(a, b);
  const { id: document } = await submit(a, link, PDF);
  await untilState(a, document, 'accepted');
  const erasedActs = () =>
    sql(
      a,
      `select o.act from outbound_exchanges o join bodies b on b.id = o.body_id where b.state = 'erased'`,
    );
  await eventually(async () => {
    while (await a.vault.erasure.sweepRetention());
    return (await erasedActs()).length > 0;
  });
  t.same(await erasedActs(), [{ act: 'document.push' }]);
  const [proposal] = await a.agreements.evidence(id);
  t.equal(sha256(proposal?.manifest ?? ''), id, 'the version can still be computed from what was signed');
});
