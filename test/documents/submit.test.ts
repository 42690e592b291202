import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import t from 'tap';
import { v7 as uuidV7 } from 'uuid';
import { type ApiAnswer, createApiClient, submissionForm } from '../support/api.ts';
import {
  eventually,
  peerNodes,
  restartTestNode,
  seedLink,
  startTestNode,
  type TestNode,
} from '../support/node.ts';

const SAMPLE = path.join(import.meta.dirname, '../../examples/documents/facture-fr.pdf');
const MAX_BYTES = 300_000;
const CRLF = '\r\n';

/** A form written by hand, part by part; a part is its header lines and its bytes. */
function form(parts: readonly { header: string; bytes: Buffer | string }[], end = true): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ header, bytes }) => [
      Buffer.from(`--edge${CRLF}Content-Disposition: form-data; ${header}${CRLF}${CRLF}`),
      Buffer.from(bytes),
      Buffer.from(CRLF),
    ]),
    Buffer.from(end ? `--edge--${CRLF}` : ''),
  ]);
}

const FORM_TYPE = { 'content-type': 'multipart/form-data; boundary=edge' };
const asMetadata = (value: unknown) => ({
  header: `name="metadata"${CRLF}Content-Type: application/json`,
  bytes: typeof value === 'string' ? value : JSON.stringify(value),
});
const asFile = (bytes: Buffer | string, type = 'application/pdf') => ({
  header: `name="file"; filename="f.pdf"${CRLF}Content-Type: ${type}`,
  bytes,
});

