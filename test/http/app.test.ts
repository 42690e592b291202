import t from 'tap';
import { problem } from '../../src/http/problem.ts';
import { createProblemError } from '../../src/http/problem-error.ts';
import { buildTestApp, captureLog } from './harness.ts';

const table = { 'slot.full': { status: 409, title: 'The slot is full', retryable: true } };

const schema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['title'],
    properties: {
      title: { type: 'string', maxLength: 10 },
      kind: { enum: ['a', 'b'] },
      pages: { type: 'integer' },
      issuedAt: { type: 'string', format: 'date-time' },
      party: {
        oneOf: [
          { type: 'string' },
          {
            type: 'object',
            additionalProperties: false,
            required: ['name/first'],
            properties: { 'name/first': { type: 'string' }, age: { type: ['integer', 'null'] } },
          },
        ],
      },
    },
  },
};

async function testApp(options: Parameters<typeof buildTestApp>[0] = {}) {
  const app = await buildTestApp({ tables: [table], ...options });
  app.post('/things', { schema }, async (request) => request.body);
  app.get(
    '/things/:id',
    {
      schema: {
        params: { type: 'object', properties: { id: { type: 'integer' } } },
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            limit: { type: 'integer', default: 20 },
            type: { type: 'array', items: { type: 'string' } },
          },
        },
      },
      config: { repeatableQuery: ['type'] },
    },
    async (request) => ({ params: request.params, query: request.query }),
  );
  app.get('/boom', async () => {
    throw new Error('secret: the password is hunter2');
  });
  return app;
}

t.test('an unexpected error says nothing but its id, and is logged with it', async (t) => {
  const log = captureLog();
  const app = await testApp({ logger: log.logger });
  const response = await app.inject('/boom');
  t.equal(response.statusCode, 500);
  t.match(response.json(), { code: 'internal.error', requestId: /^[0-9a-f-]{36}$/ });
  t.notMatch(response.body, /hunter2|Error|stack/);
  const [line] = log.lines.filter(({ msg }) => msg === 'unexpected error');
  t.match(line, { requestId: response.json().requestId, err: { message: /hunter2/, stack: /at / } });
});

t.test('what a service throws becomes its problem', async (t) => {
  const app = await testApp({
    mapError: (error) => (error === 'database down' ? problem('rate.limited') : undefined),
  });
  const refusal = (code: string, details?: object) =>
    Object.assign(new Error(code), { name: 'Refusal', code, details });
  const throwing: [string, () => unknown, number, object][] = [
    [
      '/refusal',
      () => refusal('slot.full', { nextEligibleAt: 'x' }),
      409,
      { code: 'slot.full', nextEligibleAt: 'x' },
    ],
    ['/bare', () => refusal('slot.full'), 409, { code: 'slot.full', retryable: true }],
    ['/unlisted', () => refusal('slot.unlisted'), 500, { code: 'internal.error' }],
    ['/problem', () => createProblemError(problem('slot.full', { pointer: '/x' })), 409, { pointer: '/x' }],
    ['/mapped', () => 'database down', 429, { code: 'rate.limited' }],
    ['/imitated', () => Object.assign(new Error('x'), { problem: problem('slot.full') }), 500, {}],
    [
      '/status',
      () => Object.assign(new Error('inner words'), { statusCode: 400 }),
      500,
      { code: 'internal.error' },
    ],
  ];
  for (const [url, make] of throwing)
    app.get(url, async () => {
      throw make();
    });
  for (const [url, , status, body] of throwing) {
    const response = await app.inject(url);
    t.equal(response.statusCode, status, url);
    t.match(response.json(), body, url);
    t.notMatch(response.body, /inner words/);
  }
});

t.test('a body that breaks its schema is answered with the field', async (t) => {
  const app = await testApp();
  const cases: [unknown, string, RegExp][] = [
    [{}, '/title', /is missing/],
    [{ title: 'x', tilte: 1 }, '/tilte', /not a field that is known/],
    [{ title: 'x', 'a/b~c': 1 }, '/a~1b~0c', /not a field/],
    [{ title: 5 }, '/title', /must be string/],
    [{ title: 'x'.repeat(11) }, '/title', /more than 10/],
    [{ title: 'x', kind: 'c' }, '/kind', /one of a, b/],
    [{ title: 'x', pages: '5' }, '/pages', /must be integer/],
    [{ title: 'x', issuedAt: 'yesterday' }, '/issuedAt', /date-time/],
    [{ title: 'x', party: {} }, '/party/name~1first', /is missing/],
    [{ title: 'x', party: { 'name/first': 'y', age: 'old' } }, '/party/age', /must be/],
    [[], '', /the body must be object/],
    ['personal words', '', /the body must be object/],
  ];
  for (const [payload, pointer, detail] of cases) {
    const response = await app.inject({
      method: 'POST',
      url: '/things',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(payload),
    });
    t.equal(response.statusCode, 400);
    t.match(response.json(), { code: 'request.invalid', in: 'body', detail, retryable: false });
    t.equal(response.json().pointer, pointer, JSON.stringify(payload));
    t.notMatch(response.body, /personal words|yesterday/);
  }
  const long = await app.inject({
    method: 'POST',
    url: '/things',
    payload: { title: 'x', ['y'.repeat(5000)]: 1 },
  });
  t.ok(long.body.length < 1000, 'a long name is cut');
  const fine = await app.inject({ method: 'POST', url: '/things', payload: { title: 'x', kind: 'a' } });
  t.same(fine.json(), { title: 'x', kind: 'a' });
  const none = await app.inject({ method: 'POST', url: '/things' });
  t.match(none.json(), { code: 'request.invalid' }, 'no body at all');
});

