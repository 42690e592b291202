import path from 'node:path';
import t from 'tap';
import { ApiError, createApiClient } from '../../src/api-client/index.ts';
import { issueTestToken } from '../support/api.ts';
import { INVOICE, peerNodes, seedLink, startTestNode } from '../support/node.ts';

const SAMPLE = path.join(import.meta.dirname, '../../examples/documents/facture-fr.pdf');

t.test('a file from disk goes as a form, and a problem comes back as an error with its code', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const api = createApiClient({ baseUrl: a.url, token: await issueTestToken(a, 'integrator') });
  const file = { path: SAMPLE, name: 'facture.pdf', type: 'application/pdf' };

  const submitted = await api.submit<{ id: string; contentSize: number }>({
    metadata: { ...INVOICE, link },
    file,
    idempotencyKey: 'once',
  });
  t.ok(submitted.contentSize > 1000);
  const again = await api.submit<{ id: string }>({
    metadata: { ...INVOICE, link },
    file,
    idempotencyKey: 'once',
  });
  t.equal(again.id, submitted.id, 'the same key is the same document');

  const refused = await api
    .submit({ metadata: { ...INVOICE, link, type: 'tax.notice' }, file })
    .catch((error: unknown) => error);
  t.ok(refused instanceof ApiError);
  t.match(refused, { code: 'link.scope', status: 422 });

  const silent = createApiClient({ baseUrl: 'http://127.0.0.1:1', token: 'x' });
  await t.rejects(silent.get('/v1/node'), { code: 'node.unreachable' });
});
