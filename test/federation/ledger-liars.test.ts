// A host that lies in its ledger, with its own keys, to a real guest: each lie is caught, and the guest holds what the
// host signed. The proofs are checked here as an arbiter would, with the host's public keys and another JOSE library.
import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import t, { type Test } from 'tap';
import { entryHash, type LedgerEntry, originOf } from '../../src/protocol/ledger/entry.ts';
import { type ApiClient, createApiClient } from '../support/api.ts';
import { craft, put } from '../support/craft.ts';
import { eventually, type TestNode } from '../support/node.ts';
import { inDays, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

type Proof = {
  act: string;
  iss: string;
  envelope: string;
  manifest?: string;
  records: { event: string; issuer: string; jws: string }[];
};

/** A host whose own node says nothing of its ledger, so that what it says can be made up. */
async function startLiar(t: Test) {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  await sql(
    host,
    `insert into ledger_tellings (agreement, lane, peer, due_at) values ($1, 'entries', $2, 'infinity'),
      ($1, 'sayings', $2, 'infinity')`,
    [agreement, guest.url],
  );
  const api = await createApiClient(guest, 'operator');
  /** What an honest host would say. */
  const written = async () => {
    const { items } = await host.ledger.entries(agreement, { side: 'hosted', after: 0, limit: 100 });
    return items.map(
      ({ seq, prev, kind, exchange, category, weight, total, at, of }): LedgerEntry => ({
        ...{ seq, prev, kind, exchange, category, weight, total, at, ...(of !== undefined && { of }) },
      }),
    );
  };
  const say = async (act: string, body: object) => {
    const crafted = await craft(host, guest, { act, content: null, body: { agreement, ...body } });
    const { status, json, type } = await put(guest, crafted);
    const code = type?.includes('problem') === true ? String(json()['code']) : undefined;
    return { status, code, jti: crafted.jti };
  };
  const tell = (entries: readonly LedgerEntry[]) => say('ledger.entries', { entries });
  const faults = async () => {
    const { body } = await api.call('GET', `/v1/ledger/${agreement}/entries?side=granted&faulty=true`);
    return (body['entries'] as { seq: number; fault: string }[]).map(({ seq, fault }) => `${seq} ${fault}`);
  };
  return { ...pair, api, written, say, tell, faults };
}

/** Chains entries anew after they were changed. */
function rechain(
  entries: readonly LedgerEntry[],
  agreement: string,
  pair: { host: TestNode; guest: TestNode },
) {
  let prev = originOf({ agreement, host: pair.host.url, guest: pair.guest.url });
  let total = 0;
  return entries.map((entry, at) => {
    total += entry.kind === 'post' ? entry.weight : -entry.weight;
    const next = { ...entry, seq: at + 1, prev, total };
    prev = entryHash(next);
    return next;
  });
}

const payloadOf = (jws: string) =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

/** What an arbiter does: the signatures under the host's published keys, and the manifest that the envelope signs. */
async function checkSigned(host: TestNode, proofs: readonly Proof[]): Promise<Record<string, unknown>[]> {
  const statement = await (await fetch(`${host.url}/.well-known/openid-federation`)).text();
  const metadata = payloadOf(statement)['metadata'] as { ivx_node: { jwks: { keys: JWK[] } } };
  const verify = async (jws: string) => {
    const jwk = metadata.ivx_node.jwks.keys.find(({ kid }) => kid === decodeProtectedHeader(jws).kid);
    if (jwk === undefined) throw new Error('not a key of the host');
    await compactVerify(jws, await importJWK(jwk));
    return payloadOf(jws);
  };
  const signed = [];
  for (const { iss, envelope, manifest, records } of proofs) {
    const receipts = records.filter(({ issuer, event }) => issuer === host.url && event.startsWith('Relay'));
    for (const { jws } of receipts) signed.push(await verify(jws));
    if (iss !== host.url) continue;
    const claims = await verify(envelope);
    const digest = createHash('sha256')
      .update(manifest ?? '')
      .digest('base64url');
    if ((claims['manifest'] as { sha256: string }).sha256 !== digest) throw new Error('another manifest');
    signed.push(JSON.parse(manifest ?? '{}').body);
  }
  return signed;
}

async function proofOf(api: ApiClient, agreement: string, seq: number): Promise<Proof[]> {
  const { body } = await api.call('GET', `/v1/ledger/${agreement}/entries/${seq}/evidence?side=granted`);
  return body['exchanges'] as Proof[];
}

t.test('it inflates', async (t) => {
  const pair = await startLiar(t);
  const { host, guest, agreement, api, written, tell, faults } = pair;
  await sendAndWait(pair);
  const second = await sendAndWait(pair);
  const [first, heavier] = (await written()) as [LedgerEntry, LedgerEntry];
  const nobody = { ...first, exchange: '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70' };
  const lies = rechain([first, { ...heavier, weight: 9 }, nobody, first], agreement, pair);
  t.equal((await tell(lies)).status, 201, 'taken, so that the sequence goes on');
  t.same(await faults(), ['2 weight', '3 unknown', '4 duplicate']);
  t.match((await api.call('GET', `/v1/ledger/${agreement}`)).body, {
    granted: { total: 12, acknowledged: 1 },
    openDisputes: 3,
  });
  const { disputes } = (await api.call('GET', `/v1/ledger/${agreement}/disputes?open=true`)).body as {
    disputes: object[];
  };
  t.match(disputes, [{ seq: 2, exchange: second.id }, { seq: 3 }, { seq: 4, exchange: first.exchange }]);

  const proof = await proofOf(api, agreement, 2);
  const signed = await checkSigned(host, proof);
  const receipt = signed.find((claims) => claims['event'] === 'RelayAcceptance' && 'outcome' in claims);
  t.match(receipt, { env: { jti: second.id } }, 'it took one message');
  const told = signed.find((claims) => 'entries' in claims) as { entries: LedgerEntry[] };
  t.match(told.entries[1], { exchange: second.id, category: 'advice', weight: 9 }, 'and posts nine units');
  const { terms } = await guest.agreements.show(agreement);
  t.equal(terms.weights.advice, 1, 'where the agreement says one');
});

t.test('it adds up wrong', async (t) => {
  const pair = await startLiar(t);
  const { agreement, api, host, written, tell, faults } = pair;
  await sendAndWait(pair);
  const [first] = (await written()) as [LedgerEntry];
  await tell([{ ...first, total: 1_000 }]);
  t.same(await faults(), ['1 total']);
  const [entries] = (await checkSigned(host, await proofOf(api, agreement, 1))).filter(
    (one) => 'entries' in one,
  );
  t.match(entries, { entries: [{ weight: 1, total: 1_000 }] });
});

t.test('it dates back, and forward', async (t) => {
  const pair = await startLiar(t);
  const { agreement, api, host, written, tell, faults } = pair;
  const sent = await sendAndWait(pair);
  const [first] = (await written()) as [LedgerEntry];
  const at = `${new Date(Date.parse(first.at) - 86_400_000).toISOString().slice(0, 19)}Z`;
  await tell([{ ...first, at }]);
  t.same(await faults(), ['1 time']);
  const signed = await checkSigned(host, await proofOf(api, agreement, 1));
  const receipt = signed.find((claims) => claims['outcome'] === 'placed') as { iat: number };
  t.equal(
    `${new Date(receipt.iat * 1000).toISOString().slice(0, 19)}Z`,
    first.at,
    'its own receipt says when',
  );
  t.match(receipt, { env: { jti: sent.id } });
  t.match(
    signed.find((claims) => 'entries' in claims),
    { entries: [{ at }] },
  );
});

t.test('it reorders', async (t) => {
  const pair = await startLiar(t);
  const { agreement, api, host, written, tell, faults } = pair;
  for (let n = 0; n < 3; n++) await sendAndWait(pair);
  // The first message was an hour before the others, on both sides.
  const [{ at: now, exchange }] = (await written()) as [LedgerEntry];
  const earlier = new Date(Date.parse(now) - 3_600_000);
  await sql(pair.guest, 'update ledger_contacts set decided_at = $1 where exchange = $2', [
    earlier,
    exchange,
  ]);
  const [first, second, third] = (await written()) as [LedgerEntry, LedgerEntry, LedgerEntry];
  const at = `${earlier.toISOString().slice(0, 19)}Z`;
  t.match(await tell([second, { ...first, at }]), { status: 422 }, 'the chain is broken');
  await tell(rechain([second, { ...first, at }, third], agreement, pair));
  t.same(await faults(), ['2 order']);
  const signed = await checkSigned(host, await proofOf(api, agreement, 2));
  t.match(
    signed.find((claims) => 'entries' in claims),
    { entries: [{ at: second.at }, { at }] },
  );
});

t.test('it drops an entry', async (t) => {
  const pair = await startLiar(t);
  const { guest, host, agreement, api, written, tell } = pair;
  for (let n = 0; n < 2; n++) await sendAndWait(pair);
  const [first, second] = (await written()) as [LedgerEntry, LedgerEntry];
  t.match(await tell([second]), { status: 409, code: 'ledger.gap' }, 'a number is missing');
  // The dropped one was an hour before the other; both sides have the receipt.
  const earlier = new Date(Date.parse(first.at) - 3_600_000);
  await sql(guest, 'update ledger_contacts set decided_at = $1 where exchange = $2', [
    earlier,
    first.exchange,
  ]);
  await tell(rechain([second], agreement, pair));
  const { disputes } = (await api.call('GET', `/v1/ledger/${agreement}/disputes`)).body as {
    disputes: object[];
  };
  t.match(disputes, [{ exchange: first.exchange, reason: 'missing' }]);
  t.match((await api.call('GET', `/v1/ledger/${agreement}/reconciliation`)).body, {
    differences: [{ kind: 'missing', exchange: first.exchange }],
  });
  const signed = await checkSigned(host, await proofOf(api, agreement, 1));
  t.match(
    signed.find((claims) => 'entries' in claims),
    {
      entries: [{ seq: 1, exchange: second.exchange, at: second.at }],
    },
  );
  const receipts = (await guest.evidence.chain({ iss: guest.url, jti: first.exchange })).filter(
    ({ issuer }) => issuer === host.url,
  );
  const proof = receipts.map(({ jws, event, issuer }) => ({ jws, event, issuer }));
  const [receipt] = await checkSigned(host, [{ act: '', iss: guest.url, envelope: '', records: proof }]);
  t.match(receipt, { event: 'RelayAcceptance', env: { jti: first.exchange } }, 'it took the message');
  t.equal(await heardBy(host), 1, 'and is told');
});

const heardBy = (host: TestNode) =>
  eventually(async () => {
    const { length } = await sql(host, `select 1 from ledger_disputes where role = 'host'`);
    return length > 0 && length;
  });

t.test('it keeps what it has to give back', async (t) => {
  const pair = await startLiar(t);
  const { guest, agreement, api, written, tell, say } = pair;
  const later = await sendAndWait(pair, { notBefore: inDays(1) });
  const [first] = (await written()) as [LedgerEntry];
  await tell([first]);
  await guest.slots.messages.withdraw(later.id);
  await eventually(async () => (await guest.slots.messages.show(later.id)).withdrawalAcknowledgedAt !== null);
  // All of it was two hours ago.
  const [row] = await sql(
    guest,
    `update ledger_contacts set withdrawn_at = withdrawn_at - interval '2 hours' returning withdrawn_at`,
  );
  t.ok(row);
  const counts = [{ category: 'advice', weight: 1, posted: 1, reversed: 0 }];
  const until = `${new Date().toISOString().slice(0, 19)}Z`;
  const statement = {
    number: 1,
    first: 1,
    last: 1,
    head: entryHash(first),
    opening: 0,
    closing: 1,
    counts,
    until,
  };
  t.equal((await say('ledger.statement', statement)).status, 201);
  t.match((await api.call('GET', `/v1/ledger/${agreement}/disputes`)).body, {
    disputes: [{ seq: 1, exchange: later.id, reason: 'unreversed' }],
  });
  t.match((await api.call('GET', `/v1/ledger/${agreement}/statements/1?side=granted`)).body, {
    state: 'disputed',
  });
});

t.test('it tells two histories', async (t) => {
  const pair = await startLiar(t);
  const { guest, host, agreement, api, written, tell } = pair;
  for (let n = 0; n < 2; n++) await sendAndWait(pair);
  const [first, second] = (await written()) as [LedgerEntry, LedgerEntry];
  t.equal((await tell([first, second])).status, 201);
  t.equal((await tell([first, second])).status, 201, 'said again it is no other history');
  const [other] = rechain([second], agreement, pair) as [LedgerEntry];
  const forked = await tell([other]);
  t.equal(forked.status, 422);
  t.match(await sql(guest, 'select reason from inbound_exchanges where jti = $1', [forked.jti]), [
    { reason: 'ledger.fork' },
  ]);
  const { body } = await api.call('GET', `/v1/ledger/${agreement}/forks`);
  const signed = await checkSigned(host, body['exchanges'] as Proof[]);
  const told = signed.flatMap((claims) => (claims['entries'] ?? []) as LedgerEntry[]);
  const hashes = new Set(told.filter(({ seq }) => seq === 1).map(entryHash));
  t.equal(hashes.size, 2, 'two entries of one number, both signed');
  t.match((await guest.evidence.chain({ iss: host.url, jti: forked.jti })).map(({ event }) => event).sort(), [
    'LedgerChanged',
    'RelayRejection',
  ]);

  t.match((await api.call('GET', `/v1/ledger/${agreement}`)).body, { suspendedAt: String });
  await t.rejects(sendAndWait(pair), { code: 'ledger.suspended' }, 'nothing more is sent');
  const back = { ...pair, guest: host, host: guest };
  t.match(await sendAndWait(back), { state: 'refused', code: 'ledger.suspended' }, 'nor taken');
  t.match((await api.call('POST', `/v1/ledger/${agreement}/resume`)).body, { agreement });
  t.match((await api.call('POST', `/v1/ledger/${agreement}/resume`)).body, { code: 'ledger.not_suspended' });
  t.match(await sendAndWait(pair), { state: 'placed' }, 'once people have looked');
});

t.test('it chains onto what it never told', async (t) => {
  const pair = await startLiar(t);
  const { agreement, written, tell } = pair;
  for (let n = 0; n < 3; n++) await sendAndWait(pair);
  const [first, second, third] = (await written()) as [LedgerEntry, LedgerEntry, LedgerEntry];
  await tell([first]);
  const [, hidden, next] = rechain([first, third, second], agreement, pair) as LedgerEntry[];
  t.ok(hidden);
  t.equal((await tell([{ ...(next as LedgerEntry), seq: 2 }])).status, 422);
});

t.test('it states what is not so', async (t) => {
  const pair = await startLiar(t);
  const { agreement, api, written, tell, say, host } = pair;
  for (let n = 0; n < 2; n++) await sendAndWait(pair);
  const entries = (await written()) as [LedgerEntry, LedgerEntry];
  const until = `${new Date().toISOString().slice(0, 19)}Z`;
  const counts = [{ category: 'advice', weight: 1, posted: 2, reversed: 0 }];
  const head = entryHash(entries[1]);
  const right = { number: 1, first: 1, last: 2, head, opening: 0, closing: 2, counts, until };
  t.match(await say('ledger.statement', right), { status: 409, code: 'ledger.gap' }, 'before its entries');
  await tell(entries);
  const more = [{ category: 'advice', weight: 1, posted: 4, reversed: 2 }];
  t.equal((await say('ledger.statement', { ...right, counts: more })).status, 201);
  const shown = (await api.call('GET', `/v1/ledger/${agreement}/statements/1?side=granted`)).body;
  t.match(shown, { state: 'disputed', fault: 'counts' });
  const signed = await checkSigned(host, shown['exchanges'] as Proof[]);
  t.match(signed[0], { counts: more }, 'as it signed it');
  t.equal((await say('ledger.statement', right)).status, 422, 'another statement of this number');
  t.match((await api.call('GET', `/v1/ledger/${agreement}`)).body, { suspendedAt: String });
});

t.test('a guest that answers what was never stated', async (t) => {
  const pair = await startLiar(t);
  const { guest, host, agreement, written } = pair;
  const { id } = await sendAndWait(pair);
  const [entry] = (await written()) as [LedgerEntry];
  const answer = async (act: string, body: object) => {
    const crafted = await craft(guest, host, { act, content: null, body: { agreement, ...body } });
    const { status, json, type } = await put(host, crafted);
    const problem = type?.includes('problem') === true ? json()['code'] : undefined;
    const [row] = await sql(host, 'select reason from inbound_exchanges where jti = $1', [crafted.jti]);
    return [status, problem ?? row?.['reason'] ?? null];
  };
  const head = entryHash(entry);
  t.same(await answer('ledger.countersign', { number: 1, head, closing: 1 }), [404, 'ledger.unknown']);
  await host.ledger.state(agreement);
  t.same(await answer('ledger.countersign', { number: 1, head, closing: 2 }), [422, 'ledger.mismatch']);
  t.same(await answer('ledger.countersign', { number: 1, head, closing: 1 }), [201, null]);
  const wrong = (item: object) => answer('ledger.dispute', { items: [item] });
  t.same(await wrong({ seq: 2, exchange: id, reason: 'weight' }), [404, 'ledger.unknown']);
  t.same(await wrong({ seq: 1, exchange: id, reason: 'missing' }), [422, 'ledger.mismatch']);
  t.same(await wrong({ exchange: id, reason: 'weight' }), [422, 'ledger.mismatch']);
  t.same(await wrong({ seq: 1, exchange: id, reason: 'weight' }), [201, null]);
  const answered = { items: [], statement: { number: 1 } };
  t.same(await answer('ledger.dispute', answered), [201, null]);
  t.match(
    await sql(host, 'select state from ledger_statements'),
    [{ state: 'countersigned' }],
    'and stays so',
  );
  t.same(await answer('ledger.dispute', { items: [], statement: { number: 2 } }), [404, 'ledger.unknown']);
});
