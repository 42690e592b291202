import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { rawExchange } from '../http/harness.ts';
import { type Crafted, PDF, put } from '../support/craft.ts';
import { ACCEPTED, BODY, checkLog, DECISION, type Kept, NOTHING, startBench } from './bench.ts';

const LIMIT = 65_536;
const MANIFEST_LIMIT = 256 * 1024;
const bench = await startBench(t, {
  recipient: {
    env: { INTERVAULT_MAX_DOCUMENT_BYTES: String(LIMIT), INTERVAULT_BODY_IDLE_TIMEOUT_MS: '300' },
  },
});
const { b, kept } = bench;
const all: Crafted[] = [];
const port = b.address.port;

async function craft(...args: Parameters<typeof bench.craft>): Promise<Crafted> {
  const crafted = await bench.craft(...args);
  all.push(crafted);
  return crafted;
}

/** The access log's line of the last answer. */
function lastLine(statusCode: number): Record<string, unknown> | undefined {
  return bench.log.lines.findLast((line) => line['msg'] === 'request' && line['statusCode'] === statusCode);
}

type Expected = { status: number; code: string; retryable?: boolean; kept: Kept };

/** The answer, what is logged of it and what is kept; then the same exchange as it should be, where it still may come. */
async function refuses(
  t: Test,
  crafted: Crafted,
  answer: { status: number; body: Buffer },
  expected: Expected,
): Promise<void> {
  t.equal(answer.status, expected.status);
  if (expected.status === 422) {
    const claims = JSON.parse(
      Buffer.from(answer.body.toString().split('.')[1] ?? '', 'base64url').toString(),
    );
    t.match(claims, { event: 'RelayRejection', reason: expected.code });
    t.ok(lastLine(422), 'logged with its status');
  } else {
    t.match(JSON.parse(answer.body.toString()), { code: expected.code, retryable: expected.retryable });
    t.match(lastLine(expected.status), { problem: expected.code }, 'logged with its code');
  }
  t.same(await kept(crafted.jti), expected.kept);
}

function head(crafted: Crafted, rest: string): string {
  return `PUT /federation/v1/exchanges/${crafted.jti} HTTP/1.1\r\nHost: node.example\r\nIVX-Envelope: ${crafted.envelope}\r\nContent-Type: application/ivx-exchange\r\n${rest}\r\n`;
}

const chunk = (bytes: Buffer) => `${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`;

function parseRaw(answer: string): { status: number; body: Buffer } {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
  return { status, body: Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1') };
}

async function raw(parts: string[]): Promise<{ status: number; body: Buffer }> {
  return parseRaw((await rawExchange(port, parts, { untilMs: 2_000 })).answer);
}

t.test('a body of another size than was signed', async (t) => {
  const LENGTH = { status: 400, code: 'body.length', retryable: true, kept: NOTHING };
  await t.test('shorter, and says so', async (t) => {
    const crafted = await craft();
    const body = Buffer.concat([crafted.manifest, crafted.content]).subarray(0, -1);
    await refuses(t, crafted, await put(b, crafted, { body }), LENGTH);
    t.equal((await put(b, crafted)).status, 201, 'the id is not consumed');
  });
  await t.test('longer, and says so', async (t) => {
    const crafted = await craft();
    const body = Buffer.concat([crafted.manifest, crafted.content, Buffer.from('x')]);
    await refuses(t, crafted, await put(b, crafted, { body }), LENGTH);
  });
  const chunked = 'Transfer-Encoding: chunked\r\n';
  await t.test('shorter, in chunks', async (t) => {
    const crafted = await craft();
    const answer = await raw([head(crafted, chunked), chunk(crafted.manifest), '0\r\n\r\n']);
    await refuses(t, crafted, answer, LENGTH);
  });
  await t.test('longer, in chunks', async (t) => {
    const crafted = await craft();
    const body = Buffer.concat([crafted.manifest, crafted.content, Buffer.from('x')]);
    await refuses(t, crafted, await raw([head(crafted, chunked), chunk(body), '0\r\n\r\n']), LENGTH);
  });
  await t.test('never-ending', async (t) => {
    const crafted = await craft();
    const answer = await pour(head(crafted, chunked), chunk(Buffer.alloc(16_384, 'x')));
    t.ok(answer.closed, 'the connection is closed');
    t.ok(answer.sentBytes < 64 * 1024 * 1024, `${answer.sentBytes} bytes were taken`);
    if (answer.text !== '') await refuses(t, crafted, parseRaw(answer.text), LENGTH);
    t.same(await kept(crafted.jti), NOTHING);
  });
});

/** Writes without end, until the other side closes the connection. */
function pour(first: string, more: string): Promise<{ text: string; closed: boolean; sentBytes: number }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const timer = setTimeout(() => finish(false), 10_000);
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed, sentBytes: socket.bytesWritten });
    };
    const write = () => {
      while (!socket.destroyed && socket.write(more, 'latin1')) {}
    };
    socket.setEncoding('latin1').on('data', (data) => {
      text += String(data);
    });
    socket.on('error', () => {});
    socket.on('close', () => finish(true));
    socket.on('drain', write);
    socket.on('connect', () => {
      socket.write(first, 'latin1');
      write();
    });
  });
}

