import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { eventually, peerNodes, seedLink, startTestNode } from '../support/node.ts';

const SAMPLE = path.join(import.meta.dirname, '../../examples/documents/facture-fr.pdf');

t.test('a PDF goes from A to B, once, byte for byte, with a receipt', async (t) => {
  const a = await startTestNode(t);
  const b = await startTestNode(t);
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const pdf = await readFile(SAMPLE);

  const submitted = await a.documents.submit(
    {
      link,
      fields: { type: 'billing.invoice', title: 'Facture', issuedAt: '2026-11-01', language: 'fr' },
      contentType: 'application/pdf',
      name: 'facture.pdf',
      submittedBy: 'test',
    },
    (async function* () {
      yield pdf;
    })(),
  );
  const sent = await eventually(async () => {
    const document = await a.documents.sent(submitted.id);
    return document?.state === 'accepted' ? document : undefined;
  });
  t.equal(sent.attempts, null, 'the queue is empty');

  const received = await b.db.read.selectFrom('received_documents').selectAll().execute();
  t.equal(received.length, 1);
  const bodies = await b.exchange.bodies.open([received[0]?.body_id ?? '']);
  const body = [...bodies.values()][0];
  const parts: Buffer[] = [];
  for await (const part of body?.content() ?? []) parts.push(part);
  t.equal(sha256(Buffer.concat(parts)), sha256(pdf), 'the same bytes');

  const chain = await a.evidence.chain({ iss: a.url, jti: submitted.id });
  t.same(
    chain.map((record) => record.event),
    ['SubmissionAcceptance', 'RelayAcceptance', 'ReceiptStored'],
  );
});
