import t, { type Test } from 'tap';
import { v7 as uuidV7 } from 'uuid';
import { type ConsentGiven, makeConsentRecord } from '../../src/protocol/consent-record.ts';
import type { EntityId, ExchangeId } from '../../src/protocol/ids.ts';
import type { JsonObject } from '../../src/protocol/jose/strict-json.ts';
import type { LinkScopes } from '../../src/protocol/link-scopes.ts';
import { encodeManifest } from '../../src/protocol/manifest.ts';
import { ALL_SCOPES, eventually, peerNodes, startTestNode, type TestNode } from '../support/node.ts';

const CONSENT: ConsentGiven = {
  jurisdiction: 'FR',
  method: 'web',
  purposes: ['Receive documents in one place'],
  policyUrl: 'https://bank.example/privacy',
  services: ['Digital vault'],
  sensitive: false,
};

const SCOPES: LinkScopes = {
  ...ALL_SCOPES,
  documents: [...ALL_SCOPES.documents],
  contact: [...ALL_SCOPES.contact],
};

type Pair = { a: TestNode; b: TestNode };

async function pairOf(t: Test): Promise<Pair> {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  await peerNodes(a, b);
  return { a, b };
}

/** What one customer calls themselves at each side. */
type Customer = { at: string; there: string };

const startAt = (node: TestNode, peer: TestNode, customer: string, session = 'session-1') =>
  node.links.start({
    customer,
    peer: peer.url,
    scopes: { [node.url]: SCOPES, [peer.url]: SCOPES },
    holder: 'M. D••••',
    returnUrl: 'https://bank.example/link/return',
    consent: CONSENT,
    session,
  });

/** The customer agrees at the other institution and gets the code. */
async function redeemAt(node: TestNode, token: string, customer: string): Promise<string> {
  const { linkId } = await node.links.redeem({ token, customer, consent: CONSENT, session: 'session-2' });
  return eventually(async () => {
    const status = await node.links.redemption(linkId, 'session-2');
    if (status.status === 'refused') throw new Error(status.reason);
    return status.status === 'confirmed' ? status.code : undefined;
  });
}

async function linkUp({ a, b }: Pair, customer: Customer): Promise<string> {
  const { linkId, token } = await startAt(a, b, customer.at);
  const code = await redeemAt(b, token, customer.there);
  await a.links.complete({ linkId, customer: customer.at, session: 'session-1', code });
  await isAt(b, linkId, 'active');
  return linkId;
}

const isAt = (node: TestNode, linkId: string, state: string) =>
  eventually(async () => (await node.links.show(linkId)).state === state);

const events = async (node: TestNode, linkId: string) =>
  (await node.links.journal(linkId)).map((entry) => entry.event);

const submit = (from: TestNode, link: string) =>
  from.documents.submit(
    {
      link: link as Parameters<TestNode['documents']['submit']>[0]['link'],
      fields: { type: 'other', title: 'Courrier', issuedAt: '2026-11-01', language: 'fr' },
      contentType: 'text/plain',
      name: 'note.txt',
      submittedBy: 'test',
    },
    (async function* () {
      yield Buffer.from('Bonjour');
    })(),
  );

const stateOfDocument = async (node: TestNode, id: string) => (await node.documents.sent(id as never))?.state;

