import t from 'tap';
import { startTestNode } from './test-node.ts';

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