t.test('a body that breaks off', async (t) => {
  const crafted = await craft();
  const size = crafted.manifest.length + crafted.content.length;
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise<void>((resolve) => {
    socket.write(head(crafted, `Content-Length: ${size}\r\n`), 'latin1');
    socket.write(crafted.manifest.subarray(0, 50), () => resolve());
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.same(await kept(crafted.jti), NOTHING);
  t.equal((await put(b, crafted)).status, 201, 'the id is not consumed');
});

t.test('a slow body', async (t) => {
  const crafted = await craft();
  const size = crafted.manifest.length + crafted.content.length;
  const answer = await raw([
    head(crafted, `Content-Length: ${size}\r\n`),
    crafted.manifest.toString('latin1'),
  ]);
  await refuses(t, crafted, answer, { status: 408, code: 'body.timeout', retryable: true, kept: NOTHING });
});

t.test('contents that cannot be accepted', async (t) => {
  const cases: [string, Parameters<typeof craft>[0], string][] = [
    ['empty', { content: Buffer.alloc(0) }, 'content.empty'],
    [
      'over the limit by one byte',
      { content: Buffer.concat([PDF, Buffer.alloc(LIMIT + 1 - PDF.length)]) },
      'content.too_large',
    ],
    ['a PNG that is a PDF', { contentType: 'image/png' }, 'content.type'],
    ['text with a U+0000', { content: Buffer.from('a\0b'), contentType: 'text/plain' }, 'content.type'],
  ];
  for (const [name, options, code] of cases) {
    await t.test(name, async (t) => {
      const crafted = await craft(options);
      await refuses(t, crafted, await put(b, crafted), { status: 422, code, kept: DECISION });
    });
  }
  const atLimit = await craft({ content: Buffer.concat([PDF, Buffer.alloc(LIMIT - PDF.length)]) });
  t.equal((await put(b, atLimit)).status, 201, 'at the limit');
  t.same(await kept(atLimit.jti), ACCEPTED);
});

t.test('envelopes', async (t) => {
  const crafted = await craft();
  const withHeader = (envelope: string) => put(b, { ...crafted, envelope });
  const MALFORMED = { status: 400, retryable: false, kept: NOTHING };
  await refuses(t, crafted, await withHeader('x'.repeat(4096)), { ...MALFORMED, code: 'envelope.malformed' });
  await refuses(t, crafted, await withHeader('x'.repeat(4097)), { ...MALFORMED, code: 'envelope.too_large' });
  const other = await craft();
  const answer = await put(b, crafted, { path: other.jti });
  await refuses(t, crafted, answer, { ...MALFORMED, code: 'envelope.id_mismatch' });
  t.same(await kept(other.jti), NOTHING, 'nor under the id in the path');
  const smuggled = `PUT /federation/v1/exchanges/${other.jti} HTTP/1.1\r\nHost: node.example\r\n\r\n`;
  const twoLengths = await raw([
    head(crafted, 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'),
    `0\r\n\r\n${smuggled}`,
  ]);
  t.equal(twoLengths.status, 400, 'two ways to read where the body ends');
  t.same(await kept(other.jti), NOTHING, 'what hides behind it is no request');
});

t.test('manifests', async (t) => {
  const good = { salt: 'AAAAAAAAAAAAAAAAAAAAAA', body: BODY };
  const contentOf = (crafted: Crafted) => JSON.parse(crafted.manifest.toString()).content as object;
  const content = contentOf(await craft());
  const json = (value: object) => JSON.stringify(value);
  const whole = json({ ...good, content });
  const padded = (size: number) => Buffer.from(whole + ' '.repeat(size - Buffer.byteLength(whole)));
  const cases: Record<string, [bytes: Buffer, code: string]> = {
    'over 256 KiB by one byte': [padded(MANIFEST_LIMIT + 1), 'manifest.too_large'],
    'a key twice': [Buffer.from(whole.replace('"salt"', '"salt":"x","salt"')), 'manifest.invalid'],
    'a key twice, escaped': [
      Buffer.from(whole.replace('"salt"', '"\\u0073alt":"x","salt"')),
      'manifest.invalid',
    ],
    'nested too deep': [
      Buffer.from(json({ ...good, content }).replace('"fr"', `${'['.repeat(5000)}${']'.repeat(5000)}`)),
      'manifest.invalid',
    ],
    'an unknown member': [Buffer.from(json({ ...good, content, extra: 1 })), 'manifest.invalid'],
    'an unknown field of the act': [
      Buffer.from(json({ ...good, content, body: { ...BODY, colour: 'red' } })),
      'manifest.invalid',
    ],
    'bad UTF-8': [Buffer.from(whole.replace('Camille', 'Camill\xe9'), 'latin1'), 'manifest.invalid'],
    'a U+0000 in the title': [
      Buffer.from(json({ ...good, content, body: { ...BODY, title: 'a\0b' } })),
      'manifest.invalid',
    ],
    'a lone surrogate in the title': [Buffer.from(whole.replace('Camille', '\\ud800')), 'manifest.invalid'],
    'not JSON': [Buffer.from('{'.repeat(200)), 'manifest.invalid'],
  };
  for (const [name, [bytes, code]] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const crafted = await bench.craftManifest(bytes);
      all.push(crafted);
      await refuses(t, crafted, await put(b, crafted), { status: 422, code, kept: DECISION });
      t.equal((await put(b, crafted)).status, 200, 'and the same decision again');
    });
  }
  const atLimit = await bench.craftManifest(padded(MANIFEST_LIMIT));
  t.equal((await put(b, atLimit)).status, 201, 'at the limit');
});

t.test('through all of it the node works, and its log tells nothing', async (t) => {
  const crafted = await craft();
  t.equal((await put(b, crafted)).status, 201);
  t.same(await kept(crafted.jti), ACCEPTED);
  checkLog(t, bench, all);
});
