import t from 'tap';
import { decodeBase64url } from '../../src/protocol/jose/base64url.ts';
import { startTestNode } from './test-node.ts';

const payloadOf = (token: string) =>
  JSON.parse(decodeBase64url(token.split('.')[1] ?? '')?.toString('utf8') ?? '') as Record<string, never>;

t.test('what everybody may read', async (t) => {
  const node = await startTestNode(t);
  const ask = () => node.app.inject({ method: 'GET', url: '/.well-known/openid-federation' });
  const first = await ask();
  t.equal(first.statusCode, 200);
  t.equal(first.headers['content-type'], 'application/entity-statement+jwt');
  const claims = payloadOf(first.body);
  t.match(claims, {
    iss: node.url,
    sub: node.url,
    metadata: {
      federation_entity: { organization_name: 'Banque A', contacts: ['ops@example.org'] },
      ivx_node: { limits: { max_document_bytes: 1024 }, capabilities: ['document.push'] },
    },
  });
  t.notMatch(first.body, /"d"/);

  node.clock.offsetMs = 3.4 * 86_400_000;
  t.equal((await ask()).body, first.body, 'signed once');
  node.clock.offsetMs = 3.6 * 86_400_000;
  const later = await ask();
  t.not(later.body, first.body, 'and again after half its life');
  const old = node.registry.self.signer().kid;
  await node.registry.ownKeys.rotate('exchange');
  const rotating = payloadOf((await ask()).body) as unknown as {
    metadata: { ivx_node: { jwks: { keys: unknown[] } } };
  };
  t.equal(rotating.metadata.ivx_node.jwks.keys.length, 2, 'a new key is published at once');

  await node.registry.ownKeys.revoke(old, 'the reason is for our eyes');
  t.match(payloadOf((await ask()).body), { metadata: { ivx_node: { revoked_keys: [{ kid: old }] } } });
  const historical = await node.app.inject({ method: 'GET', url: '/federation/v1/historical-keys' });
  t.equal(historical.headers['content-type'], 'application/jwk-set+jwt');
  t.match(payloadOf(historical.body), {
    iss: node.url,
    keys: [{ kid: old, ivx_purpose: 'exchange', revoked: { reason: 'unspecified' } }],
  });
  t.notMatch(Buffer.from(historical.body.split('.')[1] ?? '', 'base64url').toString(), /our eyes/);
});
