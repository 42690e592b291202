// What a peer of a newer version answers, and proposes: believed as far as this version knows it, and nothing lost.
import t from 'tap';
import { agree, proposeOver, termsBetween, untilAgreement } from '../support/agreement.ts';
import { createApiClient } from '../support/api.ts';
import { craft, put } from '../support/craft.ts';
import { startHop } from '../support/hop.ts';
import { untilBooksAgree } from '../support/ledger.ts';
import { answerOtherwise, refuseWith } from '../support/newer-peer.ts';
import { eventually, peerNodes, startTestNode } from '../support/node.ts';
import { grantWith, inDays, message, sendAndWait, slotGrant, sql, startSlotPair } from '../support/slot.ts';

t.test('receipts that say more than this version knows', async (t) => {
  const hop = await startHop(t);
  const pair = await startSlotPair(t, { hop });
  const { guest, host, agreement } = pair;
  const { priority: _priority, ...given } = message();
  for (const [name, more] of [
    ['an event', { event: 'RelayForward' }],
    ['a claim', { shownIn: 'home' }],
    ['an outcome', { outcome: 'queued' }],
    ['a time in another form', { nextEligibleAt: '2026-11-23T08:00:00+01:00' }],
    [
      'a refusal that names an outcome',
      { event: 'RelayRejection', reason: 'message.cap', outcome: 'placed' },
    ],
  ] as const) {
    const before = hop.puts;
    hop.onPut = answerOtherwise(host, hop, (receipt) => ({ ...receipt, ...more }));
    const id = await guest.slots.messages.send({ link: pair.link, ...given }, 'test');
    await eventually(async () => hop.puts >= before + 2);
    const [waiting] = await eventually(async () => {
      const rows = await sql(
        guest,
        `select last_code, task from deliveries where jti = $1 and last_code is not null`,
        [id],
      );
      return rows.length === 1 && rows;
    });
    t.same(waiting, { last_code: 'receipt.invalid', task: 'send' }, name);
    t.match(await guest.slots.messages.show(id), { state: 'submitted' }, name);
    const records = async () =>
      (await guest.evidence.chain({ iss: guest.url, jti: id })).map(({ event }) => event);
    t.same(await records(), ['SubmissionAcceptance'], 'not kept as evidence');
    hop.onPut = undefined;
    await guest.outbox.retryNow(id);
    await eventually(async () => (await guest.slots.messages.show(id)).state === 'placed', 30_000);
    t.same(await records(), ['SubmissionAcceptance', 'RelayAcceptance', 'ReceiptStored'], name);
    t.equal(
      (await sql(host, 'select 1 from hosted_messages where jti = $1', [id])).length,
      1,
      'decided once',
    );
  }
  const { a, b } = await untilBooksAgree(guest, host, agreement);
  t.equal(b.host.total, 5);
  t.equal(a.balance + b.balance, 0);
});

t.test('a refusal of a newer version', async (t) => {
  const hop = await startHop(t);
  const pair = await startSlotPair(t, { hop });
  const crm = await createApiClient(pair.guest, 'integrator');
  hop.onPut = refuseWith(pair.host, 'message.too_loud');
  const refused = await sendAndWait(pair);
  t.match(
    refused,
    { state: 'refused', code: 'message.too_loud', nextEligibleAt: null },
    'a receipt is a decision',
  );
  t.match((await crm.call('GET', `/v1/messages/${refused.id}`)).body, {
    state: 'refused',
    code: 'message.too_loud',
  });
  t.match(
    await sql(pair.guest, 'select state from ledger_contacts'),
    [{ state: 'refused' }],
    'and counts for nothing',
  );
  hop.onPut = undefined;
  t.match(await sendAndWait(pair), { state: 'placed' });
});

t.test('a preflight that a newer host answers', async (t) => {
  const hop = await startHop(t);
  const pair = await startSlotPair(t, { hop });
  const crm = await createApiClient(pair.guest, 'integrator');
  const { priority: _priority, ...given } = message();
  const answered = async (answer: object) => {
    hop.onOther = (incoming, outgoing, forward) => {
      if (incoming.url?.endsWith('/preflight') !== true) return forward();
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    };
    return crm.call('POST', '/v1/messages/preflight', { json: { link: pair.link, ...given } });
  };
  t.match(await answered({ outcome: 'queued' }), { status: 502, body: { code: 'message.unanswered' } });
  t.match(await answered({ outcome: 'refused' }), { status: 502, body: { code: 'message.unanswered' } });
  t.match(await answered({ outcome: 'refused', code: 'message.too_loud' }), {
    status: 200,
    body: { outcome: 'refused', code: 'message.too_loud' },
  });
  t.same((await answered({ outcome: 'placed', shownIn: 'home' })).body, { outcome: 'placed' });
});

t.test('terms that this version doesn’t know are refused, on both sides', async (t) => {
  const hop = await startHop(t);
  const [newer, older] = [await startTestNode(t), await startTestNode(t, { hop })];
  await peerNodes(newer, older);
  const terms = termsBetween(newer, older, { grant: grantWith(slotGrant()) });
  const withSlot = (more: object) => {
    const grant = { ...grantWith(slotGrant()), slots: [{ ...slotGrant(), ...more }] };
    return { ...terms, hosts: { [newer.url]: grant, [older.url]: grant } };
  };
  for (const [name, newerTerms] of [
    ['a member', { ...terms, currency: 'EUR' }],
    ['a policy', { ...terms, imbalance: { ...terms.imbalance, policy: 'bill' } }],
    ['a weight', { ...terms, weights: { ...terms.weights, news: 2 } }],
    ['a period', { ...terms, statement: { period: 'year' } }],
    ['a member of a slot', withSlot({ audience: 'all' })],
    ['a placement', withSlot({ placement: 'watch' })],
    ['a category', withSlot({ categories: ['advice', 'news'] })],
    [
      'what a cap counts',
      withSlot({ caps: [{ scope: 'slot', max: 1, per: 1, unit: 'day', counts: 'opened' }] }),
    ],
    [
      'the unit of a cap',
      withSlot({ caps: [{ scope: 'slot', max: 1, per: 1, unit: 'month', counts: 'placed' }] }),
    ],
    ['a way to a person', withSlot({ human: { kind: 'video', url: 'https://a.example' } })],
  ] as const) {
    const body = { rev: 1, expiresAt: inDays(7), terms: newerTerms };
    const crafted = await craft(newer, older, { act: 'agreement.propose', content: null, body });
    t.equal((await put(older, crafted)).status, 422, name);
    const row = await sql(older, 'select reason, body_id from inbound_exchanges where jti = $1', [
      crafted.jti,
    ]);
    t.same(row, [{ reason: 'manifest.invalid', body_id: null }], name);
  }
  t.same(await sql(older, 'select 1 from agreement_versions'), []);

  // What the proposer makes of such an answer.
  hop.onPut = refuseWith(older, 'manifest.invalid');
  const api = await createApiClient(newer, 'operator');
  const { body: proposed } = await proposeOver(api, older.url, terms);
  await untilAgreement(newer, proposed.id, 'refused');
  t.match((await api.call('GET', `/v1/agreements/${proposed.id}`)).body, {
    state: 'refused',
    reason: 'manifest.invalid',
  });
  t.same(await sql(older, 'select 1 from agreement_versions'), [], 'neither has an open proposal');
  hop.onPut = undefined;
  const id = await agree(newer, older, terms);
  for (const node of [newer, older])
    t.equal((await node.agreements.show(id)).state, 'agreed', 'what both know can be agreed');
});
