import t from 'tap';
import { clientWith, createApiClient } from '../support/api.ts';
import { peerNodes, seedLink, startTestNode } from '../support/node.ts';

t.test('six configured origins', async (t) => {
  const all = [1, 2, 3, 4, 5, 6].map((n) => `https://v${n}.example`);
  const [node, peer] = [
    await startTestNode(t, { env: { INTERVAULT_VAULT_ORIGINS: all.join(',') } }),
    await startTestNode(t),
  ];
  await peerNodes(node, peer);
  await seedLink(node, peer);
  const { rows } = await node.db.withClient((c) => c.query('select customer_id from links'));
  const vault = await createApiClient(node, 'vault');
  const opened = await vault.call('POST', `/v1/customers/${rows[0].customer_id}/sessions`, { json: {} });
  t.equal(opened.status, 201);
  const feed = await clientWith(node, String(opened.body['token'])).call('GET', '/v1/customers/self/feed', {
    headers: { origin: all[0] as string },
  });
  t.match(feed, { status: 200 }, JSON.stringify(feed.body));
});