t.test('the whole way, from start to a document', async (t) => {
  const pair = await pairOf(t);
  const { a, b } = pair;
  const { linkId, token, expiresAt } = await startAt(a, b, 'a-customer-17');
  t.ok(expiresAt.getTime() - Date.now() <= 15 * 60_000, 'a token lives a quarter of an hour at most');
  t.equal((await a.links.show(linkId)).state, 'offered');

  const request = await b.links.inspect(token);
  t.equal(request.from.id, a.url);
  t.equal(request.holder, 'M. D••••');
  t.same(request.scopes[b.url], ALL_SCOPES);
  await b.links.inspect(token);

  await b.links.redeem({ token, customer: 'b-customer-99', consent: CONSENT, session: 'session-2' });
  await t.rejects(
    a.links
      .complete({ linkId, customer: 'a-customer-17', session: 'session-1', code: '00000-00000' })
      .then(() => isAt(a, linkId, 'never')),
    { code: /^link\.(not_redeemed|code)$/ },
  );
  const status = await eventually(async () => {
    const now = await b.links.redemption(linkId, 'session-2');
    return now.status === 'confirmed' ? now : undefined;
  });
  t.match(
    status.returnUrl,
    /^https:\/\/bank\.example\/link\/return#ivx-link=.*&ivx-code=/,
    'in the fragment',
  );
  t.equal((await b.links.show(linkId)).state, 'pending', 'one half does not count');
  await t.rejects(submit(b, linkId), { code: 'link.pending' });

  const completed = await a.links.complete({
    linkId,
    customer: 'a-customer-17',
    session: 'session-1',
    code: status.code.toLowerCase().replace('-', ' '),
  });
  t.equal(completed.state, 'active', 'active at the initiator at once');
  await isAt(b, linkId, 'active');
  t.same(await b.links.redemption(linkId, 'session-2'), { status: 'complete' });
  await eventually(async () => (await a.links.show(linkId)).self?.acknowledged);

  const document = await submit(a, linkId);
  await eventually(async () => (await stateOfDocument(a, document.id)) === 'accepted');
  const back = await submit(b, linkId);
  await eventually(async () => (await stateOfDocument(b, back.id)) === 'accepted');

  t.match((await events(a, linkId)).join(' '), /^started .*redeemed .*completed changed acknowledged$/);
  t.match((await events(b, linkId)).join(' '), /^shown redeemed changed redeem_accepted changed$/);
  const records = await a.db.read.selectFrom('evidence_records').select('event').execute();
  t.ok(records.filter((record) => record.event === 'LinkChanged').length >= 2);
  t.ok(records.some((record) => record.event === 'ConsignmentAcceptance'));

  t.test('neither side has the other’s customer number, in any column', async (t) => {
    for (const [node, foreign] of [
      [a, 'b-customer-99'],
      [b, 'a-customer-17'],
    ] as const) {
      const tables = await node.db.withClient((client) =>
        client.query(`select table_name from information_schema.tables where table_schema = 'public'`),
      );
      for (const { table_name } of tables.rows) {
        const { rows } = await node.db.withClient((client) =>
          client.query(`select count(*)::int as n from "${table_name}" x where x::text like $1`, [
            `%${foreign}%`,
          ]),
        );
        t.equal(rows[0].n, 0, table_name);
      }
    }
  });

  t.test('a completed link is complete', async (t) => {
    const again = { linkId, customer: 'a-customer-17', session: 'session-1' };
    await a.links.complete({ ...again, code: status.code });
    await t.rejects(a.links.complete({ ...again, code: '00000-00000' }), { code: 'link.completed' });
  });
});

