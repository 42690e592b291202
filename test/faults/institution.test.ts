import { request } from 'node:http';
import { text } from 'node:stream/consumers';
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

t.test('an upload that stops coming is given up', async (t) => {
  const bench = await startBench(t, { recipient: { env: { INTERVAULT_BODY_IDLE_TIMEOUT_MS: '300' } } });
  const { b, link } = bench;
  const integrator = await createApiClient(b, 'integrator');
  /** Sends `parts`, and then nothing more. */
  const stall = (method: string, target: string, contentType: string, parts: (string | Buffer)[]) =>
    new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
      const sent = request(`${b.url}${target}`, {
        method,
        headers: {
          authorization: `Bearer ${integrator.token}`,
          'content-type': contentType,
          'content-length': 100_000,
        },
      });
      sent.on('error', reject);
      sent.on('response', async (answer) => {
        resolve({ status: answer.statusCode, body: JSON.parse(await text(answer)) });
        sent.destroy();
      });
      for (const part of parts) sent.write(part);
    });
  const metadata = JSON.stringify({ link, ...BODY });
  const draft = await integrator.call('POST', '/v1/documents', {
    json: { link, ...BODY, file: { name: 'facture.pdf', contentType: 'application/pdf' } },
  });
  t.equal(draft.status, 201);
  const head = (name: string) =>
    `--x\r\ncontent-disposition: form-data; name="${name}"; filename="${name}"\r\n` +
    `content-type: ${name === 'file' ? 'application/pdf' : 'application/json'}\r\n\r\n`;
  const form = 'multipart/form-data; boundary=x';
  const cases: Record<string, Parameters<typeof stall>> = {
    'before anything of a form': ['POST', '/v1/documents', form, ['--']],
    'between the parts': ['POST', '/v1/documents', form, [head('metadata'), metadata, '\r\n--x\r\ncontent-']],
    'before its metadata are complete': ['POST', '/v1/documents', form, [head('metadata'), '{"link":']],
    'in the file of a form': [
      'POST',
      '/v1/documents',
      form,
      [head('metadata'), metadata, '\r\n', head('file'), CONTENT],
    ],
    'in the second step': ['PUT', `/v1/documents/${draft.body['id']}/content`, 'application/pdf', [CONTENT]],
  };
  for (const [name, args] of Object.entries(cases)) {
    const answer = await stall(...args);
    t.match(answer, { status: 408, body: { code: 'request.timeout', retryable: true } }, name);
  }
  const { rows } = await b.db.withClient((client) =>
    client.query(`select count(*)::int as n from outbound_exchanges where act = 'document.push'`),
  );
  t.same(rows[0], { n: 0 }, 'nothing is kept');
  checkLog(t, bench, []);
});
