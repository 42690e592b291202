import { sql } from 'kysely';
import t, { type Test } from 'tap';
import { startTestNode, type TestNode, until } from './test-node.ts';

const FAST = { keyPublishS: 1, peerPollS: 0.4 };

/** A has B for a peer. */
async function pair(t: Test, config: { a?: object; b?: object } = {}) {
  const a = await startTestNode(t, { config: config.a ?? {} });
  const b = await startTestNode(t, { config: config.b ?? {} });
  const pin = await b.federationKid();
  await a.registry.peerAdmin.add({ url: b.url, pin });
  return { a, b, pin };
}

const subjects = (node: TestNode) => node.evidence.map(({ subject }) => subject);

t.test('exchange keys rotate with no moment at which the peer could not verify', async (t) => {
  const slower = { ...FAST, keyPublishS: 3 };
  const { a, b } = await pair(t, { a: slower, b: slower });
  const old = b.registry.self.signer().kid;
  const missing = new Set<string>();
  let looks = 0;
  const watch = setInterval(() => {
    const { kid } = b.registry.self.signer();
    looks++;
    if (a.registry.findKey(b.url, kid)?.status !== 'current') missing.add(kid);
  }, 5);
  t.teardown(() => clearInterval(watch));
  const { kid } = await b.registry.ownKeys.rotate('exchange');
  t.ok(await until(() => b.registry.self.signer().kid === kid));
  clearInterval(watch);
  t.ok(looks > 20);
  t.same([...missing], []);
  t.match(a.registry.findKey(b.url, old), { status: 'current' }, 'still to be verified');

  await b.registry.ownKeys.retire(old);
  t.ok(await until(() => a.registry.findKey(b.url, old)?.status === 'withdrawn'));
  t.ok((a.registry.findKey(b.url, old)?.withdrawnAtMs ?? 0) > Date.now() - 10_000);
  t.ok(subjects(a).includes(`exchange-key:${old}:withdrawn`));
});

t.test('a revoked key is known as such, and its successor at the first look', async (t) => {
  const { a, b } = await pair(t);
  const stolen = b.registry.self.signer().kid;
  await b.registry.ownKeys.revoke(stolen, 'stolen');
  const { kid } = b.registry.self.signer();
  t.equal(a.registry.findKey(b.url, kid), undefined);
  t.equal(await a.registry.refetchUnknownKey(b.url, kid), true);
  t.match(a.registry.findKey(b.url, kid), { status: 'current' });
  t.match(a.registry.findKey(b.url, stolen), { status: 'revoked' });
  t.equal(await a.registry.refetchUnknownKey(b.url, 'A'.repeat(43)), false);
  t.ok(a.lines.some(({ level, fields }) => level === 'warn' && fields['kid'] === stolen));
});

t.test('a pinned key introduces its successor, after the publish time and with an alarm', async (t) => {
  const { a, b, pin } = await pair(t, { a: FAST, b: FAST });
  const { kid } = await b.registry.ownKeys.rotate('federation');
  t.ok(await until(async () => (await a.registry.peerAdmin.show(b.url)).pins.length === 2));
  const pins = (await a.registry.peerAdmin.show(b.url)).pins;
  const introduced = pins.find((each) => each.kid === kid);
  t.match(introduced, { source: 'introduced', introducedBy: pin });
  t.ok(Date.parse(introduced?.activeFrom ?? '') > Date.now() - 500);
  t.ok(a.lines.some(({ level, fields }) => level === 'warn' && fields['kid'] === kid));
  t.ok(subjects(a).includes(`pin:${kid}:introduced`));

  t.ok(await until(async () => (await b.federationKid()) === kid));
  await b.registry.ownKeys.retire(pin);
  t.ok(
    await until(async () => {
      const { pins } = await a.registry.peerAdmin.show(b.url);
      return pins.some((each) => each.kid === pin && each.removedAt !== undefined);
    }),
    'dropped by its successor',
  );
  const { configuration } = await a.registry.peerAdmin.refresh(b.url);
  t.equal(configuration.failingSince, undefined);
  t.ok(subjects(a).includes(`pin:${pin}:removed`));
});

t.test('a successor is not believed before its time', async (t) => {
  const { a, b } = await pair(t, { b: { keyPublishS: 0.1, peerPollS: 900 } });
  const old = b.registry.self.signer().kid;
  const { kid } = await b.registry.ownKeys.rotate('federation');
  await a.registry.peerAdmin.refresh(b.url);
  t.ok(await until(async () => (await b.federationKid()) === kid));
  t.match(await a.registry.peerAdmin.refresh(b.url), {
    state: 'active',
    configuration: { problem: 'entity.not_pinned', failingSince: /Z$/ },
  });
  t.match(a.registry.findKey(b.url, old), { status: 'current' }, 'what was good before is kept');
  a.clock.offsetMs = 3_700_000;
  t.equal((await a.registry.peerAdmin.refresh(b.url)).configuration.problem, undefined);
});

t.test('a lost key needs the operator', async (t) => {
  const { a, b, pin } = await pair(t);
  await b.registry.ownKeys.revoke(pin, 'lost');
  const kid = await b.federationKid();
  t.match(await a.registry.peerAdmin.refresh(b.url), { configuration: { problem: 'entity.not_pinned' } });
  await t.rejects(a.registry.peerAdmin.repin(b.url, pin), { code: 'peer.pin_mismatch' });
  const repinned = await a.registry.peerAdmin.repin(b.url, kid);
  t.match(repinned, { state: 'active' });
  t.same(
    repinned.pins.map((each) => [each.kid, each.removedAt === undefined]),
    [
      [pin, false],
      [kid, true],
    ],
  );
  t.equal((await a.registry.peerAdmin.refresh(b.url)).configuration.problem, undefined);
});