t.test('who redeems what was made for another is refused by code', async (t) => {
  const { a, b } = await pairOf(t);
  const c = await startTestNode(t);
  await peerNodes(a, c);
  const { token, linkId } = await startAt(a, b, 'customer');
  await t.rejects(c.links.inspect(token), { code: 'link.audience' }, 'wrong audience');
  const { token: own } = await startAt(a, c, 'customer');
  await t.rejects(b.links.inspect(own), { code: 'link.audience' });
  await b.registry.peerAdmin.suspend(a.url, 'test');
  await t.rejects(b.links.inspect(token), { code: 'link.institution' }, 'of nobody we exchange with');
  await b.registry.peerAdmin.resume(a.url);
  await b.links.redeem({ token, customer: 'customer', consent: CONSENT, session: 's' });
  await t.rejects(b.links.redeem({ token, customer: 'customer', consent: CONSENT, session: 's' }), {
    code: 'link.token_consumed',
  });

  // What a node that checks nothing would send: the token of another, redeemed as its own.
  const stolen = await startAt(a, b, 'another');
  const jti = uuidV7() as ExchangeId;
  const manifest = encodeManifest({
    salt: 'A'.repeat(22),
    body: {
      token: stolen.token,
      rev: 1,
      scopes: { [b.url]: SCOPES, [a.url]: SCOPES },
      consent: makeConsentRecord(CONSENT, {
        at: new Date(),
        controllers: [{ id: c.url as EntityId, name: 'C' }],
      }),
      code: 'A'.repeat(43),
    } as unknown as JsonObject,
  });
  const sealed = await c.exchange.sealer.finish(undefined, manifest);
  await c.db.transact((tx) =>
    c.exchange.outbound.stage(
      tx,
      [
        {
          jti,
          aud: a.url as EntityId,
          act: 'link.redeem',
          sub: stolen.linkId,
          manifest,
          body: sealed,
          submitted: false,
          windowS: 600,
        },
      ],
      new Date(),
    ),
  );
  const outcome = await eventually(async () => {
    const row = await c.db.read
      .selectFrom('outbound_exchanges')
      .select(['state', 'reason'])
      .where('jti', '=', jti)
      .executeTakeFirst();
    return row?.state === 'pending' ? undefined : row;
  });
  t.same(outcome, { state: 'rejected', reason: 'link.institution' });
  t.equal(
    (await a.links.show(stolen.linkId)).state,
    'offered',
    'and the token is still good where it belongs',
  );
  await redeemAt(b, stolen.token, 'somebody');
  t.not(linkId, stolen.linkId);
});

t.test('a token that its initiator lets expire on the way is refused, and closed', async (t) => {
  const { a, b } = await pairOf(t);
  const { token, linkId } = await startAt(a, b, 'customer');
  await a.db.transact((tx) =>
    tx.client.query(`update link_offers set expires_at = now() - interval '2 minutes'`),
  );
  await b.links.redeem({ token, customer: 'customer', consent: CONSENT, session: 's' });
  const status = await eventually(async () => {
    const now = await b.links.redemption(linkId, 's');
    return now.status === 'refused' ? now : undefined;
  });
  t.equal(status.reason, 'link.token_expired');
});

t.test('five wrong codes end it on both sides', async (t) => {
  const { a, b } = await pairOf(t);
  const { token, linkId } = await startAt(a, b, 'customer');
  await redeemAt(b, token, 'customer');
  const wrong = { linkId, customer: 'customer', session: 'session-1', code: '00000-00000' };
  for (let tries = 0; tries < 4; tries++) await t.rejects(a.links.complete(wrong), { code: 'link.code' });
  await t.rejects(a.links.complete(wrong), { code: 'link.codes_exhausted' });
  await isAt(b, linkId, 'revoked');
});

