import Fastify from 'fastify';
import t from 'tap';
import { startTestNode, until } from './test-node.ts';

const detailsOf = (refused: Promise<unknown>) =>
  refused.then(
    () => 'not refused',
    (error: { details?: unknown }) => error.details,
  );

t.test('two nodes become peers by pins compared beforehand', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t, { config: { organizationName: 'Assurance B' } });

  const preview = await a.registry.peerAdmin.discover(`${b.url}/`);
  t.match(preview, { id: b.url, organizationName: 'Assurance B', signedBy: await b.federationKid() });
  t.same(await a.registry.peerAdmin.list(), [], 'discovering keeps nothing');

  const pin = await b.federationKid();
  const added = await a.registry.peerAdmin.add({ url: b.url, pin });
  t.match(added, { id: b.url, state: 'active', organizationName: 'Assurance B' });
  t.match(added.pins, [{ kid: pin, source: 'operator' }]);
  t.equal(added.configuration.stale, false);
  t.ok(Math.abs(added.clockDifferenceMs ?? 9999) < 2000);
  t.match(added.limits, { max_document_bytes: 1024 });

  const view = a.registry.peer(b.url);
  t.match(view, { state: 'active', federationEndpoint: `${b.url}/federation/v1` });
  const signer = b.registry.self.signer();
  t.match(a.registry.findKey(b.url, signer.kid), { status: 'current', key: { kid: signer.kid } });
  t.equal(a.registry.findKey(b.url, pin), undefined, 'a federation key signs no exchange');
  t.match(a.evidence.map(({ event, subject }) => `${event} ${subject}`).sort(), [
    /^ConfigurationReliedOn federation-key:/,
    /^KeyChanged exchange-key:.*:listed$/,
    /^KeyChanged federation-key:.*:listed$/,
    `PeerChanged pin:${pin}:operator`,
    'PeerChanged state:active',
  ]);

  await t.rejects(a.registry.peerAdmin.add({ url: b.url, pin }), { code: 'peer.exists' });
  await t.rejects(a.registry.peerAdmin.add({ url: a.url, pin }), { code: 'peer.self' });

  const read = await a.db.transact((tx) =>
    a.registry.lockAndReadPeers(tx, [b.url, 'https://unknown.example', b.url]),
  );
  t.equal(read.size, 1);
  t.match(read.get(b.url), { state: 'active', stale: false });
  t.ok(Math.abs((read.get(b.url)?.nowMs ?? 0) - Date.now()) < 5000);

  const answer = await a.registry.dispatcher(b.url)?.request({ method: 'GET', path: '/nothing' });
  t.equal(answer?.statusCode, 404);
  await answer?.body.dump();
});

t.test('what is not pinned is not added', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  const other = await a.federationKid();
  const signedBy = await b.federationKid();
  await t.rejects(a.registry.peerAdmin.add({ url: b.url, pin: other }), {
    code: 'peer.pin_mismatch',
    details: { signedBy },
  });
  const exchangeKid = b.registry.self.signer().kid;
  await t.rejects(a.registry.peerAdmin.add({ url: b.url, pin: exchangeKid }), { code: 'peer.pin_mismatch' });
  await t.rejects(a.registry.peerAdmin.add({ url: b.url, pin: 'short' }), { code: 'peer.pin' });
  for (const url of ['', 'nonsense', 'ftp://a.example', `${b.url}/?x=1`, 'https://u:p@a.example']) {
    await t.rejects(a.registry.peerAdmin.add({ url, pin: other }), { code: 'peer.url' }, url);
  }
  t.same(await a.registry.peerAdmin.list(), []);
  await t.rejects(a.registry.peerAdmin.show(b.url), { code: 'peer.not_found' });
  await t.rejects(a.registry.peerAdmin.suspend(b.url, 'x'), { code: 'peer.not_found' });
  t.equal(a.registry.peer(b.url), undefined);
  t.equal(a.registry.dispatcher(b.url), undefined);
  t.equal(await a.registry.refetchUnknownKey(b.url, exchangeKid), false);
});

t.test('what a node answers in place of its configuration', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  const pin = await b.federationKid();
  const serve = async (type: string, body: string | Buffer, status = 200) => {
    const app = Fastify();
    app.get('/.well-known/openid-federation', (_request, reply) =>
      reply.code(status).header('content-type', type).send(Buffer.from(body)),
    );
    t.teardown(() => app.close());
    return await app.listen({ host: '127.0.0.1', port: 0 });
  };
  const jwt = 'application/entity-statement+jwt';
  const add = (url: string) => a.registry.peerAdmin.add({ url, pin });
  const replayed = await b.registry.ownConfiguration.statement();
  await t.rejects(add(await serve(jwt, replayed)), {
    code: 'peer.configuration',
    details: { reason: 'entity.mismatch' },
  });
  t.match(await detailsOf(add(await serve(jwt, 'garbage'))), { reason: 'entity.malformed' });
  await t.rejects(add(await serve('text/html', '<html>')), {
    code: 'peer.unreachable',
    details: { reason: 'fetch.content_type' },
  });
  t.match(await detailsOf(add(await serve(jwt, 'x', 500))), { reason: 'fetch.status', cause: '500' });
  t.match(await detailsOf(add(await serve(jwt, Buffer.alloc(65 * 1024)))), { reason: 'fetch.too_large' });
  await b.app.close();
  await t.rejects(add(b.url), { code: 'peer.unreachable', details: { reason: 'fetch.connect' } });
});

