import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { Pool } from 'undici';
import { createGuardedConnector } from '../../../src/registry/fetch/guarded-connect.ts';
import { createGuardedFetch, type FetchLimits } from '../../../src/registry/fetch/guarded-fetch.ts';

const TYPE = 'application/entity-statement+jwt';
const MAX_BYTES = 64 * 1024;

async function listen(t: Test, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serve(t: Test, listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(t, createHttpServer(listener))}/x`;
}

/** Answers any connection with these bytes, written as they are. */
async function serveRaw(t: Test, write: (socket: Socket) => void): Promise<string> {
  const port = await listen(
    t,
    createTcpServer((socket) => socket.once('data', () => write(socket))),
  );
  return `http://127.0.0.1:${port}/x`;
}

const fetchOn = (url: string, limits: Partial<FetchLimits> = {}) =>
  createGuardedFetch({ allowPrivate: true, limits })({ url, mediaType: TYPE, maxBytes: MAX_BYTES });

t.test('a plain answer', async (t) => {
  let seen: unknown;
  const url = await serve(t, (request, response) => {
    seen = request.headers;
    response.setHeader('content-type', `${TYPE}; charset=utf-8`).end('hello');
  });
  const result = await fetchOn(url);
  t.match(result, { ok: true, body: Buffer.from('hello') });
  t.ok(result.ok && Math.abs((result.dateMs ?? 0) - Date.now()) < 5000);
  t.match(seen, { accept: TYPE, 'accept-encoding': 'identity' });
  t.notMatch(seen, { cookie: /./, authorization: /./ });
});

t.test('the limit of the size, to the byte', async (t) => {
  for (const chunked of [false, true]) {
    const sized = (size: number) =>
      serve(t, (_request, response) => {
        response.setHeader('content-type', TYPE);
        if (chunked) response.write('x');
        response.end('x'.repeat(chunked ? size - 1 : size));
      });
    t.match(await fetchOn(await sized(MAX_BYTES)), { ok: true });
    t.match(await fetchOn(await sized(MAX_BYTES + 1)), { ok: false, reason: 'fetch.too_large' });
  }
});

t.test('10 GiB, announced or poured', async (t) => {
  const announced = await serveRaw(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${TYPE}\r\ncontent-length: 10737418240\r\n\r\nx`);
  });
  t.match(await fetchOn(announced), { reason: 'fetch.too_large' });

  let poured = 0;
  const endless = await serve(t, (_request, response) => {
    response.setHeader('content-type', TYPE);
    const chunk = Buffer.alloc(64 * 1024);
    const pour = () => {
      while (!response.destroyed && poured < 10 * 2 ** 30) {
        poured += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', pour);
      }
    };
    pour();
  });
  t.match(await fetchOn(endless), { reason: 'fetch.too_large' });
  t.ok(poured < 64 * 2 ** 20, `${poured} bytes left the server`);
});

t.test('a slow drip is cut off, in headers as in the body', async (t) => {
  const drip = (text: string) => (socket: Socket) => {
    let at = 0;
    const timer = setInterval(() => socket.write(text[at++ % text.length] ?? 'x'), 20);
    socket.on('close', () => clearInterval(timer));
  };
  const limits = { totalTimeoutMs: 400 };
  for (const text of ['x', 'HTTP/1.1 200 OK\r\nx-a: '.padEnd(10_000, 'a')]) {
    const startedMs = Date.now();
    const result = await fetchOn(await serveRaw(t, drip(text)), limits);
    t.equal(result.ok, false);
    t.ok(Date.now() - startedMs < 2000);
  }
  const body = await serveRaw(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${TYPE}\r\ntransfer-encoding: chunked\r\n\r\n`);
    drip('1\r\nx\r\n')(socket);
  });
  const startedMs = Date.now();
  t.match(await fetchOn(body, limits), { reason: 'fetch.timeout' });
  t.ok(Date.now() - startedMs < 2000);
  t.match(
    await fetchOn(await serveRaw(t, () => {}), limits),
    { reason: 'fetch.timeout' },
    'no answer at all',
  );
});

t.test('redirects are not followed', async (t) => {
  let reached = 0;
  const target = await serve(t, (_request, response) => {
    reached++;
    response.setHeader('content-type', TYPE).end('secret');
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve(t, (_request, response) => {
      response.writeHead(status, { location: target, 'content-type': TYPE }).end();
    });
    t.match(await fetchOn(url), { reason: 'fetch.redirect', detail: String(status) });
  }
  t.equal(reached, 0);
});

t.test('answers that are not what was asked for', async (t) => {
  const answer = (status: number, headers: Record<string, string>, body: string | Buffer = 'x') =>
    serve(t, (_request, response) => response.writeHead(status, headers).end(body));
  t.match(await fetchOn(await answer(500, { 'content-type': TYPE })), {
    reason: 'fetch.status',
    detail: '500',
  });
  t.match(await fetchOn(await answer(206, { 'content-type': TYPE })), { reason: 'fetch.status' });
  t.match(await fetchOn(await answer(200, { 'content-type': 'text/html' })), {
    reason: 'fetch.content_type',
  });
  t.match(await fetchOn(await answer(200, {})), { reason: 'fetch.content_type' });
  const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20));
  t.match(await fetchOn(await answer(200, { 'content-type': TYPE, 'content-encoding': 'gzip' }, bomb)), {
    reason: 'fetch.encoding',
  });
});

