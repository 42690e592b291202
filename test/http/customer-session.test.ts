// A customer's session: what a browser may do with it, and what nobody may.
import t from 'tap';
import { ACCESS, type AccessTable } from '../../src/http/access.ts';
import { clientWith, createApiClient, issueTestSession } from '../support/api.ts';
import { peerNodes, seedLink, startTestNode } from '../support/node.ts';

const VAULT = 'https://vault.example';
const OTHER = 'https://other.example';
const NOBODY = '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70';

t.test('a session in a browser', async (t) => {
  const env = { INTERVAULT_VAULT_ORIGINS: `${VAULT},https://app.vault.example` };
  const [node, peer] = [await startTestNode(t, { env }), await startTestNode(t)];
  await peerNodes(node, peer);
  await seedLink(node, peer);
  const { rows } = await node.db.withClient((client) => client.query('select customer_id from links'));
  const customer = rows[0].customer_id as string;
  const vault = await createApiClient(node, 'vault');
  const open = (json: object, of = customer) => vault.call('POST', `/v1/customers/${of}/sessions`, { json });

  const opened = await open({ origins: [VAULT], minutes: 2 });
  t.equal(opened.status, 201);
  const left = Date.parse(String(opened.body['expiresAt'])) - Date.now();
  t.ok(left > 110_000 && left <= 120_000, `${left} ms`);
  const browser = clientWith(node, String(opened.body['token']));

  const feed = await browser.call('GET', '/v1/customers/self/feed', { headers: { origin: VAULT } });
  t.match(feed, { status: 200, body: { items: [] } });
  t.equal(feed.headers.get('access-control-allow-origin'), VAULT);
  t.match(feed.headers.get('vary'), /origin/i);
  t.equal((await browser.call('GET', '/v1/customers/self/feed')).status, 200, 'the same origin says none');

  t.test('from another page', async (t) => {
    for (const origin of [OTHER, 'https://app.vault.example', 'null']) {
      const answer = await browser.call('GET', '/v1/customers/self/feed', { headers: { origin } });
      t.match(answer, { status: 403, body: { code: 'session.origin' } }, origin);
    }
    const preflight = async (origin: string, path = '/v1/customers/self/engagement') =>
      fetch(`${node.url}${path}`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      });
    const allowed = await preflight(VAULT);
    t.equal(allowed.status, 204);
    t.equal(allowed.headers.get('access-control-allow-origin'), VAULT);
    t.match(allowed.headers.get('access-control-allow-headers'), /authorization/i);
    const foreign = await preflight(OTHER);
    t.equal(foreign.headers.get('access-control-allow-origin'), null);
    const elsewhere = await preflight(VAULT, '/v1/peers');
    t.equal(elsewhere.status, 405, 'nothing but the customer’s own is for browsers');
    t.equal(elsewhere.headers.get('access-control-allow-origin'), null);
    t.equal((await preflight(VAULT, '/v1/nothing')).status, 404);
  });

  t.test('about itself alone', async (t) => {
    const named = await browser.call('GET', `/v1/customers/${customer}/feed`);
    t.match(named, { status: 403, body: { code: 'auth.forbidden' } }, 'its own id is not its to know');
    t.equal((await browser.call('GET', '/v1/customers/self/journal')).status, 403);
    const table: AccessTable = ACCESS;
    for (const [operation, roles] of Object.entries(table)) {
      if (roles.includes('customer'))
        t.ok(roles.includes('vault'), `${operation}: what a customer may, the vault may`);
    }
    t.match(await vault.call('GET', '/v1/customers/self/feed'), {
      status: 404,
      body: { code: 'customer.not_found' },
    });
  });

  t.test('what opens none', async (t) => {
    t.match(await open({ origins: [OTHER] }), { status: 403, body: { code: 'session.origin' } });
    t.match(await open({}, NOBODY), { status: 404, body: { code: 'customer.not_found' } });
    for (const wrong of [
      { minutes: 0 },
      { minutes: 16 },
      { origins: [] },
      { origins: Array(6).fill(VAULT) },
      { role: 'vault' },
    ])
      t.match(await open(wrong), { status: 400, body: { code: 'request.invalid' } }, JSON.stringify(wrong));
    t.match(await open({}), { status: 201 }, 'all configured origins');
    const closed = await createApiClient(peer, 'vault');
    const { rows } = await peer.db.withClient((client) => client.query('select customer_id from links'));
    t.match(
      await closed.call('POST', `/v1/customers/${rows[0].customer_id}/sessions`, { json: {} }),
      { status: 403, body: { code: 'session.origin' } },
      'a node without such pages opens none',
    );
  });

  t.test('what is no session', async (t) => {
    const nowS = Date.now() / 1000;
    const expired = await issueTestSession(node, { customer, nowS: nowS - 700 });
    t.match(await clientWith(node, expired.token).call('GET', '/v1/customers/self/feed'), {
      status: 401,
      body: { code: 'auth.expired' },
    });
    const foreign = await issueTestSession(peer, { customer });
    t.match(await clientWith(node, foreign.token).call('GET', '/v1/customers/self/feed'), {
      status: 401,
      body: { code: 'auth.invalid' },
    });
    const none = await issueTestSession(node, { customer, origins: [] });
    t.match(await clientWith(node, none.token).call('GET', '/v1/customers/self/feed'), {
      status: 401,
      body: { code: 'auth.invalid', reason: 'origins' },
    });
    await t.rejects(issueTestSession(node, { customer, ttlS: 901 }), RangeError);
  });

  t.test('its rate', async (t) => {
    const { token } = await issueTestSession(node, { customer, origins: [VAULT] });
    const greedy = clientWith(node, token);
    let last = 200;
    for (let asked = 0; asked <= 240; asked++)
      last = (await greedy.call('GET', '/v1/customers/self/contact')).status;
    t.equal(last, 429);
    t.equal((await browser.call('GET', '/v1/customers/self/contact')).status, 200, 'another has its own');
  });
});
