// Proposals that are answered, cross, expire or are taken back, between two real nodes.
import t, { type Test } from 'tap';
import { agree, proposeOver, termsBetween, untilAgreement } from '../support/agreement.ts';
import { createApiClient } from '../support/api.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { eventually, peerNodes, startTestNode, type TestNode } from '../support/node.ts';

async function startPair(t: Test): Promise<{ a: TestNode; b: TestNode; toA: Hop; toB: Hop }> {
  const [toA, toB] = [await startHop(t), await startHop(t)];
  const [a, b] = [await startTestNode(t, { hop: toA }), await startTestNode(t, { hop: toB })];
  await peerNodes(a, b);
  return { a, b, toA, toB };
}

const stateAt = async (node: TestNode, id: string) =>
  (await node.agreements.show(id).catch(() => undefined))?.state;

/** The next PUTs wait until they are let go. */
function hold(hop: Hop): () => void {
  const gone = Promise.withResolvers<void>();
  hop.onPut = async (_incoming, _outgoing, forward) => {
    await gone.promise;
    forward();
  };
  return () => {
    hop.onPut = undefined;
    gone.resolve();
  };
}

t.test('declined, withdrawn, countered', async (t) => {
  const { a, b } = await startPair(t);
  const [atA, atB] = [await createApiClient(a, 'operator'), await createApiClient(b, 'operator')];
  const first = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await untilAgreement(b, first, 'open');
  t.equal((await proposeOver(atA, b.url, termsBetween(a, b))).body.code, 'agreement.open');
  t.equal((await proposeOver(atB, a.url, termsBetween(a, b))).body.code, 'agreement.open', 'answer it first');
  const own = await atA.call('POST', `/v1/agreements/${first}/accept`);
  t.equal(own.body['code'], 'agreement.own', 'nobody accepts their own');

  const declined = await atB.call('POST', `/v1/agreements/${first}/decline`, { json: { note: 'Trop tôt.' } });
  t.match(declined.body, { state: 'declined' });
  await untilAgreement(a, first, 'declined');
  t.match((await atB.call('POST', `/v1/agreements/${first}/accept`)).body, { code: 'agreement.closed' });
  t.match((await atB.call('POST', `/v1/agreements/${first}/decline`)).body, { state: 'declined' }, 'again');

  const second = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await untilAgreement(b, second, 'open');
  const counter = await proposeOver(atB, a.url, termsBetween(a, b, { noticeDays: 30 }), { declines: second });
  t.equal(counter.status, 201);
  await untilAgreement(a, second, 'declined');
  await untilAgreement(a, counter.body.id, 'open');

  t.match((await atB.call('POST', `/v1/agreements/${counter.body.id}/decline`)).body, { state: 'withdrawn' });
  await untilAgreement(a, counter.body.id, 'withdrawn');
  t.match((await atA.call('POST', `/v1/agreements/${counter.body.id}/accept`)).body, {
    code: 'agreement.closed',
  });
});

t.test('a proposal that is withdrawn before it arrives never does', async (t) => {
  const { a, b, toB } = await startPair(t);
  toB.onPut = (incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('later');
  };
  const id = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await eventually(async () => toB.puts > 0);
  await a.agreements.decline(id);
  toB.onPut = undefined;
  const [proposal] = await eventually(async () => {
    const { exchanges } = await a.agreements.show(id);
    return exchanges[0]?.state === 'failed' && exchanges;
  });
  t.match(proposal, { reason: 'exchange.cancelled' });
  t.equal(await stateAt(a, id), 'withdrawn');
  t.equal(await stateAt(b, id), undefined);
});

t.test('a proposal that arrives although it was withdrawn is taken back', async (t) => {
  const { a, b, toB } = await startPair(t);
  // The answer is lost: what the peer has decided comes out when the sender closes.
  toB.onPut = (_incoming, outgoing, forward) => {
    outgoing.end = (() => outgoing.destroy()) as unknown as typeof outgoing.end;
    forward();
  };
  const id = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await untilAgreement(b, id, 'open');
  await a.agreements.decline(id);
  toB.onPut = undefined;
  await untilAgreement(b, id, 'withdrawn');
  const { exchanges } = await a.agreements.show(id);
  t.same(
    exchanges.map(({ act, state }) => [act, state]),
    [
      ['agreement.propose', 'accepted'],
      ['agreement.decline', 'accepted'],
    ],
  );
});