t.test('documents are submitted', async (t) => {
  const a = await startTestNode(t, { env: { INTERVAULT_MAX_DOCUMENT_BYTES: String(MAX_BYTES) } });
  const b = await startTestNode(t);
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const pdf = await readFile(SAMPLE);
  const api = await createApiClient(a, 'integrator', { subject: 'billing' });
  const metadata = {
    link,
    type: 'billing.invoice',
    title: 'Facture de novembre',
    issuedAt: '2026-11-01',
    language: 'fr',
  };
  const count = async (): Promise<number> => {
    const { rows } = await a.db.withClient((client) =>
      client.query('select count(*)::int as n from sent_documents'),
    );
    return rows[0].n;
  };
  const submit = (
    given: unknown,
    file: Uint8Array<ArrayBuffer> = pdf,
    headers: Record<string, string> = {},
  ) => api.call('POST', '/v1/documents', { body: submissionForm(given, file), headers });
  const submitRaw = (body: Buffer, headers: Record<string, string> = {}) =>
    api.call('POST', '/v1/documents', { body: new Uint8Array(body), headers: { ...FORM_TYPE, ...headers } });

  t.test('as one form', async (t) => {
    const created = await submit(metadata);
    const id = created.body['id'];
    t.equal(created.status, 201);
    t.equal(created.headers.get('location'), `/v1/documents/${id}`);
    t.match(created.body, {
      state: 'submitted',
      link,
      peer: b.url,
      contentSize: pdf.length,
      submittedBy: 'billing',
    });
    const shown = await eventually(async () => {
      const document = await api.call('GET', `/v1/documents/${id}`);
      return document.body['state'] === 'accepted' && document;
    });
    const { link: _link, ...fields } = metadata;
    t.match(shown.body, { metadata: fields, file: { name: 'facture.pdf', size: pdf.length } });
    t.equal(shown.body['delivery'], undefined, 'nothing is queued any more');

    const content = await api.call('GET', `/v1/documents/${id}/content`);
    t.equal(content.headers.get('content-type'), 'application/pdf');
    t.equal(content.headers.get('content-disposition'), "attachment; filename*=UTF-8''facture.pdf");
    t.ok(content.bytes.equals(pdf), 'the same bytes');

    const evidence = await api.call('GET', `/v1/documents/${id}/evidence`);
    const records = evidence.body['records'] as { event: string; issuer: string }[];
    t.strictSame(
      records.map(({ event, issuer }) => [event, issuer]),
      [
        ['SubmissionAcceptance', a.url],
        ['RelayAcceptance', b.url],
        ['ReceiptStored', a.url],
      ],
    );
  });

  t.test('in two steps', async (t) => {
    const file = { name: 'relevé.pdf', contentType: 'application/pdf' };
    const draft = await api.call('POST', '/v1/documents', { json: { ...metadata, file } });
    t.equal(draft.status, 201);
    t.match(draft.body, { state: 'draft', link, peer: b.url });
    const at = `/v1/documents/${draft.body['id']}`;
    t.match((await api.call('GET', at)).body, { state: 'draft' });
    const drafts = (await api.call('GET', '/v1/documents?state=draft')).body['documents'];
    t.match(drafts, [{ id: draft.body['id'] }]);

    const { rows } = await a.db.withClient((client) =>
      client.query('select to_jsonb(d)::text as text from document_drafts d'),
    );
    t.notMatch(rows[0].text, /novembre|relev/, 'the metadata lie sealed');

    const put = (body: Uint8Array<ArrayBuffer>) =>
      api.call('PUT', `${at}/content`, { body, headers: { 'content-type': 'application/pdf' } });
    t.match(await put(Buffer.alloc(0)), { status: 422, body: { code: 'content.empty' } });
    t.match(await put(Buffer.from('no PDF')), { status: 422, body: { code: 'content.type' } });
    const submitted = await put(pdf);
    t.equal(submitted.status, 200);
    t.match(submitted.body, { id: draft.body['id'], file: { name: 'relevé.pdf' } });
    t.equal((await put(pdf)).status, 200, 'the same file again changes nothing');
    const other = Buffer.concat([pdf, Buffer.from('\n')]);
    t.match(await put(other), { status: 409, body: { code: 'document.state' } });
    t.strictSame((await api.call('GET', '/v1/documents?state=draft')).body['documents'], []);
    const unknown = await api.call('PUT', `/v1/documents/${uuidV7()}/content`, { body: pdf });
    t.match(unknown, { status: 404, body: { code: 'document.unknown' } });
    await eventually(async () => (await api.call('GET', at)).body['state'] === 'accepted');
  });

  t.test('a draft ends after a day', async (t) => {
    const file = { contentType: 'application/pdf' };
    const draft = await api.call('POST', '/v1/documents', { json: { ...metadata, file } });
    await a.db.transact((tx) =>
      tx.client.query(`update document_drafts set expires_at = now() - interval '1 second'`),
    );
    const put = await api.call('PUT', `/v1/documents/${draft.body['id']}/content`, { body: pdf });
    t.match(put, { status: 404, body: { code: 'document.unknown' } });
    await a.documents.drafts.sweep();
    const { rows } = await a.db.withClient((client) =>
      client.query(`select (select count(*)::int from document_drafts) as drafts,
        (select count(*)::int from bodies where state = 'erased' and manifest is not null) as left_over`),
    );
    t.strictSame(rows, [{ drafts: 0, left_over: 0 }]);
  });

  t.test('what is refused', async (t) => {
    const before = await count();
    const otherLink = await seedLink(a, b, { scopes: { [b.url]: { documents: ['other'] } } });
    const big = (size: number) => Buffer.concat([pdf, Buffer.alloc(size - pdf.length, 0x20)]);
    const { title: _title, ...untitled } = metadata;
    const cases: [name: string, answer: () => Promise<ApiAnswer>, status: number, body: object][] = [
      [
        'an unknown link',
        () => submit({ ...metadata, link: uuidV7() }),
        404,
        { code: 'link.unknown', retryable: true },
      ],
      [
        'a type the link does not cover',
        () => submit({ ...metadata, link: otherLink }),
        422,
        { code: 'link.scope' },
      ],
      ['a missing field', () => submit(untitled), 400, { code: 'request.invalid', pointer: '/title' }],
      [
        'an unknown field',
        () => submit({ ...metadata, colour: 1 }),
        400,
        { code: 'request.invalid', pointer: '/colour' },
      ],
      [
        'an unknown field further down',
        () => submit({ ...metadata, amount: { value: '1.00', currency: 'EUR', vat: 1 } }),
        400,
        { code: 'request.invalid', pointer: '/amount/vat' },
      ],
      ['an unknown type', () => submit({ ...metadata, type: 'billing.nothing' }), 400, { pointer: '/type' }],
      [
        'a day that does not exist',
        () => submit({ ...metadata, issuedAt: '2026-02-30' }),
        400,
        { pointer: '/issuedAt' },
      ],
      [
        'a sensitive document without a neutral title',
        () => submit({ ...metadata, sensitivity: 'health' }),
        400,
        { code: 'request.invalid', pointer: '/publicTitle' },
      ],
      [
        'an unknown field of a draft',
        () => api.call('POST', '/v1/documents', { json: { ...metadata, colour: 1 } }),
        400,
        { code: 'request.invalid', pointer: '/colour' },
      ],
      [
        'a draft without a content type',
        () => api.call('POST', '/v1/documents', { json: metadata }),
        422,
        { code: 'content.type' },
      ],
      ['no body', () => api.call('POST', '/v1/documents'), 415, { code: 'request.media_type' }],
      ['an empty file', () => submit(metadata, Buffer.alloc(0)), 422, { code: 'content.empty' }],
      [
        'a file that is something else',
        () => submit(metadata, Buffer.from('plain text')),
        422,
        { code: 'content.type' },
      ],
      [
        'a type nobody takes',
        () => submitRaw(form([asMetadata(metadata), asFile(pdf, 'text/html')])),
        422,
        { code: 'content.type' },
      ],
      [
        'a file just over the limit',
        () => submit(metadata, big(MAX_BYTES + 1)),
        422,
        { code: 'content.too_large' },
      ],
      [
        'another size',
        () => submit({ ...metadata, file: { size: pdf.length + 1 } }),
        422,
        { code: 'upload.size' },
      ],
      [
        'another digest',
        () => submit({ ...metadata, file: { sha256: 'a'.repeat(64) } }),
        422,
        { code: 'upload.digest' },
      ],
      ['no part at all', () => submitRaw(form([])), 400, { code: 'upload.order' }],
      ['no metadata', () => submitRaw(form([asFile(pdf)])), 400, { code: 'upload.order' }],
      ['no file', () => submitRaw(form([asMetadata(metadata)])), 400, { code: 'upload.order' }],
      [
        'the file first',
        () => submitRaw(form([asFile(pdf), asMetadata(metadata)])),
        400,
        { code: 'upload.order' },
      ],
      [
        'two files',
        () => submitRaw(form([asMetadata(metadata), asFile(pdf), asFile(pdf)])),
        400,
        { code: 'upload.order' },
      ],
      [
        'a part too many',
        () => submitRaw(form([asMetadata(metadata), asFile(pdf), asFile(pdf), asFile(pdf)])),
        400,
        { code: 'upload.order' },
      ],
      [
        'metadata that are no JSON',
        () => submitRaw(form([asMetadata('{'), asFile(pdf)])),
        400,
        { code: 'upload.metadata' },
      ],
      [
        'metadata that could be read as two',
        () =>
          submitRaw(form([asMetadata(JSON.stringify(metadata).replace('{', '{"title":"x",')), asFile(pdf)])),
        400,
        { code: 'upload.metadata', reason: 'json.duplicate_key' },
      ],
      [
        'metadata that are a list',
        () => submitRaw(form([asMetadata([]), asFile(pdf)])),
        400,
        { code: 'request.invalid' },
      ],
      [
        'metadata just over their limit',
        () => submitRaw(form([asMetadata(`{${' '.repeat(64 * 1024)}}`), asFile(pdf)])),
        413,
        { code: 'upload.metadata_too_large' },
      ],
      [
        'a form without its end',
        () => submitRaw(form([asMetadata(metadata), asFile(pdf)], false)),
        400,
        { code: 'upload.cut', retryable: true },
      ],
      [
        'a form without a boundary',
        () =>
          api.call('POST', '/v1/documents', {
            body: 'x',
            headers: { 'content-type': 'multipart/form-data' },
          }),
        400,
        { code: 'upload.cut' },
      ],
      [
        'a key that is none',
        () => submit(metadata, pdf, { 'idempotency-key': 'x'.repeat(201) }),
        400,
        { code: 'idempotency.key' },
      ],
    ];
    for (const [name, call, status, body] of cases) {
      const answer = await call();
      t.match(answer, { status, body }, `${name}: ${JSON.stringify(answer.body)}`);
    }
    t.equal(await count(), before, 'nothing was kept');
    const { rows } = await a.db.withClient((client) =>
      client.query(`select count(*)::int as n from bodies where state = 'open'`),
    );
    t.strictSame(rows, [{ n: 0 }], 'no upload is left open');
    t.equal((await submit(metadata, big(MAX_BYTES))).status, 201, 'a file of just the limit is taken');
  });

  t.test('a refused submission leaves evidence where the link says whom it concerned', async (t) => {
    const { rows } = await a.db.withClient((client) =>
      client.query(`select count(*)::int as n from evidence_records where event = 'SubmissionRejection'`),
    );
    t.strictSame(rows, [{ n: 1 }], 'of the scope; nobody knows the unknown link');
  });

  t.test('a cut connection keeps nothing', async (t) => {
    const before = await count();
    const whole = form([asMetadata(metadata), asFile(pdf)]);
    await new Promise<void>((resolve) => {
      const sent = httpRequest(`${a.url}/v1/documents`, {
        method: 'POST',
        headers: { ...FORM_TYPE, authorization: `Bearer ${api.token}`, 'content-length': whole.length },
      });
      sent.on('error', () => resolve());
      sent.write(whole.subarray(0, whole.length - 100), () => setTimeout(() => sent.destroy(), 50));
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    t.equal(await count(), before);
  });

  t.test('lists are paged and filtered', async (t) => {
    const all = (await api.call('GET', '/v1/documents?limit=200')).body['documents'] as { id: string }[];
    const ids: string[] = [];
    let cursor: unknown = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await api.call('GET', `/v1/documents?limit=2${query}`);
      ids.push(...(page.body['documents'] as { id: string }[]).map(({ id }) => id));
      cursor = page.body['next'];
    } while (cursor !== null);
    t.strictSame(
      ids,
      all.map(({ id }) => id),
      'the same, page by page',
    );
    t.strictSame(ids, [...ids].sort().reverse(), 'the newest first');
    const listed = async (query: string) =>
      ((await api.call('GET', `/v1/documents?${query}`)).body['documents'] as unknown[]).length;
    t.equal(await listed(`link=${link}`), all.length);
    t.equal(await listed(`link=${uuidV7()}`), 0);
    t.equal(await listed(`peer=${encodeURIComponent(b.url)}&type=billing.invoice`), all.length);
    t.equal(await listed('type=other'), 0);
    t.equal(await listed('since=2020-01-01T00:00:00Z'), all.length);
    t.equal(await listed('until=2020-01-01T00:00:00Z'), 0);
    t.equal(await listed('state=failed'), 0);
    for (const query of [
      'cursor=AAAA',
      'limit=0',
      'limit=201',
      'state=none',
      'colour=1',
      'since=yesterday',
      'limit=1&limit=2',
    ]) {
      const { status, body } = await api.call('GET', `/v1/documents?${query}`);
      t.match({ status, body }, { status: 400, body: { code: 'request.invalid' } }, query);
    }
  });

  t.test('entity tags', async (t) => {
    const [first] = (await api.call('GET', '/v1/documents?limit=1')).body['documents'] as { id: string }[];
    const at = `/v1/documents/${first?.id}`;
    await eventually(async () => (await api.call('GET', at)).body['state'] === 'accepted');
    const etag = (await api.call('GET', at)).headers.get('etag') ?? '';
    t.match(etag, /^"[\w-]{27}"$/);
    const again = await api.call('GET', at, { headers: { 'if-none-match': `"other", ${etag}` } });
    t.equal(again.status, 304);
    t.equal(again.bytes.length, 0);
    t.equal((await api.call('GET', at, { headers: { 'if-none-match': '"other"' } })).status, 200);
    const stale = await api.call('POST', `${at}/cancel`, { headers: { 'if-match': '"other"' } });
    t.match(stale, { status: 412, body: { code: 'request.precondition' } });
    const fresh = await api.call('POST', `${at}/cancel`, { headers: { 'if-match': etag } });
    t.match(fresh, { status: 409, body: { code: 'document.state' } }, 'what arrived is not cancelled');
  });

  t.test('an idempotency key', async (t) => {
    const key = { 'idempotency-key': 'november-1' };
    const first = await submit(metadata, pdf, key);
    t.equal(first.status, 201);
    const before = await count();
    const reordered = Object.fromEntries(Object.entries(metadata).reverse());
    const again = await submit(reordered, pdf, key);
    t.equal(again.status, 201);
    t.ok(again.bytes.equals(first.bytes), 'the first answer, byte for byte');
    t.equal(again.headers.get('location'), first.headers.get('location'));
    t.equal(await count(), before, 'nothing was submitted twice');

    const renewed = await createApiClient(a, 'integrator', { subject: 'billing' });
    const after = await renewed.call('POST', '/v1/documents', {
      body: submissionForm(metadata, pdf),
      headers: key,
    });
    t.ok(after.bytes.equals(first.bytes), 'also with a renewed token');
    const stranger = await createApiClient(a, 'integrator', { subject: 'claims' });
    const theirs = await stranger.call('POST', '/v1/documents', {
      body: submissionForm(metadata, pdf),
      headers: key,
    });
    t.not(theirs.body['id'], first.body['id'], 'another caller has keys of its own');

    const mismatch = { status: 422, body: { code: 'idempotency.mismatch', retryable: false } };
    t.match(await submit({ ...metadata, title: 'Other' }, pdf, key), mismatch, 'other metadata');
    const other = Buffer.concat([pdf, Buffer.from('\n')]);
    t.match(await submit(metadata, other, key), mismatch, 'another file');

    const draft = { json: { ...metadata, file: { contentType: 'application/pdf' } } };
    const draftKey = { 'idempotency-key': 'draft-1' };
    const one = await api.call('POST', '/v1/documents', { ...draft, headers: draftKey });
    const two = await api.call('POST', '/v1/documents', { ...draft, headers: draftKey });
    t.ok(two.bytes.equals(one.bytes), 'drafts as well');
    t.match(
      await api.call('POST', '/v1/documents', { json: { ...draft.json, title: 'x' }, headers: draftKey }),
      mismatch,
    );

    await a.db.transact((tx) =>
      tx.client.query(`update idempotency_keys set expires_at = now() where key = 'november-1'`),
    );
    const expired = await submit(metadata, pdf, key);
    t.not(expired.body['id'], first.body['id'], 'an expired key is as good as new');
  });

  t.test('a refused request leaves its key free', async (t) => {
    const key = { 'idempotency-key': 'refused-first' };
    t.equal((await submit({ ...metadata, link: uuidV7() }, pdf, key)).status, 404);
    t.equal((await submit(metadata, pdf, key)).status, 201);
  });

  t.test('a key whose request is still running', async (t) => {
    const key = { 'idempotency-key': 'slow-1' };
    const whole = form([asMetadata(metadata), asFile(pdf)]);
    const slow = new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest(`${a.url}/v1/documents`, {
        method: 'POST',
        headers: {
          ...FORM_TYPE,
          ...key,
          authorization: `Bearer ${api.token}`,
          'content-length': whole.length,
        },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.write(whole.subarray(0, 2000));
      setTimeout(() => sent.end(whole.subarray(2000)), 500);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const meanwhile = await submit(metadata, pdf, key);
    t.match(meanwhile, { status: 409, body: { code: 'idempotency.in_progress', retryable: true } });
    t.equal(meanwhile.headers.get('retry-after'), '1');
    t.equal(await slow, 201);
    t.equal((await submit(metadata, pdf, key)).status, 201, 'afterwards its answer');
  });

  t.test('two replicas and one key', async (t) => {
    const replica = await restartTestNode(t, { ...a.env, INTERVAULT_PORT: '0' });
    const there: Pick<TestNode, 'config' | 'url'> = {
      config: a.config,
      url: `http://127.0.0.1:${replica.address.port}`,
    };
    const apiThere = await createApiClient(there, 'integrator', { subject: 'billing' });
    const before = await count();
    const headers = { 'idempotency-key': 'both-1' };
    const answers = await Promise.all(
      [api, apiThere].map((client) =>
        client.call('POST', '/v1/documents', { body: submissionForm(metadata, pdf), headers }),
      ),
    );
    t.equal(await count(), before + 1, 'one document');
    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body['id']));
    t.equal(ids.size, 1);
    for (const { status, body } of answers)
      t.ok(status === 201 || body['code'] === 'idempotency.in_progress', `${status}`);
  });

  t.test('a key is kept over a restart', async (t) => {
    const headers = { 'idempotency-key': 'restart-1' };
    const first = await submit(metadata, pdf, headers);
    await a.stop();
    const restarted = await restartTestNode(t, a.env);
    const later = await createApiClient(restarted, 'integrator', { subject: 'billing' });
    const again = await later.call('POST', '/v1/documents', { body: submissionForm(metadata, pdf), headers });
    t.ok(again.bytes.equals(first.bytes));
  });
});

t.test('an operator retries and cancels', async (t) => {
  const a = await startTestNode(t, {
    env: { INTERVAULT_RETRY_BASE_MS: '600000', INTERVAULT_RETRY_CAP_MS: '600000' },
  });
  const b = await startTestNode(t);
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const pdf = await readFile(SAMPLE);
  await b.stop();
  const integrator = await createApiClient(a, 'integrator');
  const operator = await createApiClient(a, 'operator');
  const metadata = { link, type: 'other', title: 'Avis', issuedAt: '2026-11-01', language: 'fr' };
  const created = await integrator.call('POST', '/v1/documents', { body: submissionForm(metadata, pdf) });
  const at = `/v1/documents/${created.body['id']}`;
  type Delivery = { attempts: number; nextAttemptAt: string; lastCode: string; task: string };
  const tried = (attempts: number) =>
    eventually(async () => {
      const { body } = await operator.call('GET', at);
      const delivery = body['delivery'] as Delivery | undefined;
      return delivery !== undefined && delivery.attempts >= attempts && { body, delivery };
    });

  const first = await tried(1);
  t.equal(first.body['state'], 'sending');
  t.ok(Date.parse(first.delivery.nextAttemptAt) > Date.now(), 'the next try is told');
  t.ok(first.delivery.lastCode, first.delivery.lastCode);
  t.equal(((await operator.call('GET', '/v1/documents?state=sending')).body['documents'] as []).length, 1);
  t.equal(((await operator.call('GET', '/v1/documents?state=submitted')).body['documents'] as []).length, 0);

  t.equal((await operator.call('POST', `${at}/retry`)).status, 200);
  await tried(2);

  const peer = await operator.call('GET', `/v1/peers/${Buffer.from(b.url).toString('base64url')}`);
  t.match(peer.body, { id: b.url, traffic: { queued: 1 } });

  const cancelled = await operator.call('POST', `${at}/cancel`);
  t.match(cancelled.body, { delivery: { task: 'close' } });
  const back = await restartTestNode(t, b.env);
  t.teardown(() => back.stop());
  await operator.call('POST', `${at}/retry`);
  const ended = await eventually(async () => {
    const { body } = await operator.call('GET', at);
    return body['code'] === 'exchange.cancelled' && body;
  });
  t.equal(ended['state'], 'failed');
  t.match(await operator.call('POST', `${at}/retry`), { status: 409, body: { code: 'document.state' } });
  const unknown = await operator.call('POST', `/v1/documents/${uuidV7()}/cancel`);
  t.match(unknown, { status: 404, body: { code: 'document.unknown' } });
});
