// What proves messages, conversations and pauses of slots, read over the institution API of real nodes and checked with
// nothing but both sides' public keys.
import t from 'tap';
import { verifyExchangeChain } from '../../src/protocol/evidence-chain.ts';
import { verifyEvidence } from '../../src/protocol/evidence-record.ts';
import { importPublicJwk, type VerificationKey } from '../../src/protocol/jose/keys.ts';
import { clientWith, createApiClient, issueTestSession } from '../support/api.ts';
import { answer, openCustomer, type Said } from '../support/customer.ts';
import type { TestNode } from '../support/node.ts';
import { type SlotPair, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

type Chain = { envelope: string | null; records: { event: string; issuer: string; jws: string }[] };

const NOWHERE = '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70';

/** The exchange keys of both sides, as each node lists its own. */
async function findKeyOf({ guest, host }: SlotPair) {
  const keys = new Map<string, VerificationKey>();
  for (const node of [guest, host]) {
    const { body } = await (await createApiClient(node, 'operator')).call('GET', '/v1/keys');
    for (const { kid, purpose, jwk } of body['keys'] as { kid: string; purpose: string; jwk: unknown }[]) {
      const imported = importPublicJwk(jwk);
      if (purpose === 'exchange' && imported.ok) keys.set(`${node.url} ${kid}`, imported.key);
    }
  }
  return (issuer: string, kid: string) => keys.get(`${issuer} ${kid}`);
}

async function verify(pair: SlotPair, jti: string, holder: 'sender' | 'recipient', body: object) {
  const { envelope, records } = body as Chain;
  return verifyExchangeChain(
    { jti, holder, envelope: envelope ?? '', records: records.map(({ jws }) => jws) },
    await findKeyOf(pair),
  );
}

async function read(node: TestNode, role: 'operator' | 'integrator' | 'vault' | 'auditor', path: string) {
  return (await createApiClient(node, role, { subject: `reads-${role}` })).call('GET', path);
}

t.test('of a message, placed or refused', async (t) => {
  const caps = [{ scope: 'slot', max: 1, per: 1, unit: 'day', counts: 'placed' }] as const;
  const pair = await startSlotPair(t, { grant: { caps: [...caps] } });
  const { guest, host } = pair;
  const placed = await sendAndWait(pair);
  const refused = await sendAndWait(pair);
  t.match([placed, refused], [{ state: 'placed' }, { state: 'refused', code: 'message.cap' }]);
  const at = (id: string) => `/v1/messages/${id}/evidence`;

  for (const role of ['operator', 'integrator', 'auditor'] as const) {
    const { status, body } = await read(guest, role, at(placed.id));
    t.equal(status, 200, role);
    t.same(Object.keys(body), ['envelope', 'records'], 'and no manifest, which has the text');
    const report = await verify(pair, placed.id, 'sender', body);
    t.match(report, { ok: true, outcome: 'accepted', envelope: { act: 'slot.message', aud: host.url } });
    t.same(
      (body as unknown as Chain).records.map(({ event }) => event),
      ['SubmissionAcceptance', 'RelayAcceptance', 'ReceiptStored'],
    );
  }

  const { body } = await read(guest, 'integrator', at(refused.id));
  const report = await verify(pair, refused.id, 'sender', body);
  t.match(report, { ok: true, outcome: 'rejected' });
  t.match(
    report.entries.find(({ event }) => event === 'RelayRejection'),
    { issuer: host.url, reason: 'message.cap' },
    'the host signed why',
  );

  t.match(await read(guest, 'vault', at(placed.id)), { status: 403, body: { code: 'auth.forbidden' } });
  for (const [node, id] of [
    [guest, NOWHERE],
    [host, placed.id],
  ] as const) {
    const found = await read(node, 'operator', at(id));
    t.match(found, { status: 404, body: { code: 'message.not_found' } });
  }
  t.same(
    await sql(guest, `select action, role from access_journal where actor like 'reads-%'`),
    [{ action: 'getMessageEvidence', role: 'auditor' }],
    'an auditor’s read is journaled',
  );
});

t.test('of a word and its answer, at either side', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host } = pair;
  const { say, sayNow, crm } = await openCustomer(pair);
  const word = await sayNow({ kind: 'reply', peer: guest.url, text: 'Bonjour', language: 'fr' });
  const { id: reply } = (await answer(pair, crm, word.id)) as { id: string };
  const at = (id: string) => `/v1/replies/${id}/evidence`;

  for (const [node, role, id, holder] of [
    [host, 'vault', word.id, 'sender'],
    [guest, 'integrator', word.id, 'recipient'],
    [guest, 'auditor', reply, 'sender'],
    [host, 'operator', reply, 'recipient'],
  ] as const) {
    const { status, body } = await read(node, role, at(id));
    t.equal(status, 200, `${role}, as the ${holder}`);
    const report = await verify(pair, id, holder, body);
    t.match(report, { ok: true, outcome: 'accepted', envelope: { act: 'slot.reply' } });
  }

  const waits = (await say({ kind: 'callback', peer: guest.url })).body as unknown as Said;
  const { body: early } = await read(host, 'vault', at(waits.id));
  t.match(await verify(pair, waits.id, 'sender', early), { ok: true, outcome: 'open' }, 'on its way');

  await sql(
    guest,
    `insert into replies (iss, jti, peer, link_id, thread, said_by, kind, body_id, at, state)
     select peer, jti, peer, link_id, thread, 'customer', 'reply', body_id, at, 'accepted' from replies where jti = $1`,
    [reply],
  );
  const { body } = await read(guest, 'integrator', at(reply));
  t.match(await verify(pair, reply, 'sender', body), { ok: true }, 'a peer that takes our id hides nothing');

  t.match(await read(guest, 'operator', at(NOWHERE)), { status: 404, body: { code: 'reply.not_found' } });
  const { token } = await issueTestSession(host, { customer: NOWHERE });
  t.match(await clientWith(host, token).call('GET', at(word.id)), {
    status: 403,
    body: { code: 'auth.forbidden' },
  });
});

