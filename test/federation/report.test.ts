// The relationship report: two real nodes, each from its own books, with the same figures.
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { agree } from '../support/agreement.ts';
import { createApiClient, submissionForm } from '../support/api.ts';
import { eventually, peerNodes, seedLink, startTestNode, type TestNode } from '../support/node.ts';
import { contactScopes, grantWith, message, slotGrant, sql } from '../support/slot.ts';

const SAMPLE = new URL('../../examples/documents/facture-fr.pdf', import.meta.url);
const CUSTOMERS = 24;

type Report = Record<string, unknown> & {
  hosted: Record<string, unknown>;
  granted: Record<string, unknown>;
  reciprocity?: { hosted: number; granted: number; balance: number };
};

async function settle(node: TestNode): Promise<void> {
  await eventually(async () => {
    const waiting = await sql(node, 'select 1 from deliveries');
    return waiting.length === 0 ? true : undefined;
  });
}

t.test('both sides work out the same figures', async (t) => {
  const env = { INTERVAULT_MIN_GROUP_SIZE: '10' };
  const [guest, host] = [await startTestNode(t, { env }), await startTestNode(t, { env })];
  await peerNodes(guest, host);
  await agree(guest, host, { grant: grantWith(slotGrant()) });
  const links: string[] = [];
  for (let count = 0; count < CUSTOMERS; count++)
    links.push(await seedLink(guest, host, { scopes: contactScopes(guest, host, 'aggregate') }));
  const { priority: _priority, ...given } = message();
  const twice = links.slice(0, 6);
  for (const link of [...links, ...twice]) await guest.slots.messages.send({ link, ...given }, 'test');
  // The other way round, a few.
  for (const link of links.slice(0, 3)) await host.slots.messages.send({ link, ...given }, 'test');
  const integrator = await createApiClient(guest, 'integrator');
  const file = await readFile(SAMPLE);
  for (const link of links.slice(0, 4)) {
    const metadata = {
      link,
      type: 'billing.invoice',
      title: 'Facture',
      issuedAt: '2026-11-01',
      language: 'fr',
    };
    const { status } = await integrator.call('POST', '/v1/documents', {
      body: submissionForm(metadata, file),
    });
    t.equal(status, 201);
  }
  await settle(guest);
  await settle(host);

  const vault = await createApiClient(host, 'vault');
  const customers = await sql(host, 'select id, customer_id from links order by id');
  for (const [index, { customer_id: id }] of customers.entries()) {
    const { body } = await vault.call('GET', `/v1/customers/${id}/feed`);
    const at = new Date().toISOString();
    const events = (body['items'] as { id: string }[]).map((item) => ({
      message: item.id,
      kind: 'displayed',
      at,
    }));
    if (index < 12) await vault.call('POST', `/v1/customers/${id}/engagement`, { json: { events } });
    if (index < 5) {
      const json = { kind: 'ask_human', peer: guest.url };
      const said = await vault.call('POST', `/v1/customers/${id}/replies`, { json });
      await host.outbox.retryNow(String(said.body['id']));
    }
    if (index < 20) await vault.call('PUT', `/v1/customers/${id}/providers`, { json: { declared: 4 } });
  }
  await settle(host);
  const { body } = await integrator.call('GET', '/v1/replies?waiting=true');
  const words = body['replies'] as { id: string }[];
  t.equal(words.length, 5);
  const json = { handledBy: 'human', text: 'Bonjour.', language: 'fr' };
  for (const { id } of words.slice(0, 3))
    await integrator.call('POST', `/v1/replies/${id}/answers`, { json });
  await host.links.change(links[10] as never, { kind: 'revoke' } as never);
  await settle(guest);
  await settle(host);
  const now = new Date();
  await host.slots.months.close(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 8)));
  await host.slots.reporter.sweep();
  await settle(host);

  const month = now.toISOString().slice(0, 7);
  const read = async (node: TestNode, peer: TestNode, query = '') => {
    const auditor = await createApiClient(node, 'auditor');
    const ref = Buffer.from(peer.url).toString('base64url');
    return auditor.call('GET', `/v1/reports/relationship/${ref}?from=${month}&to=${month}${query}`);
  };
  await eventually(async () => {
    const { granted } = (await read(guest, host)).body as Report;
    return granted['displayedPercent'] === undefined ? undefined : true;
  });
  const atHost = (await read(host, guest)).body as Report;
  const atGuest = (await read(guest, host)).body as Report;
  t.strictSame(atHost.hosted, atGuest.granted, 'what the host shows of the guest');
  t.strictSame(atHost.granted, atGuest.hosted, 'and the other way round');
  t.match(atHost.hosted, {
    reach: CUSTOMERS,
    contacts: CUSTOMERS + 6,
    contactsPerCustomerAndMonth: 1.3,
    documents: 4,
    documentsPerCustomer: 1,
    humanAnswers: { asked: 5, answered: 3, medianHours: 0, over15DaysPercent: 0 },
    optOuts: 1,
    months: [{ month, contacts: CUSTOMERS + 6, reach: CUSTOMERS }],
  });
  t.match(atHost.granted, { reach: 3, contacts: 3 });
  t.notOk('optOuts' in atHost.granted, 'of three customers nothing more is told');
  t.ok((atHost.reciprocity?.hosted ?? 0) > 0);
  t.equal(atHost.reciprocity?.hosted, atGuest.reciprocity?.granted, 'units, by both books');
  t.equal(atHost.reciprocity?.balance, -(atGuest.reciprocity?.balance ?? Number.NaN));
  t.match(atHost['universality'], { customers: 20, percent: 23.8 }, 'one in four, but for who left');
  t.notOk('universality' in atGuest, 'of its own vault alone');

  t.test('as CSV, and as a page', async (t) => {
    const csv = await read(host, guest, '&format=csv');
    t.match(csv.headers.get('content-type'), /^text\/csv/);
    const lines = csv.bytes.toString('utf8').split('\r\n');
    t.equal(lines[0], 'peer,from,to,section,figure,unit,value');
    t.ok(lines.includes(`"${guest.url}",${month},${month},hosted,reach,count,${CUSTOMERS}`));
    t.ok(
      lines.includes(`"${guest.url}",${month},${month},granted,optOuts,count,`),
      'empty where it is not told',
    );
    const told = (section: string, figure: string) =>
      lines
        .find((line) => line.includes(`,${section},${figure},`))
        ?.split(',')
        .at(-1);
    t.equal(told('hosted', 'humanP90Hours'), '0');
    t.equal(told('hosted', 'humanOver15DaysPercent'), '0');
    t.equal(told('reciprocity', 'hostedUnits'), String(atHost.reciprocity?.hosted));
    t.equal(told('reciprocity', 'balance'), String(atHost.reciprocity?.balance));
    t.equal(told('universality', 'percent'), '23.8');
    for (const [lang, ...texts] of [
      ['fr', 'Rapport de relation', 'Clients touchés', 'Délai médian de réponse', 'Solde', '23,8'],
      ['en', 'Relationship report', 'Customers reached', 'Median time to the answer', 'Balance', '23.8'],
    ]) {
      const page = await read(host, guest, `&format=html&lang=${lang}`);
      t.match(page.headers.get('content-type'), /^text\/html/);
      t.match(page.headers.get('content-security-policy'), /default-src 'none'/);
      const html = page.bytes.toString('utf8');
      t.match(html, `<html lang="${lang}">`);
      for (const text of texts) t.ok(html.includes(text), text);
      t.match(html, /<svg role="img"/);
      t.notMatch(html, /<script|https?:\/\/(?!127)/);
    }
  });

  t.test('what cannot be reported', async (t) => {
    const auditor = await createApiClient(host, 'auditor');
    const asked = async (query: string, ref = Buffer.from(guest.url).toString('base64url')) =>
      auditor.call('GET', `/v1/reports/relationship/${ref}?${query}`);
    t.match(await asked('from=2026-11&to=2026-10'), {
      status: 400,
      body: { code: 'report.input', pointer: '/from' },
    });
    t.match(await asked('from=2024-01&to=2026-01'), {
      status: 400,
      body: { code: 'report.input', pointer: '/to' },
    });
    t.equal((await asked('from=2024-01&to=2025-12')).status, 200, '24 months');
    t.match(await asked('from=2026-13&to=2026-13'), { status: 400, body: { code: 'request.invalid' } });
    t.match(await asked('to=2026-10'), { status: 400, body: { code: 'request.invalid' } });
    const nobody = Buffer.from('https://nobody.example').toString('base64url');
    t.match(await asked('from=2026-10&to=2026-10', nobody), {
      status: 404,
      body: { code: 'peer.not_found' },
    });
  });
});
