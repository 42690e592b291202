import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { createApiClient, submissionForm } from '../support/api.ts';
import { eventually, peerNodes, seedLink, startTestNode } from '../support/node.ts';

const SAMPLE = path.join(import.meta.dirname, '../../examples/documents/facture-fr.pdf');

t.test('documents are submitted', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const pdf = await readFile(SAMPLE);
  const integrator = await createApiClient(a, 'integrator');
  const metadata = {
    link,
    type: 'billing.invoice',
    title: 'Facture de novembre',
    issuedAt: '2026-11-01',
    language: 'fr',
  };

  t.test('as one form', async (t) => {
    const created = await integrator.call('POST', '/v1/documents', { body: submissionForm(metadata, pdf) });
    t.equal(created.status, 201, JSON.stringify(created.body));
    t.equal(created.headers.get('location'), `/v1/documents/${created.body['id']}`);
    t.match(created.body, {
      state: 'submitted',
      link,
      peer: b.url,
      type: 'billing.invoice',
      contentSize: pdf.length,
    });
    await eventually(async () => {
      const document = await integrator.call('GET', `/v1/documents/${created.body['id']}`);
      return document.body['state'] === 'accepted';
    });
  });
});
