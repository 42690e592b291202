import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { createIssuerKeys } from '../../src/http/issuer-keys.ts';

const jwk = (key: KeyObject, more: object) => ({ ...key.export({ format: 'jwk' }), ...more });
const ed = generateKeyPairSync('ed25519').publicKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;

type Reply = (response: ServerResponse) => void;
const KEYS: Reply = (response) =>
  response.end(
    JSON.stringify({
      keys: [
        jwk(ed, { kid: 'ed' }),
        jwk(ec, { kid: 'ec' }),
        jwk(weak, { kid: 'weak' }),
        { kty: 'oct', k: 'AA', kid: 'hmac' },
      ],
    }),
  );

async function provider(t: { teardown: (fn: () => unknown) => unknown }) {
  let reply = KEYS;
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches++;
    reply(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  let nowMs = 1_000_000;
  const failures: unknown[] = [];
  const keys = createIssuerKeys({
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    clock: { nowMs: () => nowMs },
    onUnavailable: (error) => failures.push(error),
  });
  return {
    keys,
    failures,
    fetches: () => fetches,
    answer: (next: Reply) => {
      reply = next;
    },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

t.test('finds the key a header names, in one fetch', async (t) => {
  const { keys, fetches } = await provider(t);
  const [first, second] = await Promise.all([
    keys.find({ alg: 'EdDSA', kid: 'ed' }),
    keys.find({ alg: 'ES256', kid: 'ec' }),
  ]);
  t.same(first, { ok: true, pem: ed.export({ type: 'spki', format: 'pem' }) });
  t.same(second, { ok: true, pem: ec.export({ type: 'spki', format: 'pem' }) });
  t.equal(fetches(), 1);
});

t.test('a key of another type, a weak one, an unknown one', async (t) => {
  const { keys, fetches } = await provider(t);
  t.same(await keys.find({ alg: 'ES256', kid: 'ed' }), { ok: false, reason: 'unknown_key' });
  t.same(await keys.find({ alg: 'HS256', kid: 'hmac' }), { ok: false, reason: 'unknown_key' });
  t.same(await keys.find({ alg: 'none' }), { ok: false, reason: 'unknown_key' });
  const rsa = await keys.find({ alg: 'RS256', kid: 'weak' });
  t.match(rsa, { ok: false, reason: /weak_key|unknown_key/ });
  for (let n = 0; n < 20; n++)
    t.same(await keys.find({ alg: 'EdDSA', kid: `guess-${n}` }), { ok: false, reason: 'unknown_key' });
  t.equal(fetches(), 1, 'guesses do not reach the issuer');
});

t.test('an issuer that is down, slow in talk or talks nonsense', async (t) => {
  const cases: Record<string, Reply> = {
    'an error': (response) => response.writeHead(500).end(),
    'a redirect': (response) => response.writeHead(302, { location: '/keys' }).end(),
    'not JSON': (response) => response.end('<html>'),
    'not a key set': (response) => response.end('{"keys":5}'),
    'a hang-up': (response) => response.destroy(),
    'too much': (response) => response.end(JSON.stringify({ keys: [], fill: 'x'.repeat(300_000) })),
  };
  for (const [name, reply] of Object.entries(cases)) {
    const { keys, answer, failures, fetches, pass } = await provider(t);
    answer(reply);
    t.same(await keys.find({ alg: 'EdDSA', kid: 'ed' }), { ok: false, reason: 'unavailable' }, name);
    t.equal(failures.length, 1, name);
    await keys.find({ alg: 'EdDSA', kid: 'ed' });
    t.equal(fetches(), 1, `${name}: not asked again at once`);
    answer(KEYS);
    pass(5000);
    t.match(await keys.find({ alg: 'EdDSA', kid: 'ed' }), { ok: true }, `${name}: recovers`);
  }
});

t.test('keys outlive an outage, up to a day', async (t) => {
  const { keys, answer, pass } = await provider(t);
  t.match(await keys.find({ alg: 'EdDSA', kid: 'ed' }), { ok: true });
  answer((response) => response.writeHead(503).end());
  // jose keeps its own time, so an unknown key stands for its cache having aged.
  const realNow = Date.now;
  t.teardown(() => {
    Date.now = realNow;
  });
  Date.now = () => realNow() + 11 * 60_000;
  t.match(await keys.find({ alg: 'EdDSA', kid: 'ed' }), { ok: true }, 'last known good');
  pass(25 * 60 * 60_000);
  Date.now = () => realNow() + 26 * 60 * 60_000;
  t.same(await keys.find({ alg: 'EdDSA', kid: 'ed' }), { ok: false, reason: 'unavailable' });
});

t.test('a private key in a key set stays unused', async (t) => {
  const { keys, answer } = await provider(t);
  const pair = generateKeyPairSync('ed25519');
  answer((response) =>
    response.end(
      JSON.stringify({
        keys: [
          jwk(createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })), { kid: 'oops' }),
        ],
      }),
    ),
  );
  const found = await keys.find({ alg: 'EdDSA', kid: 'oops' });
  t.notMatch(JSON.stringify(found), /PRIVATE/);
});
