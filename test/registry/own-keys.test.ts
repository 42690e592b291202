import { rm } from 'node:fs/promises';
import { sql } from 'kysely';
import t from 'tap';
import { startTestNode, until } from './test-node.ts';

const byState = (keys: { kid: string; purpose: string; state: string }[], purpose = 'exchange') =>
  Object.fromEntries(keys.filter((key) => key.purpose === purpose).map((key) => [key.state, key.kid]));

t.test('the first start writes who the node is, later ones compare', async (t) => {
  const before = Math.floor(Date.now() / 1000);
  const node = await startTestNode(t);
  const { self } = node.registry;
  t.equal(self.entityId, node.url);
  t.ok(self.incarnation >= before && self.incarnation <= before + 60);
  t.equal(self.signer(), self.signer(), 'the same object, for what is cached by it');
  t.equal(self.verificationKey(self.signer().kid)?.kid, self.signer().kid);
  t.equal(self.verificationKey(await node.federationKid()), undefined);
  const keks = await node.db.read.selectFrom('kek_epochs').selectAll().execute();
  t.match(keks, [{ kek_id: node.keys.currentKekId(), state: 'active', fingerprint: /^[0-9a-f]{32}$/ }]);

  node.clock.offsetMs = 100_000;
  const replica = await node.replica();
  t.equal(replica.self.incarnation, self.incarnation);
  t.equal(replica.self.signer().kid, self.signer().kid);

  await t.rejects(node.replica({ publicUrl: 'https://other.example' }), {
    code: 'node.identity_changed',
    hint: /INTERVAULT_PUBLIC_URL/,
  });
  await t.rejects(node.replica({ publicUrl: 'https://other.example/' }), { code: 'node.identity_invalid' });
  const silent = await node.replica({ publicUrl: undefined });
  t.equal(silent.self.federating, false);
  t.equal(silent.self.entityId, node.url);
});

t.test('other keys are refused', async (t) => {
  const node = await startTestNode(t);
  await rm(node.keyDirectory, { recursive: true });
  await t.rejects(node.replica(), { code: 'node.keys_differ', message: /exchange key .*key-encryption key/ });
});

t.test('a KEK of the same name with other material is refused', async (t) => {
  const node = await startTestNode(t);
  await node.db.transact((tx) => sql`update kek_epochs set fingerprint = 'other'`.execute(tx.kysely));
  await t.rejects(node.replica(), { code: 'node.keys_differ' });
});

t.test('a node without a public URL has no name until it gets one', async (t) => {
  const node = await startTestNode(t, { config: { publicUrl: undefined } });
  t.throws(() => node.registry.self.entityId, { code: 'federation.off' });
  await t.rejects(node.registry.peerAdmin.discover('https://a.example'), { code: 'federation.off' });
  await node.registry.ownKeys.rotate('exchange');
  t.same(node.evidence, [], 'nothing can be attested without a name');
  const named = await node.replica({ publicUrl: 'https://a.example' });
  t.equal(named.self.entityId, 'https://a.example');
  await t.rejects(node.replica({ publicUrl: 'https://b.example' }), { code: 'node.identity_changed' });
});

