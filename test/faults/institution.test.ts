import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { BODY, CONTENT, checkLog, startBench } from './bench.ts';

t.test('metadata of an institution that no peer could take are refused before they are signed', async (t) => {
  const bench = await startBench(t);
  // The log under watch is that of the recipient, which is an institution of its own as well.
  const { b, link } = bench;
  const integrator = await createApiClient(b, 'integrator');
  const good = JSON.stringify({ link, ...BODY });
  const submit = (metadata: string | Buffer) => {
    const form = new FormData();
    form.append(
      'metadata',
      new Blob([typeof metadata === 'string' ? metadata : new Uint8Array(metadata)], {
        type: 'application/json',
      }),
    );
    form.append('file', new Blob([new Uint8Array(CONTENT)], { type: 'application/pdf' }), 'facture.pdf');
    return integrator.call('POST', '/v1/documents', { body: form });
  };
  const cases: Record<string, [metadata: string | Buffer, expected: object]> = {
    'a U+0000, escaped': [good.replace('Camille', '\\u0000'), { reason: 'json.forbidden_character' }],
    'a U+0000, as it is': [good.replace('Camille', '\0'), {}],
    'a lone surrogate': [good.replace('Camille', '\\udc00'), {}],
    'bad UTF-8': [Buffer.from(good.replace('Camille', 'Camill\xe9'), 'latin1'), {}],
    'a key twice': [good.replace('{', '{"title":"x",'), { reason: 'json.duplicate_key' }],
    'nested too deep': [good.replace('"fr"', `${'['.repeat(2000)}${']'.repeat(2000)}`), {}],
  };
  for (const [name, [metadata, expected]] of Object.entries(cases)) {
    const answer = await submit(metadata);
    t.equal(answer.status, 400, name);
    t.match(answer.body, { code: 'upload.metadata', retryable: false, ...expected }, name);
  }
  const { rows } = await b.db.withClient((client) =>
    client.query(`select (select count(*)::int from outbound_exchanges where act = 'document.push') as exchanges,
      (select count(*)::int from sent_documents) as documents, (select count(*)::int from bodies) as bodies`),
  );
  t.same(rows[0], { exchanges: 0, documents: 0, bodies: 0 }, 'nothing is kept');
  t.equal((await submit(good)).status, 201);
  checkLog(t, bench, []);
});