t.test('garbage, cuts and silence', async (t) => {
  const garbage = await serveRaw(t, (socket) => socket.end('\0\x01\x02 not http at all\r\n\r\n'));
  t.match(await fetchOn(garbage), { reason: 'fetch.malformed' });
  const cut = await serveRaw(t, (socket) => {
    socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${TYPE}\r\ncontent-length: 100\r\n\r\nshort`);
  });
  t.match(await fetchOn(cut), { reason: 'fetch.cut' });
  const headers = await serveRaw(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${`x-a: ${'a'.repeat(1000)}\r\n`.repeat(100)}\r\n`);
  });
  t.match(await fetchOn(headers), { reason: 'fetch.malformed' });
  const closed = createTcpServer();
  const port = await listen(t, closed);
  await new Promise((resolve) => closed.close(resolve));
  t.match(await fetchOn(`http://127.0.0.1:${port}/x`), { reason: 'fetch.connect' });
});

/** For a name nobody owns, signed by nobody: made with `openssl req -x509 -newkey ec … -subj /CN=peer.example`. */
const SELF_SIGNED = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjLm2kA8PFy16I9RM
9Kxc8D/M4GgriEOVGB9FCEeuYCqhRANCAAQYvByp0d5OY3ktUc5aYtJpFqNPtJuz
4F5hXsq6Jdb32xPYyLDoaiA6o2lj54rdfNFIO4OwFohBQdhXe6GjqpY8
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBhDCCASugAwIBAgIUDgpjdWxWzSm9y3S5O0azqg7j524wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMcGVlci5leGFtcGxlMCAXDTI2MTEyMTIzMzI0N1oYDzIxMjYx
MDI4MjMzMjQ3WjAXMRUwEwYDVQQDDAxwZWVyLmV4YW1wbGUwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAQYvByp0d5OY3ktUc5aYtJpFqNPtJuz4F5hXsq6Jdb32xPY
yLDoaiA6o2lj54rdfNFIO4OwFohBQdhXe6GjqpY8o1MwUTAdBgNVHQ4EFgQUe9uC
YqLRpvsgQKu7JyXf0NLLV5kwHwYDVR0jBBgwFoAUe9uCYqLRpvsgQKu7JyXf0NLL
V5kwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiANhhPLw93U2eyW
ITmYXPRcLXFbzLMtmw4/cQZPqTwKeQIgNsCfZIdTup4L4lYTbMyA0sjvT5p6IOjr
+Crb4+Ul138=
-----END CERTIFICATE-----
`,
};

t.test('a server that cannot prove its name', async (t) => {
  const server = createHttpsServer(SELF_SIGNED, (_request, response) => {
    response.setHeader('content-type', TYPE).end('x');
  });
  t.match(await fetchOn(`https://127.0.0.1:${await listen(t, server)}/x`), { reason: 'fetch.tls' });
  const port = await listen(
    t,
    createTcpServer((socket) => socket.once('data', () => socket.end('plain text\r\n'))),
  );
  t.match(await fetchOn(`https://127.0.0.1:${port}/x`), { reason: 'fetch.tls' });
});

t.test('addresses that are not public', async (t) => {
  let reached = 0;
  const port = await listen(
    t,
    createHttpServer((_request, response) => {
      reached++;
      response.end();
    }),
  );
  const fetchGuarded = (url: string, addresses: string[]) =>
    createGuardedFetch({
      allowPrivate: false,
      lookup: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      limits: { totalTimeoutMs: 1000 },
    })({ url, mediaType: TYPE, maxBytes: MAX_BYTES });

  const named = `https://peer.example:${port}/x`;
  for (const addresses of [
    ['127.0.0.1'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['8.8.8.8', '127.0.0.1'],
    ['127.0.0.1', '8.8.8.8'],
    ['2a00:1450:4007::1', 'fd00::1'],
    ['169.254.169.254'],
    [],
  ]) {
    t.match(await fetchGuarded(named, addresses), { reason: 'fetch.address' }, JSON.stringify(addresses));
  }
  for (const host of [
    '127.0.0.1',
    '[::1]',
    '0x7f.1',
    '2130706433',
    '[::ffff:7f00:1]',
    '0',
    '169.254.169.254',
  ]) {
    t.match(await fetchGuarded(`https://${host}:${port}/x`, []), { reason: 'fetch.address' }, host);
  }
  t.equal(reached, 0, 'nothing was ever connected');
});

t.test('only https, and no credentials', async (t) => {
  const strict = createGuardedFetch({ allowPrivate: false });
  for (const url of [
    'http://a.example/',
    'ftp://a.example/',
    'file:///etc/passwd',
    'https://u:p@a.example/',
    'x',
    '',
  ]) {
    t.match(await strict({ url, mediaType: TYPE, maxBytes: 1 }), { reason: 'fetch.url' }, url);
  }
});

t.test('no more at once than allowed', async (t) => {
  const url = await serve(t, () => {});
  const fetch = createGuardedFetch({ allowPrivate: true, limits: { maxConcurrent: 2, totalTimeoutMs: 300 } });
  const results = await Promise.all([1, 2, 3].map(() => fetch({ url, mediaType: TYPE, maxBytes: 1 })));
  t.same(results.map((result) => (result.ok ? 'ok' : result.reason)).sort(), [
    'fetch.busy',
    'fetch.timeout',
    'fetch.timeout',
  ]);
  t.match(
    await fetch({ url, mediaType: TYPE, maxBytes: 1 }),
    { reason: 'fetch.timeout' },
    'places are given back',
  );
});

t.test('the connector of long-lived pools has the same guard', async (t) => {
  const port = await listen(
    t,
    createHttpServer((_request, response) => response.end('x')),
  );
  const pool = new Pool(`http://peer.example:${port}`, {
    connect: createGuardedConnector({
      policy: { allowPrivate: false },
      lookup: async () => [{ address: '127.0.0.1', family: 4 }],
    }),
  });
  t.teardown(() => pool.destroy());
  await t.rejects(pool.request({ method: 'GET', path: '/' }), { code: 'fetch.address' });
});