t.test('both propose at once: one proposal stays, the same at both', async (t) => {
  const { a, b, toA, toB } = await startPair(t);
  const letGo = [hold(toA), hold(toB)];
  const [ofA, ofB] = await Promise.all([
    a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) }),
    b.agreements.propose({ peer: a.url, terms: termsBetween(a, b, { noticeDays: 30 }) }),
  ]);
  await eventually(async () => toA.puts > 0 && toB.puts > 0);
  for (const go of letGo) go();
  const lower = Buffer.compare(Buffer.from(ofA, 'base64url'), Buffer.from(ofB, 'base64url')) < 0;
  const [winner, loser] = lower ? [a, b] : [b, a];
  const [stays, goes] = lower ? [ofA, ofB] : [ofB, ofA];
  await untilAgreement(loser, stays, 'open');
  await untilAgreement(loser, goes, 'crossed');
  t.equal(await stateAt(winner, stays), 'open');
  t.equal(await stateAt(winner, goes), undefined, 'refused, and so never kept');
  await loser.agreements.accept(stays);
  await untilAgreement(loser, stays, 'agreed');
  t.equal(await stateAt(winner, stays), 'agreed');
});

t.test('an acceptance whose answer is lost counts once', async (t) => {
  const { a, b, toA } = await startPair(t);
  const id = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await untilAgreement(b, id, 'open');
  let lost = 0;
  toA.onPut = (_incoming, outgoing, forward) => {
    if (lost++ < 3) outgoing.end = (() => outgoing.destroy()) as unknown as typeof outgoing.end;
    forward();
  };
  await b.agreements.accept(id);
  await b.agreements.accept(id);
  const atA = await untilAgreement(a, id, 'agreed');
  t.equal(await stateAt(b, id), 'accepting', 'signed, and not known to count');
  const atB = await untilAgreement(b, id, 'agreed');
  t.equal(atB?.agreedAt?.toISOString(), atA?.agreedAt?.toISOString());
  t.equal(atB?.exchanges.filter(({ act }) => act === 'agreement.accept').length, 1);
});

t.test('an acceptance that could not be delivered is said again', async (t) => {
  const { a, b, toA } = await startPair(t);
  const id = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await untilAgreement(b, id, 'open');
  toA.onPut = (incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('later');
  };
  await b.agreements.accept(id);
  await eventually(async () => toA.puts > 0);
  // A delivery window later.
  await b.db.withClient((client) =>
    client.query(`update deliveries set expires_at = now(), next_attempt_at = now()`),
  );
  const said = await eventually(async () => {
    const { exchanges } = await b.agreements.show(id);
    return exchanges.length === 3 && exchanges;
  });
  t.same(
    said.map(({ act, state }) => [act, state]),
    [
      ['agreement.propose', 'accepted'],
      ['agreement.accept', 'failed'],
      ['agreement.accept', 'pending'],
    ],
  );
  t.equal(await stateAt(b, id), 'accepting');
  toA.onPut = undefined;
  await b.outbox.retryNow(said[2]?.jti ?? '');
  await untilAgreement(b, id, 'agreed');
  t.equal(await stateAt(a, id), 'agreed');
});

t.test('an acceptance that comes too late is refused, and both know', async (t) => {
  const { a, b, toA } = await startPair(t);
  const id = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await untilAgreement(b, id, 'open');
  const letGo = hold(toA);
  await b.agreements.accept(id);
  await eventually(async () => toA.puts > 0);
  await a.db.withClient((client) => client.query('update agreement_versions set expires_at = now()'));
  letGo();
  const refused = await untilAgreement(b, id, 'refused');
  t.equal(refused?.reason, 'agreement.expired');
  t.equal(await stateAt(a, id), 'expired');
  const shown = async (state: 'open' | 'expired') =>
    (await a.agreements.list({ state, limit: 10 })).agreements.map((one) => one.id);
  t.same([await shown('open'), await shown('expired')], [[], [id]], 'a lapsed one is listed as what it is');
});

