import t from 'tap';
import { createSecret } from '../../src/config-values.ts';
import { serializeError } from '../../src/http/logger.ts';
import { problem, sendProblem } from '../../src/http/problem.ts';
import { buildTestApp, captureLog } from './harness.ts';

const PERSONAL = /jeanne|FR76|tok-secret/i;

t.test('one line a request: the pattern of the route, never its address', async (t) => {
  const log = captureLog('info');
  const app = await buildTestApp({ logger: log.logger });
  app.get('/v1/links/:id', async () => 'ok');
  await app.inject({
    url: '/v1/links/jeanne?iban=FR76',
    headers: { authorization: 'Bearer tok-secret', cookie: 'tok-secret' },
  });
  t.equal(log.lines.length, 1);
  t.match(log.lines[0], {
    level: 'info',
    time: /^\d{4}-.*Z$/,
    msg: 'request',
    requestId: /./,
    method: 'GET',
    route: '/v1/links/:id',
    statusCode: 200,
    durationMs: Number,
  });
  t.notOk('remoteAddress' in (log.lines[0] ?? {}), 'no address of who is served');

  await app.inject({ url: '/nothing/jeanne?x=FR76' });
  t.match(log.lines[1], { route: 'none', problem: 'request.not_found', remoteAddress: '127.0.0.1' });

  t.notMatch(log.text(), PERSONAL);
});

t.test('the exchange a line is about: a well-formed id, and only the id of an exchange', async (t) => {
  const log = captureLog('info');
  const app = await buildTestApp({ logger: log.logger });
  const id = '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d71';
  app.put<{ Params: { jti: string } }>('/exchanges/:jti', async () => {
    throw new Error('broken');
  });
  app.get('/v1/links/:id', async () => 'ok');
  app.post<{ Querystring: { at: string } }>('/v1/documents', async (request, reply) => {
    request.exchangeId = request.query.at;
    return reply.code(201).send('ok');
  });
  app.get('/v1/documents', async () => 'ok');

  await app.inject({ method: 'PUT', url: `/exchanges/${id}`, payload: { name: 'Jeanne' } });
  t.match(log.lines.splice(0), [
    { msg: 'unexpected error', exchangeId: id },
    { msg: 'request', exchangeId: id, statusCode: 500 },
  ]);
  await app.inject({ method: 'POST', url: `/v1/documents?at=${id}` });
  t.match(log.lines.splice(0), [{ msg: 'request', exchangeId: id, statusCode: 201 }]);

  await app.inject({ method: 'PUT', url: '/exchanges/jeanne' });
  await app.inject(`/v1/links/${id}`);
  await app.inject({ method: 'POST', url: '/v1/documents?at=jeanne' });
  await app.inject('/v1/documents');
  await app.inject(`/exchanges/${id}/nothing`);
  t.equal(log.lines.length, 6);
  for (const line of log.lines) t.notOk('exchangeId' in line, `${line['route']}`);
  t.notMatch(log.text(), PERSONAL);
});

t.test('a request, a reply or an error that is logged whole shows no more', async (t) => {
  const log = captureLog();
  const app = await buildTestApp({ logger: log.logger });
  app.post('/x/:id', async (request, reply) => {
    request.log.info({ req: request, res: reply }, 'whole');
    return sendProblem(reply, problem('request.invalid'));
  });
  await app.inject({
    method: 'POST',
    url: '/x/jeanne?iban=FR76',
    headers: { authorization: 'Bearer tok-secret' },
    payload: { name: 'Jeanne' },
  });
  t.match(log.lines[0], { req: { method: 'POST', route: '/x/:id' }, res: { statusCode: 200 } });
  t.notMatch(log.text(), PERSONAL);
});

t.test('secrets and contents are masked at every depth, and in child loggers', async (t) => {
  const { logger, text, lines } = captureLog();
  logger.info({
    password: 'tok-secret',
    a: { token: 'tok-secret', b: { authorization: 'tok-secret', list: [{ email: 'jeanne@x.example' }] } },
    deep: { b: { c: { d: 'tok-secret', e: { f: { g: { h: 'jeanne' } } } } } },
    bytes: Buffer.from('jeanne'),
    url: new URL('https://peer.example/x?iban=FR76'),
    databaseUrl: createSecret('tok-secret'),
    held: { value: createSecret('tok-secret') },
    body: { name: 'jeanne' },
    count: 3,
    at: new Date(0),
  });
  logger.child({ token: 'tok-secret', peer: 'https://b.example' }).info('child');
  t.notMatch(text(), PERSONAL);
  t.match(lines[0], {
    password: '[redacted]',
    a: { token: '[redacted]', b: { list: [{ email: '[redacted]' }] } },
    bytes: '[6 bytes]',
    url: 'https://peer.example/x',
    count: 3,
    at: '1970-01-01T00:00:00.000Z',
  });
  t.match(lines[1], { token: '[redacted]', peer: 'https://b.example' });
});

t.test('errors: no values out of SQL, no members that nobody chose, bounded', async (t) => {
  const sql = Object.assign(new Error('invalid input syntax for type uuid: "jeanne"'), {
    severity: 'ERROR',
    code: '22P02',
    detail: 'Key (owner)=(jeanne) exists',
    constraint: 'links_pk',
    table: 'links',
    parameters: ['FR76'],
  });
  const logged = serializeError(new Error('outer', { cause: sql }));
  t.match(logged, { type: 'Error', cause: { code: '22P02', constraint: 'links_pk', table: 'links' } });
  t.notMatch(JSON.stringify(logged), PERSONAL);
  t.match(logged.stack, /logger\.test\.ts/);

  t.ok(JSON.stringify(serializeError(new Error('x'.repeat(100_000)))).length < 6000);
  const loop = new Error('loop');
  loop.cause = loop;
  t.ok(JSON.stringify(serializeError(loop)).length < 30_000);
  t.same(serializeError('jeanne'), { type: 'string', message: 'not an Error' });

  const { logger, text } = captureLog();
  logger.error({ err: sql, nested: { failure: sql } }, 'failed');
  t.notMatch(text(), PERSONAL);
});