t.test('revoking stops what is queued, restoring releases it', async (t) => {
  const pair = await pairOf(t);
  const { a, b } = pair;
  const linkId = await linkUp(pair, { at: 'customer', there: 'customer' });
  const delivery = (jti: string) =>
    a.db.read.selectFrom('deliveries').selectAll().where('jti', '=', jti).executeTakeFirst();

  // Queued while the peer is suspended, so that it is still there when the customer leaves.
  await a.registry.peerAdmin.suspend(b.url, 'test');
  const first = await submit(a, linkId);
  const second = await submit(a, linkId);
  await eventually(async () => (await delivery(second.id))?.last_code === 'peer.suspended');
  t.equal((await a.links.change(linkId, { kind: 'revoke' })).state, 'restorable', 'at once');
  await t.rejects(submit(a, linkId), { code: 'link.restorable' });
  await a.registry.peerAdmin.resume(b.url);
  for (const { id } of [first, second]) {
    await a.outbox.retryNow(id);
    await eventually(async () => (await delivery(id))?.last_code === 'link.restorable');
  }
  await isAt(b, linkId, 'restorable');
  t.equal((await b.db.read.selectFrom('received_documents').selectAll().execute()).length, 0);

  t.equal((await a.links.change(linkId, { kind: 'restore' })).state, 'active');
  for (const { id } of [first, second]) {
    await eventually(async () => (await stateOfDocument(a, id)) === 'accepted');
  }
  t.equal((await b.db.read.selectFrom('received_documents').selectAll().execute()).length, 2, 'each once');

  // Left at the recipient, and for good: what is queued at the sender ends with a code.
  await isAt(b, linkId, 'active');
  await b.links.change(linkId, { kind: 'pause' });
  await isAt(a, linkId, 'paused');
  await b.links.change(linkId, { kind: 'resume' });
  await isAt(a, linkId, 'active');
  await a.registry.peerAdmin.suspend(b.url, 'test');
  const third = await submit(a, linkId);
  await eventually(async () => (await delivery(third.id))?.last_code === 'peer.suspended');
  await b.links.change(linkId, { kind: 'revoke' });
  await isAt(a, linkId, 'restorable');
  t.pass('a revocation passes while the peer is suspended');
  for (const node of [a, b]) {
    await node.db.transact((tx) =>
      tx.client.query(`update link_halves set restorable_until = now() where state = 'revoked'`),
    );
  }
  await a.registry.peerAdmin.resume(b.url);
  await a.outbox.retryNow(third.id);
  const ended = await eventually(async () => {
    const document = await a.documents.sent(third.id);
    return document?.state === 'failed' ? document : undefined;
  });
  t.equal(ended.state_code, 'link.revoked');
  await t.rejects(b.links.change(linkId, { kind: 'restore' }), { code: 'link.revoked' });
  t.equal((await b.db.read.selectFrom('received_documents').selectAll().execute()).length, 2);
});

t.test('started from both sides at once, over real HTTP', async (t) => {
  const { a, b } = await pairOf(t);
  const one = await startAt(a, b, 'customer-a');
  const two = await startAt(b, a, 'customer-b');
  const codes = [
    await redeemAt(b, one.token, 'customer-b'),
    await redeemAt(a, two.token, 'customer-a'),
  ] as const;
  await Promise.all([
    a.links.complete({ linkId: one.linkId, customer: 'customer-a', session: 'session-1', code: codes[0] }),
    b.links
      .complete({ linkId: two.linkId, customer: 'customer-b', session: 'session-1', code: codes[1] })
      .catch((error: { code: string }) => t.equal(error.code, 'link.exists')),
  ]).catch((error: { code: string }) => t.equal(error.code, 'link.exists'));
  const places = await eventually(async () => {
    const states = await Promise.all(
      [a, b].map(async (node) => ({
        one: (await node.links.show(one.linkId)).state,
        two: (await node.links.show(two.linkId)).state,
      })),
    );
    const [atA, atB] = states as [(typeof states)[0], (typeof states)[0]];
    const settled = atA.one === 'active' || atA.two === 'active';
    return settled && JSON.stringify(atA) === JSON.stringify(atB) ? atA : undefined;
  });
  t.equal([places?.one, places?.two].filter((state) => state === 'active').length, 1, 'one link, the same');
});

t.test('erasing one side', async (t) => {
  const pair = await pairOf(t);
  const { a, b } = pair;
  const linkId = await linkUp(pair, { at: 'customer', there: 'customer' });
  await eventually(async () => (await a.links.show(linkId)).self?.acknowledged);
  const bodies = () =>
    a.db.withClient(async (client) => {
      const { rows } = await client.query(`select state, count(*)::int as n from bodies group by state`);
      return Object.fromEntries(rows.map((row) => [row.state, row.n])) as Record<string, number>;
    });
  await a.links.erase(linkId, 'erasure.request');
  t.equal((await a.links.show(linkId)).state, 'erased');
  await isAt(b, linkId, 'revoked');
  t.ok(((await bodies())['erased'] ?? 0) >= 2, 'the consents that travelled are gone too');
  const { rows } = await a.db.withClient((client) =>
    client.query('select customer_id from links where id = $1', [linkId]),
  );
  t.equal(rows[0].customer_id, null);
});