t.test('what is no proposal is refused before anything is sent', async (t) => {
  const { a, b } = await startPair(t);
  const api = await createApiClient(a, 'operator');
  const terms = termsBetween(a, b);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  for (const [name, body, code, pointer] of [
    ['an unknown peer', { peer: 'https://nobody.example', terms }, 'agreement.peer', undefined],
    [
      'a third party',
      { peer: b.url, terms: { ...terms, hosts: { [a.url]: {}, 'https://c.example': {} } } },
      'agreement.terms',
      '/terms/hosts',
    ],
    [
      'a drain over its limit',
      { peer: b.url, terms: { ...terms, drainDays: 61 } },
      'agreement.terms',
      '/terms/drainDays',
    ],
    [
      'a field nobody knows',
      { peer: b.url, terms: { ...terms, bonus: 1 } },
      'agreement.terms',
      '/terms/bonus',
    ],
    [
      'a beginning too far ahead',
      { peer: b.url, terms: { ...terms, effectiveFrom: inDays(401) } },
      'agreement.terms',
      '/terms/effectiveFrom',
    ],
    [
      'an expiry too far ahead',
      { peer: b.url, terms, expiresAt: inDays(15) },
      'agreement.input',
      '/expiresAt',
    ],
    ['an expiry in the past', { peer: b.url, terms, expiresAt: inDays(-1) }, 'agreement.input', '/expiresAt'],
    ['an answer to nothing', { peer: b.url, terms, declines: 'A'.repeat(43) }, 'agreement.closed', undefined],
    [
      'an amendment of nothing',
      { peer: b.url, terms, replaces: 'A'.repeat(43) },
      'agreement.outdated',
      undefined,
    ],
  ] as const) {
    const answer = await api.call('POST', '/v1/agreements', { json: body });
    t.match(answer.body, { code, ...(pointer !== undefined && { pointer }) }, name);
  }
  const list = await api.call('GET', '/v1/agreements');
  t.match(list.body, { agreements: [], next: null });
  t.match((await api.call('GET', `/v1/agreements/${'A'.repeat(43)}`)).body, { code: 'agreement.not_found' });
  t.match((await api.call('GET', '/v1/agreements?cursor=nonsense')).body, { code: 'agreement.input' });

  await a.registry.peerAdmin.suspend(b.url, 'a test');
  t.match((await proposeOver(api, b.url, terms)).body, { code: 'agreement.peer' });
});

t.test('a termination that is refused for good ends nothing, and can be said anew', async (t) => {
  const { a, b, toB } = await startPair(t);
  const id = await agree(a, b, { noticeDays: 0 });
  const letGo = hold(toB);
  await a.agreements.terminate(id, {});
  // It has been on its way for longer than anybody believes.
  await b.db.withClient((client) => client.query('update agreement_versions set notice_days = 5'));
  letGo();
  await eventually(async () => {
    const { exchanges, terminations } = await a.agreements.show(id);
    return terminations.length === 0 && exchanges.some(({ reason }) => reason === 'agreement.notice');
  });
  t.match(await a.agreements.show(id), { standing: 'current' });
  await b.db.withClient((client) => client.query('update agreement_versions set notice_days = 0'));
  await a.agreements.terminate(id, {});
  await eventually(async () => (await b.agreements.show(id)).terminations.length === 1);
});

t.test('a peer that proposes without end', async (t) => {
  const { a, b } = await startPair(t);
  const id = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  await untilAgreement(b, id, 'open');
  await b.db.withClient((client) =>
    client.query(`insert into agreement_versions select md5(n::text) || md5(n::text), peer, proposer, rev - n, md5(n::text) || md5(n::text),
        null, null, 'superseded', null, terms, null, null, effective_from, drain_days, notice_days, proposed_at, expires_at, null, changed_at
      from agreement_versions, generate_series(1, 100) n`),
  );
  await a.agreements.decline(id);
  await untilAgreement(b, id, 'withdrawn');
  const more = await a.agreements.propose({ peer: b.url, terms: termsBetween(a, b) });
  const code = await eventually(async () => {
    const { rows } = await a.db.withClient((client) => client.query('select last_code from deliveries'));
    return rows[0]?.last_code ?? undefined;
  });
  t.equal(code, 'rate.limited');
  t.equal(await stateAt(b, more), undefined);
});

t.test('a termination reaches a peer that was away, and amendments end with it', async (t) => {
  const { a, b, toB } = await startPair(t);
  const id = await agree(a, b, { noticeDays: 0 });
  const amendment = await b.agreements.propose({
    peer: a.url,
    terms: termsBetween(a, b, { noticeDays: 3 }),
    replaces: id,
  });
  await untilAgreement(a, amendment, 'open');
  toB.onPut = (incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('later');
  };
  await a.agreements.terminate(id, {});
  t.equal(await stateAt(a, amendment), 'terminated');
  await eventually(async () => toB.puts > 0);
  await a.db.withClient((client) =>
    client.query(`update deliveries set expires_at = now(), next_attempt_at = now()`),
  );
  const again = await eventually(async () => {
    const { exchanges } = await a.agreements.show(id);
    const said = exchanges.filter(({ act }) => act === 'agreement.terminate');
    return said.length === 2 && said;
  });
  toB.onPut = undefined;
  await a.outbox.retryNow(again[1]?.jti ?? '');
  await untilAgreement(b, amendment, 'terminated');
  const [ours, theirs] = [await a.agreements.show(id), await b.agreements.show(id)];
  t.equal(ours.endsAt?.toISOString(), theirs.endsAt?.toISOString());
  await eventually(async () => (await a.agreements.show(id)).terminations[0]?.acknowledged === true);
});