t.test('rotation: published, then signing, the old one verified on', async (t) => {
  const node = await startTestNode(t, { config: { keyPublishS: 1, peerPollS: 0.5 } });
  const replica = await node.replica();
  const old = node.registry.self.signer().kid;
  const pending = await node.registry.ownKeys.rotate('exchange');
  t.match(pending, { state: 'pending', purpose: 'exchange' });
  t.equal(node.registry.self.signer().kid, old, 'not used while it is new');
  await t.rejects(node.registry.ownKeys.rotate('exchange'), { code: 'key.rotation_running' });
  await t.rejects(node.registry.ownKeys.retire(old), { code: 'key.state' });
  await t.rejects(node.registry.ownKeys.retire('x'), { code: 'key.not_found' });

  t.ok(await until(() => node.registry.self.signer().kid === pending.kid));
  t.ok(await until(() => replica.self.signer().kid === pending.kid), 'the other replica follows');
  t.same(byState(await node.registry.ownKeys.list()), { retiring: old, active: pending.kid });
  t.equal(replica.self.verificationKey(old)?.kid, old);

  const shift = (interval: string) =>
    node.db.transact((tx) =>
      sql`update own_keys set retiring_at = retiring_at - ${interval}::interval where kid = ${old}`.execute(
        tx.kysely,
      ),
    );
  await shift('14 days');
  t.equal(await node.registry.ownKeys.promoteDue(), false, 'the skew is missing');
  await shift('61 seconds');
  // A replica's own rounds may have come first.
  await node.registry.ownKeys.promoteDue();
  t.same(byState(await node.registry.ownKeys.list()), { historical: old, active: pending.kid });
  t.equal(node.registry.self.verificationKey(old)?.kid, old, 'old receipts are still ours');
  t.same(
    node.evidence.map(({ event, subject }) => `${event} ${subject}`),
    [
      `KeyChanged exchange-key:${pending.kid}:pending`,
      `KeyChanged exchange-key:${old}:retiring`,
      `KeyChanged exchange-key:${pending.kid}:active`,
      `KeyChanged exchange-key:${old}:historical`,
    ],
  );
});

t.test('several replicas promote once', async (t) => {
  const node = await startTestNode(t, { config: { keyPublishS: 0.05, peerPollS: 900 } });
  const others = await Promise.all([node.replica(), node.replica()]);
  const { kid } = await node.registry.ownKeys.rotate('exchange');
  await new Promise((resolve) => setTimeout(resolve, 60));
  const moved = await Promise.all([node.registry, ...others].map((each) => each.ownKeys.promoteDue()));
  t.ok(moved.filter(Boolean).length <= 1);
  t.ok(await until(() => others.every((each) => each.self.signer().kid === kid)));
  const activations = node.evidence.filter(({ subject }) => subject === `exchange-key:${kid}:active`);
  t.equal(activations.length, 1);
});

t.test('two rotations at once give one key', async (t) => {
  const node = await startTestNode(t);
  const both = await Promise.allSettled([1, 2].map(() => node.registry.ownKeys.rotate('exchange')));
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

t.test('a pending key can be taken back', async (t) => {
  const node = await startTestNode(t, { config: { keyPublishS: 1 } });
  const { kid } = await node.registry.ownKeys.rotate('exchange');
  t.match(await node.registry.ownKeys.retire(kid), { state: 'historical' });
  t.ok(await node.registry.ownKeys.rotate('exchange'));
});

t.test('revoking the key that signs puts another in its place at once', async (t) => {
  const node = await startTestNode(t);
  const stolen = node.registry.self.signer().kid;
  t.match(await node.registry.ownKeys.revoke(stolen, 'laptop lost'), {
    state: 'revoked',
    endedReason: 'laptop lost',
  });
  const now = node.registry.self.signer().kid;
  t.not(now, stolen);
  t.same(byState(await node.registry.ownKeys.list()), { revoked: stolen, active: now });
  t.match(node.evidence.at(-1), { subject: `exchange-key:${stolen}:revoked`, reason: 'key.revoked' });
  t.match(await node.registry.ownKeys.revoke(stolen, 'again'), { state: 'revoked' });
  t.equal(node.registry.self.signer().kid, now);

  const { kid: pending } = await node.registry.ownKeys.rotate('exchange');
  await node.registry.ownKeys.revoke(now, 'again');
  t.equal(node.registry.self.signer().kid, pending, 'what was to follow follows sooner');
});

t.test('a change whose evidence fails is no change', async (t) => {
  let broken = false;
  const node = await startTestNode(t, {
    deps: {
      recordEvidence: async () => {
        if (broken) throw new Error('no evidence');
      },
    },
  });
  broken = true;
  await t.rejects(node.registry.ownKeys.rotate('exchange'), /no evidence/);
  t.same(Object.keys(byState(await node.registry.ownKeys.list())), ['active']);
});