t.test('a configuration that runs out makes the peer stale, a fresh one mends it', async (t) => {
  const { a, b } = await pair(t);
  await a.db.transact((tx) =>
    sql`update peers set entity_configuration_expires_at = now() - interval '1 second'`.execute(tx.kysely),
  );
  const read = await a.db.transact((tx) => a.registry.lockAndReadPeers(tx, [b.url]));
  t.match(read.get(b.url), { state: 'active', stale: true });
  t.equal((await a.registry.peerAdmin.show(b.url)).configuration.stale, true);
  a.clock.offsetMs = 8 * 86_400_000;
  t.match(a.registry.status(), { peers: { active: 1 }, stalePeers: [b.url] });
  a.clock.offsetMs = 0;
  t.match(a.registry.status(), { stalePeers: [] });
  await a.db.transact((tx) =>
    sql`update peers set entity_configuration_issued_at = now() - interval '1 hour', entity_configuration_sha256 = null`.execute(
      tx.kysely,
    ),
  );
  t.equal((await a.registry.peerAdmin.refresh(b.url)).configuration.stale, false);
});

t.test('an older configuration changes nothing', async (t) => {
  const { a, b } = await pair(t);
  const older = b.registry.self.signer().kid;
  await b.registry.ownKeys.rotate('exchange');
  await a.db.transact((tx) =>
    sql`update peers set entity_configuration_issued_at = now() + interval '1 hour'`.execute(tx.kysely),
  );
  const before = await a.registry.peerAdmin.show(b.url);
  const after = await a.registry.peerAdmin.refresh(b.url);
  t.equal(after.configuration.sha256, before.configuration.sha256);
  t.equal(after.configuration.problem, undefined);
  t.same(after.keys, before.keys);
  t.match(a.registry.findKey(b.url, older), { status: 'current' });
});

t.test('a peer that is down is kept as it was, and asked again', async (t) => {
  const { a, b } = await pair(t, { a: FAST });
  const { kid } = b.registry.self.signer();
  const { port } = new URL(b.url);
  await b.app.close();
  t.ok(
    await until(
      async () => (await a.registry.peerAdmin.show(b.url)).configuration.failingSince !== undefined,
    ),
  );
  const failing = await a.registry.peerAdmin.show(b.url);
  t.match(failing, { state: 'active', configuration: { problem: 'fetch.connect', stale: false } });
  t.match(a.registry.findKey(b.url, kid), { status: 'current' });
  t.ok(Date.parse(failing.configuration.nextFetchAt) < Date.now() + 60_000);

  const { default: Fastify } = await import('fastify');
  const { registryFederationRoutes } = await import('../../src/registry/index.ts');
  const back = Fastify();
  await back.register(registryFederationRoutes(b.registry));
  await back.listen({ host: '127.0.0.1', port: Number(port) });
  t.teardown(() => back.close());
  t.ok(
    await until(
      async () => (await a.registry.peerAdmin.show(b.url)).configuration.failingSince === undefined,
    ),
  );
});

t.test('replicas share the polling', async (t) => {
  const { a, b } = await pair(t, { a: { keyPublishS: 10, peerPollS: 1 } });
  let asked = 0;
  b.app.server.on('request', () => asked++);
  const startedMs = Date.now();
  await Promise.all([a.replica(), a.replica()]);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const elapsedS = (Date.now() - startedMs) / 1000;
  t.ok(asked >= 1 && asked <= elapsedS / 0.75 + 1, `${asked} fetches in ${elapsedS} s`);
});

t.test('a peer that moves its federation endpoint gets new connections', async (t) => {
  const { a, b } = await pair(t);
  const first = a.registry.dispatcher(b.url);
  t.equal(a.registry.dispatcher(b.url), first);
  await a.db.transact(async (tx) => {
    await sql`update peers set federation_endpoint = 'http://127.0.0.1:9/federation/v1'`.execute(tx.kysely);
    await sql`update node set registry_version = registry_version + 1`.execute(tx.kysely);
  });
  t.ok(await until(() => a.registry.peer(b.url)?.federationEndpoint.includes(':9/') === true));
  t.not(a.registry.dispatcher(b.url), first);
  t.equal(first?.closed, true);
});

t.test('a peer that invents keys without end is stopped', async (t) => {
  const { a, b } = await pair(t);
  await a.db.transact((tx) =>
    sql`insert into peer_keys (peer, kid, purpose, jwk, withdrawn_at)
      select ${b.url}, 'old-' || n, 'exchange', (select jwk from peer_keys limit 1), now()
      from generate_series(1, 498) n`.execute(tx.kysely),
  );
  const { kid } = await b.registry.ownKeys.rotate('exchange');
  t.match(await a.registry.peerAdmin.refresh(b.url), { configuration: { problem: 'peer.too_many_keys' } });
  t.equal(a.registry.findKey(b.url, kid), undefined);
  t.match(a.registry.findKey(b.url, b.registry.self.signer().kid), { status: 'current' });
});

t.test('an answer that comes after the operator ended the relation changes nothing', async (t) => {
  const a = await startTestNode(t);
  let meanwhile = async () => {};
  const b = await startTestNode(t, { onRequest: () => meanwhile() });
  await a.registry.peerAdmin.add({ url: b.url, pin: await b.federationKid() });
  const { kid } = await b.registry.ownKeys.rotate('exchange');
  meanwhile = async () => {
    await a.registry.peerAdmin.remove(b.url, 'the end');
  };
  t.match(await a.registry.peerAdmin.refresh(b.url), { state: 'revoked' });
  t.equal(a.registry.findKey(b.url, kid), undefined);
});
