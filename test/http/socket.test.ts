import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import t from 'tap';
import type { SocketLimits } from '../../src/http/server.ts';
import { buildTestApp, captureLog, listen, rawExchange } from './harness.ts';
import { TEST_CERT, TEST_KEY } from './tls-fixture.ts';

async function start(
  t: { teardown: (fn: () => unknown) => unknown },
  limits: Partial<SocketLimits> = {},
  options = {},
) {
  const log = captureLog();
  const app = await buildTestApp({ logger: log.logger, limits, ...options });
  const seen: string[] = [];
  app.addHook('onRequest', (request, _reply, done) => {
    seen.push(`${request.method} ${request.url}`);
    done();
  });
  app.post('/things', async (request) => ({ got: request.body }));
  app.get('/things', async () => 'fine');
  app.get('/smuggled', async () => 'smuggled');
  const port = await listen(app);
  t.teardown(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  return { app, port, seen, log };
}

const HEAD = 'POST /things HTTP/1.1\r\nHost: node.example\r\nContent-Type: application/json\r\n';
const GET = 'GET /things HTTP/1.1\r\nHost: node.example\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: node.example\r\n\r\n';

t.test('what two parsers could read differently is refused, and the connection ends', async (t) => {
  const { port, seen } = await start(t);
  const cases: Record<string, string> = {
    'Content-Length and Transfer-Encoding': `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'the other way round': `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'two different lengths': `${HEAD}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}${SMUGGLED}`,
    'two equal lengths': `${HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    'a list of lengths': `${HEAD}Content-Length: 2, 2\r\n\r\n{}${SMUGGLED}`,
    'a signed length': `${HEAD}Content-Length: +2\r\n\r\n{}${SMUGGLED}`,
    'a hexadecimal length': `${HEAD}Content-Length: 0x2\r\n\r\n{}${SMUGGLED}`,
    'a negative length': `${HEAD}Content-Length: -2\r\n\r\n{}${SMUGGLED}`,
    'a length past 64 bits': `${HEAD}Content-Length: 18446744073709551618\r\n\r\n{}${SMUGGLED}`,
    'chunked twice': `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'chunked not last': `${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'an unknown coding': `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'a folded header': `${GET}X-Folded: a\r\n b\r\n\r\n${SMUGGLED}`,
    'a folded Transfer-Encoding': `${HEAD}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'a blank before the colon': `${HEAD}Content-Length : 2\r\n\r\n{}${SMUGGLED}`,
    'a header without a colon': `${GET}Nonsense\r\n\r\n`,
    'a NUL in a header': `${GET}X-Nul: a\0b\r\n\r\n`,
    'a bare CR in a header': `${GET}X-Cr: a\rContent-Length: 5\r\n\r\n`,
    'bare LF line ends': GET.replaceAll('\r\n', '\n') + '\n' + SMUGGLED,
    'a chunk size that is no number': `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n${SMUGGLED}`,
    'a chunk size with a sign': `${HEAD}Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
    'a chunk longer than its size': `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
    'no host': 'GET /things HTTP/1.1\r\n\r\n',
    'two hosts': `${GET}Host: other.example\r\nConnection: close\r\n\r\n`,
    'two content types': `${HEAD}Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    'two tokens': `${GET}Authorization: Bearer a\r\nauthorization: Bearer b\r\nConnection: close\r\n\r\n`,
    'HTTP/2 without agreement': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a later major version': 'GET /things HTTP/3.0\r\nHost: node.example\r\n\r\n',
    'no version': 'GET /things\r\n\r\n',
    'HTTP/1.0': 'GET /things HTTP/1.0\r\nHost: node.example\r\n\r\n',
    'TLS on a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    garbage: '\x00\x01\x02\x03garbage\r\n\r\n',
  };
  for (const [name, text] of Object.entries(cases)) {
    const { answer, closed } = await rawExchange(port, text, { untilMs: 3000 });
    t.match(answer, /^HTTP\/1\.1 400 /, name);
    t.ok(closed, `${name}: closed`);
    t.notMatch(answer, /smuggled/, name);
    t.notOk(
      seen.splice(0).some((line) => line.includes('smuggled')),
      `${name}: no second request`,
    );
  }
});

t.test('addresses in odd forms reach no route', async (t) => {
  const { port } = await start(t);
  for (const line of ['OPTIONS * HTTP/1.1', 'GET //things HTTP/1.1']) {
    const { answer } = await rawExchange(port, `${line}\r\nHost: node.example\r\nConnection: close\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 (404|405) /, line);
  }
  const tunnel = await rawExchange(port, 'CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n', {
    untilMs: 2000,
  });
  t.notMatch(tunnel.answer, /^HTTP\/1\.1 2/, 'no tunnel');
  t.ok(tunnel.closed);
});

t.test('headers just under the limit pass, just over it get 431', async (t) => {
  const { port } = await start(t, { maxHeaderBytes: 4096 });
  const get = (size: number) =>
    rawExchange(port, `${GET}Connection: close\r\nX-Fill: ${'x'.repeat(size)}\r\n\r\n`);
  t.match((await get(3800)).answer, /^HTTP\/1\.1 200 /);
  const over = await get(4200);
  t.match(over.answer, /^HTTP\/1\.1 431 /);
  t.match(over.answer, /"code":"request.headers_too_large"/);
  t.match((await rawExchange(port, `GET /${'x'.repeat(5000)} HTTP/1.1\r\n`)).answer, /^HTTP\/1\.1 431 /);
});

t.test('slow headers get 408 and lose their connection', async (t) => {
  const { port } = await start(t, { headersTimeoutMs: 300 });
  const slow = await rawExchange(port, [GET, ...Array(40).fill('X: y\r\n')], { pauseMs: 100 });
  t.match(slow.answer, /^HTTP\/1\.1 408 /);
  t.match(slow.answer, /"code":"request.timeout"/);
  t.ok(slow.closed);
  const silent = await rawExchange(port, '', { untilMs: 3000 });
  t.ok(silent.closed, 'a connection that says nothing');
});

t.test('a slow body gets 408, however steadily it drips', async (t) => {
  const { port } = await start(t, {}, { bodyTimeoutMs: 200 });
  const slow = await rawExchange(port, [`${HEAD}Content-Length: 100\r\n\r\n`, ...Array(60).fill(' ')], {
    pauseMs: 50,
  });
  t.match(slow.answer, /^HTTP\/1\.1 408 /);
  t.ok(slow.closed);
});

t.test('a body that breaks off is nobody’s crash', async (t) => {
  const { port, log } = await start(t);
  const socket = connect(port, '127.0.0.1');
  socket.write(`${HEAD}Content-Length: 100\r\n\r\n{"a":`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { answer } = await rawExchange(port, `${GET}Connection: close\r\n\r\n`);
  t.match(answer, /fine/);
  t.notOk(log.lines.some(({ level }) => level === 'error'));
});

t.test('a body without an end is cut at the limit', async (t) => {
  const { port } = await start(t, {}, { bodyLimitBytes: 1000 });
  const chunk = `100\r\n${' '.repeat(256)}\r\n`;
  const endless = await rawExchange(port, [
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
    ...Array(400).fill(chunk),
  ]);
  t.match(endless.answer, /^HTTP\/1\.1 413 /);
  t.ok(endless.closed);
  const long = await rawExchange(port, `${HEAD}Content-Length: 10000000\r\n\r\n`);
  t.match(long.answer, /^HTTP\/1\.1 413 /, 'refused by its length alone');
  t.ok(long.closed);
});

t.test('a short refused body leaves the connection open for the next request', async (t) => {
  const { port } = await start(t);
  const { answer } = await rawExchange(port, [
    'POST /nothing HTTP/1.1\r\nHost: node.example\r\nContent-Length: 5\r\n\r\nabcde',
    `${GET}Connection: close\r\n\r\n`,
  ]);
  t.match(answer, /^HTTP\/1\.1 404 [\s\S]*HTTP\/1\.1 200 [\s\S]*fine/);
});

t.test('an idle connection is cut', async (t) => {
  const { port } = await start(t, { connectionTimeoutMs: 200, keepAliveTimeoutMs: 200 });
  const { answer, closed } = await rawExchange(port, `${GET}\r\n`, { untilMs: 5000 });
  t.match(answer, /fine/);
  t.ok(closed);
});

t.test('connections over the limit are dropped', async (t) => {
  const { port } = await start(t, { maxConnections: 1 });
  const first = connect(port, '127.0.0.1');
  await once(first, 'connect');
  const second = await rawExchange(port, `${GET}\r\n`, { untilMs: 3000 });
  t.ok(second.closed);
  t.equal(second.answer, '');
  first.destroy();
});

t.test('TLS 1.2 and later, nothing older', async (t) => {
  const { port } = await start(t, {}, { tls: { cert: TEST_CERT, key: TEST_KEY } });
  const get = (options: object) =>
    new Promise<string>((resolve) => {
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port,
          path: '/things',
          ca: TEST_CERT,
          servername: 'localhost',
          agent: false,
          ...options,
        },
        (response) => {
          response.resume();
          resolve(`${response.statusCode} ${response.headers['strict-transport-security']}`);
        },
      );
      request.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`));
      request.end();
    });
  t.equal(await get({}), '200 max-age=31536000');
  t.equal(await get({ maxVersion: 'TLSv1.2' }), '200 max-age=31536000');
  t.match(
    await get({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
    /ERR_SSL|EPROTO|ECONNRESET/,
  );
});
