// Statements between two real nodes: closed by the host, held against the guest's book, countersigned or disputed.
import t from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { parseEnvelope } from '../../src/protocol/envelope.ts';
import { createApiClient } from '../support/api.ts';
import { untilBooksAgree } from '../support/ledger.ts';
import { eventually } from '../support/node.ts';
import { inDays, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

type Proof = { act: string; envelope: string; manifest: string; records: { event: string }[] };

t.test('a statement is countersigned, and both sides hold both signatures', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  const [atGuest, atHost] = [
    await createApiClient(guest, 'operator'),
    await createApiClient(host, 'operator'),
  ];
  const at = `/v1/ledger/${agreement}`;
  t.match(await atHost.call('POST', `${at}/statements`), {
    status: 404,
    body: { code: 'ledger.account_not_found' },
  });
  for (const category of ['advice', 'offer', 'offer', 'service'] as const)
    await sendAndWait(pair, { category });
  const later = await sendAndWait(pair, { notBefore: inDays(2) });
  await guest.slots.messages.withdraw(later.id);
  await eventually(async () => (await sql(host, 'select 1 from ledger_entries')).length === 6);

  const stated = await atHost.call('POST', `${at}/statements`);
  t.equal(stated.status, 201);
  t.match(stated.body, {
    ...{ number: 1, first: 1, last: 6, opening: 0, closing: 7, state: 'open' },
    counts: [
      { category: 'service', weight: 0, posted: 1, reversed: 0 },
      { category: 'advice', weight: 1, posted: 2, reversed: 1 },
      { category: 'offer', weight: 3, posted: 2, reversed: 0 },
    ],
  });
  const countersigned = await eventually(async () => {
    const { body } = await atHost.call('GET', `${at}/statements/1?side=hosted`);
    return body['state'] === 'countersigned' && body;
  });
  t.match((await atGuest.call('GET', `${at}/statements?side=granted`)).body, {
    statements: [{ number: 1, state: 'countersigned', head: countersigned['head'] }],
  });
  for (const [api, side] of [
    [atHost, 'hosted'],
    [atGuest, 'granted'],
  ] as const) {
    const proofs = await eventually(async () => {
      const { body } = await api.call('GET', `${at}/statements/1?side=${side}`);
      const exchanges = body['exchanges'] as Proof[];
      return (
        exchanges.every(({ records }) => records.some(({ event }) => event === 'RelayAcceptance')) &&
        exchanges
      );
    });
    t.same(proofs.map(({ act }) => act).sort(), ['ledger.countersign', 'ledger.statement'], side);
    for (const { envelope, manifest } of proofs) {
      const parsed = parseEnvelope(envelope);
      t.match(parsed.ok && parsed.jws.claims['manifest'], { sha256: sha256(manifest) }, 'as it was signed');
      t.notMatch(manifest, /texts|link|customer/, 'nothing of a customer');
    }
  }
  t.match((await atHost.call('POST', `${at}/statements`)).body, { code: 'ledger.nothing_new' });
  await sendAndWait(pair);
  t.match((await atHost.call('POST', `${at}/statements`)).body, {
    number: 2,
    first: 7,
    opening: 7,
    closing: 8,
  });
});

t.test('a period that is over is stated by itself, and nothing is written into it later', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  await sendAndWait(pair);
  await sendAndWait(pair);
  await untilBooksAgree(guest, host, agreement);
  // The clock of the books is the database's: the first message becomes last month's, on both sides.
  const before = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 19);
  for (const node of [guest, host]) {
    await sql(node, `update ledger_entries set at = $1 where seq = 1`, [before]);
  }
  await host.ledger.sweepStatements();
  const [stated] = (await host.ledger.statements(agreement, { side: 'hosted', limit: 10 })).items;
  t.match(stated, { number: 1, first: 1, last: 1 });
  t.equal(stated?.until.slice(8), '01T00:00:00Z');
  await host.ledger.sweepStatements();
  t.equal((await host.ledger.statements(agreement, { side: 'hosted', limit: 10 })).items.length, 1);
});

t.test('a dispute by entry is settled by a reversal', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  const [atGuest, atHost] = [
    await createApiClient(guest, 'operator'),
    await createApiClient(host, 'operator'),
  ];
  const at = `/v1/ledger/${agreement}`;
  const first = await sendAndWait(pair);
  await untilBooksAgree(guest, host, agreement);
  // The guest's own note says that it is worth less: whoever is right, the two differ.
  await sql(
    guest,
    `create function heavier() returns trigger language plpgsql as $$
    begin new.weight := 2; return new; end $$`,
  );
  await sql(
    guest,
    'create trigger heavier before insert on ledger_contacts for each row execute function heavier()',
  );
  const second = await sendAndWait(pair);
  await sql(guest, 'drop trigger heavier on ledger_contacts');
  const disputed = await eventually(async () => {
    const { body } = await atHost.call('GET', `${at}/disputes?open=true`);
    return (body['disputes'] as object[]).length > 0 && body;
  });
  t.match(disputed, { disputes: [{ side: 'hosted', seq: 2, exchange: second.id, reason: 'weight' }] });
  t.match((await atGuest.call('GET', `${at}/entries?side=granted&faulty=true`)).body, {
    entries: [{ seq: 2, fault: 'weight' }],
  });
  t.match((await atGuest.call('GET', at)).body, {
    granted: { total: 2, acknowledged: 1 },
    openDisputes: 1,
    balance: -1,
  });
  t.match((await atGuest.call('GET', `${at}/reconciliation`)).body, {
    differences: [{ kind: 'disputed', exchange: second.id, units: 1, reason: 'weight' }],
  });

  await atHost.call('POST', `${at}/statements`);
  const answered = await eventually(async () => {
    const { body } = await atHost.call('GET', `${at}/statements/1?side=hosted`);
    return body['state'] === 'disputed' && body;
  });
  const answers = (answered['exchanges'] as Proof[]).filter(({ act }) => act === 'ledger.dispute');
  t.match(JSON.parse(answers[0]?.manifest ?? '{}'), {
    body: { items: [{ seq: 2, reason: 'weight' }], statement: { number: 1 } },
  });

  const reversed = await atHost.call('POST', `${at}/entries/2/reverse`);
  t.match(reversed, { status: 201, body: { kind: 'reverse', of: 2, total: 1 } });
  t.match((await atHost.call('POST', `${at}/entries/2/reverse`)).body, { code: 'ledger.reversed' });
  t.match((await atHost.call('POST', `${at}/entries/3/reverse`)).body, { code: 'ledger.entry_not_found' });
  const { a, b } = await untilBooksAgree(guest, host, agreement);
  t.equal(a.balance + b.balance, 0);
  for (const api of [atGuest, atHost])
    t.same((await api.call('GET', `${at}/disputes?open=true`)).body['disputes'], []);
  t.match((await atGuest.call('GET', `${at}/disputes?limit=1`)).body, { disputes: [{ resolvedAt: String }] });
  t.match((await atGuest.call('POST', `${at}/statements/1/countersign`)).body, { state: 'countersigned' });
  await eventually(async () => {
    const { body } = await atHost.call('GET', `${at}/statements/1?side=hosted`);
    return body['state'] === 'countersigned';
  });
  t.ok(first.id);
});
