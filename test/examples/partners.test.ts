// The scripts of partner developers, against real nodes.
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { pushFolder } from '../../examples/billing/push-folder.ts';
import { createCrm } from '../../examples/crm/answer-threads.ts';
import { createApiClient, issueTestToken } from '../support/api.ts';
import { eventually } from '../support/node.ts';
import { sql, startSlotPair } from '../support/slot.ts';
import { tempDir } from '../support/temp-dir.ts';

const SAMPLE = new URL('../../examples/documents/facture-fr.pdf', import.meta.url);

t.test('a billing system pushes its folder once, and to nobody who did not agree', async (t) => {
  const { guest, host, link } = await startSlotPair(t);
  const token = await issueTestToken(guest, 'integrator');
  const [row] = await sql(
    guest,
    'select c.reference from customers c join links l on l.customer_id = c.id where l.id = $1',
    [link],
  );
  const folder = await tempDir(t);
  const invoice = { title: 'Facture de novembre', issuedAt: '2026-11-05' };
  const invoices = [
    { ...invoice, file: 'a.pdf', customer: row?.['reference'], amount: { value: '12.50', currency: 'EUR' } },
    { ...invoice, file: 'b.pdf', customer: 'nobody' },
    { ...invoice, file: 'c.pdf', customer: row?.['reference'], issuedAt: '5 novembre' },
  ];
  for (const { file } of invoices) await copyFile(SAMPLE, path.join(folder, file));
  await writeFile(path.join(folder, 'invoices.json'), JSON.stringify(invoices));
  const run = () => pushFolder({ node: guest.url, token, folder });
  const [first, again] = [await run(), await run()];
  t.match(first, [
    { result: 'sent', id: String },
    { result: 'no_link' },
    { result: 'refused', code: String },
  ]);
  t.equal(again[0]?.id, first[0]?.id, 'started again, it is the same document');
  await eventually(async () => (await sql(host, 'select 1 from received_documents')).length === 1);
  await writeFile(
    path.join(folder, 'invoices.json'),
    JSON.stringify([{ ...invoice, file: '../a.pdf', customer: 'x' }]),
  );
  await t.rejects(run(), /is not in/);
});

t.test('a CRM finds who waits, and answers', async (t) => {
  const { guest, host, link } = await startSlotPair(t);
  const [row] = await sql(host, 'select customer_id from links where id = $1', [link]);
  const vault = await createApiClient(host, 'vault');
  const json = { kind: 'ask_human', peer: guest.url, text: 'Un conseiller ?', language: 'fr' };
  const { body } = await vault.call('POST', `/v1/customers/${row?.['customer_id']}/replies`, { json });
  await host.outbox.retryNow(String(body['id']));
  const crm = createCrm({ node: guest.url, token: await issueTestToken(guest, 'integrator') });
  const [word] = await eventually(async () => {
    const waiting = await crm.waiting();
    return waiting.length === 1 ? waiting : undefined;
  });
  t.match(word, { id: body['id'], kind: 'ask_human', text: 'Un conseiller ?' });
  t.type(await crm.customerOf(word as never), 'string');
  const answer = { text: 'Bonjour !', language: 'fr', handledBy: 'human' } as const;
  const sent = await crm.answer({ id: String(body['id']) }, answer);
  t.equal(await crm.answer({ id: String(body['id']) }, answer), sent, 'once');
  await eventually(async () => (await crm.waiting()).length === 0);
});