t.test('a node that admits no private addresses adds no peer on loopback', async (t) => {
  const a = await startTestNode(t, {
    config: { publicUrl: 'https://a.example', allowInsecurePeers: false },
    deps: { lookup: async () => [{ address: '127.0.0.1', family: 4 }] },
  });
  const b = await startTestNode(t);
  const pin = await b.federationKid();
  await t.rejects(a.registry.peerAdmin.add({ url: b.url, pin }), { code: 'peer.url' });
  const overTls = b.url.replace('http:', 'https:');
  t.match(await detailsOf(a.registry.peerAdmin.add({ url: overTls, pin })), { reason: 'fetch.address' });
  t.match(await detailsOf(a.registry.peerAdmin.discover('https://peer.example')), {
    reason: 'fetch.address',
  });
});

t.test('suspended, resumed, removed, added again', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  const pin = await b.federationKid();
  const replica = await a.replica();
  await a.registry.peerAdmin.add({ url: b.url, pin });
  t.ok(await until(() => replica.peer(b.url)?.state === 'active'), 'replicas follow');

  const admin = a.registry.peerAdmin;
  await t.rejects(admin.resume(b.url), { code: 'peer.state' });
  await t.rejects(admin.suspend(b.url, '  '), { code: 'peer.reason' });
  await t.rejects(admin.suspend(b.url, 'x'.repeat(201)), { code: 'peer.reason' });
  t.match(await admin.suspend(b.url, 'an audit'), { state: 'suspended', stateReason: 'an audit' });
  t.equal(a.registry.peer(b.url)?.state, 'suspended');
  t.ok(await until(() => replica.peer(b.url)?.state === 'suspended'));
  await t.rejects(admin.suspend(b.url, 'again'), { code: 'peer.state' });
  t.match(
    a.registry.findKey(b.url, b.registry.self.signer().kid),
    { status: 'current' },
    'replays are recognised',
  );
  t.ok(a.registry.dispatcher(b.url), 'closings still go out');

  const resumed = await admin.resume(b.url);
  t.equal(resumed.state, 'active');
  t.equal(resumed.stateReason, undefined);
  t.match(await admin.remove(b.url, 'contract ended'), { state: 'revoked' });
  t.equal(a.registry.peer(b.url)?.state, 'revoked');
  t.ok(a.registry.findKey(b.url, b.registry.self.signer().kid), 'kept: old envelopes must be recognised');
  await t.rejects(admin.refresh(b.url), { code: 'peer.state' });
  await t.rejects(admin.repin(b.url, pin), { code: 'peer.state' });
  t.match(await admin.add({ url: b.url, pin }), { state: 'active' });
  t.same(
    a.evidence
      .filter(({ subject }) => subject?.startsWith('state:'))
      .map(({ subject, reason }) => [subject, reason]),
    [
      ['state:active', undefined],
      ['state:suspended', 'peer.suspended'],
      ['state:active', undefined],
      ['state:revoked', 'peer.revoked'],
      ['state:active', undefined],
    ],
  );
  t.notMatch(JSON.stringify(a.evidence), /an audit|contract ended/);
});

t.test('suspending waits for the batches under way and holds for those after', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  await a.registry.peerAdmin.add({ url: b.url, pin: await b.federationKid() });
  const replica = await a.replica();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const batch = a.db.transact(async (tx) => {
    const peers = await replica.lockAndReadPeers(tx, [b.url]);
    locked.resolve();
    await gate.promise;
    order.push(`batch ${peers.get(b.url)?.state}`);
  });
  await locked.promise;
  const second = await a.db.transact((tx) => replica.lockAndReadPeers(tx, [b.url]));
  t.equal(second.get(b.url)?.state, 'active', 'batches do not wait for each other');
  const suspended = a.registry.peerAdmin.suspend(b.url, 'x').then(() => order.push('suspended'));
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.same(order, [], 'it waits');
  gate.resolve();
  await Promise.all([batch, suspended]);
  t.same(order, ['batch active', 'suspended']);
  const after = await a.db.transact((tx) => replica.lockAndReadPeers(tx, [b.url]));
  t.equal(after.get(b.url)?.state, 'suspended', 'at once, whatever the replica still remembers');
});

t.test('contacts are told to whoever waits, and saved', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  await a.registry.peerAdmin.add({ url: b.url, pin: await b.federationKid() });
  const woken: string[] = [];
  const end = a.registry.onPeerContact((peer) => woken.push(peer));
  a.registry.noteContact(b.url, { direction: 'in', ok: true });
  a.registry.noteContact(b.url, { direction: 'in', ok: false });
  a.registry.noteContact(b.url, { direction: 'out', ok: false, problem: 'http.500' });
  end();
  a.registry.noteContact(b.url, { direction: 'in', ok: true });
  t.same(woken, [b.url]);
  t.ok(await until(async () => (await a.registry.peerAdmin.show(b.url)).lastInboundAt !== undefined));
  const failing = await a.registry.peerAdmin.show(b.url);
  t.match(failing, { outboundProblem: 'http.500', outboundFailingSince: /Z$/ });
  a.registry.noteContact(b.url, { direction: 'out', ok: true });
  await a.registry.stop();
  const saved = await a.registry.peerAdmin.show(b.url);
  t.match(saved, { lastOutboundAt: /Z$/, lastInboundAt: failing.lastInboundAt ?? '' });
  t.equal(saved.outboundFailingSince, undefined);
  t.equal(saved.outboundProblem, undefined);
});
