import { readFile } from 'node:fs/promises';
import t from 'tap';
import { ACCESS_DOCS_FILE, renderAccessDocs } from '../../scripts/access-docs.ts';
import { ACCESS, type AccessTable, isAllowed, ROLES } from '../../src/http/access.ts';
import { clientWith, createApiClient, issueTestSession } from '../support/api.ts';
import { startTestNode } from '../support/node.ts';
import { operations } from '../support/openapi.ts';

t.test('docs/access.md is what the program does', async (t) => {
  t.equal(await readFile(ACCESS_DOCS_FILE, 'utf8'), renderAccessDocs(), 'run node scripts/access-docs.ts');
});

t.test('auditors change nothing', async (t) => {
  const table: AccessTable = ACCESS;
  // A POST that only reads: what it asks for must not stand in an address, or needs work that isn't repeated.
  const reading = ['searchLinks', 'controlInboxDocument'];
  for (const { method, operation } of operations) {
    if (!isAllowed(table, operation.operationId, 'auditor')) continue;
    t.ok(method === 'GET' || reading.includes(operation.operationId), operation.operationId);
  }
});

t.test('every cell of the table, with real tokens', async (t) => {
  const node = await startTestNode(t);
  const institution = operations.filter(({ template }) => template.startsWith('/v1'));
  t.ok(institution.length > 40, `${institution.length} operations`);
  const target = (template: string) =>
    template
      .replace('{peer}', Buffer.from('https://nobody.example').toString('base64url'))
      .replace('{kid}', 'A'.repeat(43))
      .replaceAll(/\{\w+\}/g, '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70');

  const { token } = await issueTestSession(node, { customer: '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70' });
  const ofItself = (template: string) => target(template.replace('{customer}', 'self'));
  for (const role of ROLES) {
    const api = role === 'customer' ? clientWith(node, token) : await createApiClient(node, role);
    for (const { method, template, operation } of institution) {
      const path = role === 'customer' ? ofItself(template) : target(template);
      const { status, body } = await api.call(method, path);
      const forbidden = status === 403 && body['code'] === 'auth.forbidden';
      const { operationId } = operation;
      t.equal(forbidden, !isAllowed(ACCESS, operationId, role), `${role} ${operationId}: ${status}`);
      t.not(status, 401, `${role} ${operationId}`);
      t.ok(status < 500, `${role} ${operationId}: ${status}`);
    }
  }

  t.test('nobody without a token', async (t) => {
    for (const { method, template, operation } of institution) {
      const response = await fetch(`${node.url}${target(template)}`, { method });
      t.equal(response.status, 401, operation.operationId);
      t.match(response.headers.get('www-authenticate'), /^Bearer realm=/);
      await response.arrayBuffer();
    }
  });

  t.test('the reads of an auditor are journaled, with their purpose', async (t) => {
    const api = await createApiClient(node, 'auditor', { subject: 'cour-des-comptes' });
    await api.call('GET', '/v1/peers', { headers: { 'ivx-purpose': 'yearly audit' } });
    const journal = await node.db.read
      .selectFrom('access_journal')
      .selectAll()
      .where('actor', '=', 'cour-des-comptes')
      .execute();
    t.match(journal, [{ action: 'listPeers', role: 'auditor', detail: 'yearly audit' }]);
    const operator = await createApiClient(node, 'operator', { subject: 'not-journaled' });
    await operator.call('GET', '/v1/peers');
    const others = await node.db.read
      .selectFrom('access_journal')
      .selectAll()
      .where('actor', '=', 'not-journaled')
      .execute();
    t.strictSame(others, []);
    const refused = await api.call('GET', '/v1/peers', { headers: { 'ivx-purpose': 'x'.repeat(201) } });
    t.match(refused.body, { code: 'request.invalid', pointer: '/ivx-purpose' });
  });
});

t.test('a token is limited, and told so', async (t) => {
  const node = await startTestNode(t, { env: { INTERVAULT_TOKEN_RATE_PER_MIN: '3' } });
  const api = await createApiClient(node, 'operator');
  const other = await createApiClient(node, 'operator');
  for (const left of [2, 1, 0]) {
    const { status, headers } = await api.call('GET', '/v1/node');
    t.equal(status, 200);
    t.match(headers.get('ratelimit'), new RegExp(`^"token";r=${left};t=\\d+$`));
    t.equal(headers.get('ratelimit-policy'), '"token";q=3;w=60');
  }
  const { status, headers, body } = await api.call('GET', '/v1/node');
  t.equal(status, 429);
  t.match(body, { code: 'rate.limited', retryable: true });
  t.ok(Number(headers.get('retry-after')) > 0);
  t.equal((await other.call('GET', '/v1/node')).status, 200, 'another token has its own');
});