t.test('path and query are converted, and refused by name', async (t) => {
  const app = await testApp();
  t.same((await app.inject('/things/7?type=a')).json(), {
    params: { id: 7 },
    query: { limit: 20, type: ['a'] },
  });
  t.same((await app.inject('/things/7?type=a&type=b+c&limit=3')).json().query, {
    limit: 3,
    type: ['a', 'b c'],
  });
  const cases: [string, object][] = [
    ['/things/x', { in: 'path', pointer: '/id' }],
    ['/things/7?limit=x', { in: 'query', pointer: '/limit' }],
    ['/things/7?limt=5', { in: 'query', pointer: '/limt', detail: /not a field/ }],
    ['/things/7?limit=1&limit=2', { in: 'query', pointer: '/limit', detail: /twice/ }],
    ['/things/7?limit=%zz', { in: 'query', detail: /escape/ }],
    ['/things/7?limit=%00', { in: 'query', detail: /escape/ }],
    [`/things/7?${Array.from({ length: 65 }, (_, n) => `k${n}=1`).join('&')}`, { detail: /too many/ }],
    ['/things/7?__proto__=1', { in: 'query', pointer: '/__proto__' }],
  ];
  for (const [url, body] of cases) {
    const response = await app.inject(url);
    t.equal(response.statusCode, 400, url);
    t.match(response.json(), { code: 'request.invalid', ...body }, url);
  }
});

t.test('addresses and methods that nothing answers', async (t) => {
  const app = await testApp();
  app.route({ method: ['PUT', 'DELETE'], url: '/things/:id', handler: async () => 'ok' });
  app.get('/files/*', async () => 'ok');
  t.match((await app.inject('/nothing')).json(), { code: 'request.not_found', status: 404 });
  t.match((await app.inject('/Things/7')).json(), { code: 'request.not_found' }, 'case matters');
  const wrong = await app.inject({ method: 'PATCH', url: '/things/7?a=b', payload: 'unread' });
  t.equal(wrong.statusCode, 405);
  t.equal(wrong.headers['allow'], 'DELETE, GET, HEAD, PUT');
  t.match(wrong.json(), { code: 'request.method' });
  t.equal((await app.inject({ method: 'POST', url: '/files/a/b' })).headers['allow'], 'GET, HEAD');
  t.match((await app.inject('/things/%zz')).json(), { code: 'request.malformed' });
  t.match((await app.inject(`/things/${'1'.repeat(300)}`)).json(), { code: 'request.malformed' });
});

t.test('media types, codings and JSON that are not taken', async (t) => {
  const app = await testApp({ bodyLimitBytes: 100 });
  const send = (headers: Record<string, string>, payload = '{"title":"x"}') =>
    app.inject({ method: 'POST', url: '/things', headers, payload });
  t.equal((await send({ 'content-type': 'application/json; charset=UTF-8' })).statusCode, 200);
  const cases: [Record<string, string>, string, number, string][] = [
    [{ 'content-type': 'text/plain' }, 'x', 415, 'request.media_type'],
    [{ 'content-type': 'application/json; charset=latin1' }, '{}', 415, 'request.media_type'],
    [{ 'content-type': 'application/xml' }, 'x', 415, 'request.media_type'],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, '{}', 415, 'request.encoding'],
    [{ 'content-type': 'application/json' }, '{', 400, 'request.json'],
    [{ 'content-type': 'application/json' }, '', 400, 'request.json'],
    [{ 'content-type': 'application/json' }, `{"title":"${'x'.repeat(100)}"}`, 413, 'request.too_large'],
  ];
  for (const [headers, payload, status, code] of cases) {
    const response = await send(headers, payload);
    t.equal(response.statusCode, status, code);
    t.equal(response.json().code, code);
  }
  t.equal((await send({ 'content-type': 'application/json' }, '{')).json().reason, 'json.syntax');
  const exact = `{"title":"x"}${' '.repeat(87)}`;
  t.equal((await send({ 'content-type': 'application/json' }, exact)).statusCode, 200, 'just at the limit');
  t.equal((await send({ 'content-type': 'application/json' }, `${exact} `)).statusCode, 413, 'just over it');
});

t.test('the id of a request comes from outside only where it may', async (t) => {
  const given = 'proxy-id-12345678';
  const closed = await testApp();
  const open = await testApp({ acceptRequestId: true });
  const id = async (app: typeof open, value: string) =>
    (await app.inject({ url: '/nothing', headers: { 'x-request-id': value } })).headers['x-request-id'];
  t.not(await id(closed, given), given);
  t.equal(await id(open, given), given);
  for (const bad of ['short', 'x'.repeat(65), 'has space in it', 'new"line-injection', '../../../etc'])
    t.not(await id(open, bad), bad);
});

t.test('headers for an API, HSTS only over TLS', async (t) => {
  const { headers } = await (await testApp()).inject('/nothing');
  t.match(headers, {
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  });
  t.notOk(headers['strict-transport-security']);
  t.notOk(headers['x-powered-by']);
  const secure = await (await testApp({ strictTransportSecurity: true })).inject('/nothing');
  t.equal(secure.headers['strict-transport-security'], 'max-age=31536000');
});

t.test('a forwarded address is believed from trusted proxies only', async (t) => {
  const ip = async (trustProxy: string[], remoteAddress: string) => {
    const app = await buildTestApp({ trustProxy });
    app.get('/ip', async (request) => request.ip);
    const headers = { 'x-forwarded-for': '198.51.100.9' };
    return (await app.inject({ url: '/ip', headers, remoteAddress })).body;
  };
  t.equal(await ip([], '10.0.0.1'), '10.0.0.1');
  t.equal(await ip(['10.0.0.0/8'], '10.0.0.1'), '198.51.100.9');
  t.equal(await ip(['10.0.0.0/8'], '192.0.2.1'), '192.0.2.1');
});