t.test('of a slot that is paused, and opened again', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host } = pair;
  const vault = await createApiClient(host, 'vault', { subject: 'front-office' });
  const operator = await createApiClient(host, 'operator', { subject: 'marie' });
  const at = `/v1/slots/${Buffer.from(guest.url).toString('base64url')}/home-card`;
  const json = { reason: 'Complaints since Monday' };
  const signed = async () => {
    const findKey = await findKeyOf(pair);
    const rows = await sql(host, `select jws from evidence_records where event = 'SlotChanged' order by id`);
    return Promise.all(
      rows.map(async ({ jws }) => {
        const verified = await verifyEvidence(String(jws), (kid) => findKey(host.url, kid));
        return verified.ok ? verified.claims : verified.reason;
      }),
    );
  };
  const journal = () =>
    sql(
      host,
      `select actor, role, action, outcome, detail from access_journal where action like 'slot.%' order by id`,
    );

  for (const [table, rule] of [
    ['evidence_records', `event <> 'SlotChanged'`],
    ['access_journal', `action <> 'slot.pause'`],
  ] as const) {
    await sql(host, `alter table ${table} add constraint refused check (${rule})`);
    t.equal((await vault.call('POST', `${at}/pause`, { json })).status, 500, table);
    await sql(host, `alter table ${table} drop constraint refused`);
    t.match((await vault.call('GET', '/v1/slots')).body, { slots: [{ state: 'open' }] }, 'all or nothing');
  }
  t.same([await signed(), await journal()], [[], []]);

  const paused = await Promise.all([1, 2, 3, 4].map(() => vault.call('POST', `${at}/pause`, { json })));
  t.same(
    paused.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  const again = await operator.call('POST', `${at}/pause`, { json: { reason: 'Still' } });
  t.match(again.body, { state: 'paused', pausedReason: 'Still' });
  t.equal(again.body['pausedAt'], paused[0]?.body['pausedAt'], 'since the first');
  t.equal((await operator.call('POST', `${at}/resume`)).status, 200);
  t.equal((await operator.call('POST', `${at}/resume`)).status, 200);

  const claims = await signed();
  t.match(claims, [
    { iss: host.url, peer: guest.url, subject: 'slot:home-card:paused' },
    { iss: host.url, peer: guest.url, subject: 'slot:home-card:resumed' },
  ]);
  t.equal(claims.length, 2, 'one for each change');
  t.notMatch(JSON.stringify(claims), /Complaints|Still|marie|front-office/, 'nor why, nor who');

  const entry = { outcome: 'ok', detail: `${guest.url} home-card` };
  const byVault = { actor: 'front-office', role: 'vault', action: 'slot.pause', ...entry };
  const byOperator = { actor: 'marie', role: 'operator', ...entry };
  t.same(await journal(), [
    ...[byVault, byVault, byVault, byVault],
    { ...byOperator, action: 'slot.pause' },
    ...[
      { ...byOperator, action: 'slot.resume' },
      { ...byOperator, action: 'slot.resume' },
    ],
  ]);
});
