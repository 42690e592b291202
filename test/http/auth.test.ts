import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import t from 'tap';
import { createAuth } from '../../src/http/auth.ts';
import type { IssuerKeyResult } from '../../src/http/issuer-keys.ts';
import { issueToken } from '../../src/http/token.ts';
import { buildTestApp, captureLog } from './harness.ts';

const NODE = 'https://a.example';
const IDP = 'https://idp.example';
/** Long past for the machine's clock, which must not count. */
const NOW_S = 1_500_000_000;
const node = generateKeyPairSync('ed25519');
const next = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

const ACCESS = { 'documents.submit': ['integrator', 'operator'], 'evidence.read': ['auditor'] } as const;

async function testApp() {
  const log = captureLog();
  const app = await buildTestApp({ logger: log.logger });
  const nodeKeys = new Map([['node-1', node.publicKey]]);
  const idpKeys = new Map<string, IssuerKeyResult>([
    ['rsa', { ok: true, pem: pem(rsa.publicKey) }],
    ['ec', { ok: true, pem: pem(ec.publicKey) }],
    ['down', { ok: false, reason: 'unavailable' }],
  ]);
  const authenticated: string[] = [];
  let nowS = NOW_S;
  const auth = await createAuth(app, {
    nodeId: NODE,
    findNodeKey: (kid) => nodeKeys.get(kid),
    external: {
      issuer: IDP,
      audience: 'vault-api',
      keys: { find: async ({ kid }) => idpKeys.get(`${kid}`) ?? { ok: false, reason: 'unknown_key' } },
    },
    access: ACCESS,
    clock: { nowMs: () => nowS * 1000 },
    onAuthenticated: (request) => authenticated.push(request.url),
  });
  app.post(
    '/submit',
    { onRequest: auth.requireRole('documents.submit') },
    async (request) => request.principal,
  );
  const call = (authorization?: string) =>
    app.inject({
      method: 'POST',
      url: '/submit',
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
  return {
    app,
    auth,
    call,
    log,
    nodeKeys,
    authenticated,
    pass: (seconds: number) => {
      nowS += seconds;
    },
  };
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT of any header and claims, signed whichever way the case wants. */
function forge(header: object, claims: object, signer: (input: Buffer) => Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `Bearer ${input}.${signer(Buffer.from(input)).toString('base64url')}`;
}

const HEADER = { alg: 'EdDSA', typ: 'ivx-api+jwt', kid: 'node-1' };
const claims = (more: object = {}) => ({
  iss: NODE,
  aud: 'intervault-api',
  sub: 'billing',
  role: 'integrator',
  iat: NOW_S,
  exp: NOW_S + 600,
  jti: randomUUID(),
  ...more,
});
const outside = (more: object = {}) => ({
  iss: IDP,
  aud: 'vault-api',
  sub: 'user-1',
  role: 'operator',
  exp: NOW_S + 600,
  ...more,
});
const byNode = (input: Buffer) => sign(null, input, node.privateKey);
const byRsa = (input: Buffer) => sign('sha256', input, rsa.privateKey);
const byEc = (input: Buffer) => sign('sha256', input, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });

t.test('a token of the node', async (t) => {
  const { call, authenticated } = await testApp();
  const request = { issuer: NODE, subject: 'billing', role: 'integrator', ttlS: 60, nowS: NOW_S } as const;
  const { token, tokenId } = await issueToken({ kid: 'node-1', privateKey: node.privateKey }, request);
  const response = await call(`Bearer ${token}`);
  t.equal(response.statusCode, 200);
  t.same(response.json(), { subject: 'billing', role: 'integrator', tokenId, issuer: 'node' });
  t.equal((await call(`bearer ${token}`)).statusCode, 200, 'the scheme is case insensitive');
  t.equal(authenticated.length, 2);
});

t.test('tokens of an identity provider: RS256, PS256, ES256', async (t) => {
  const { call } = await testApp();
  const byPss = (input: Buffer) => sign('sha256', input, { key: rsa.privateKey, padding: 6, saltLength: 32 });
  for (const [alg, kid, signer] of [
    ['RS256', 'rsa', byRsa],
    ['PS256', 'rsa', byPss],
    ['ES256', 'ec', byEc],
  ] as const) {
    for (const typ of ['JWT', 'at+jwt', undefined]) {
      const response = await call(forge({ alg, kid, typ }, outside(), signer));
      t.equal(response.statusCode, 200, `${alg} ${typ}`);
      t.match(response.json(), { subject: 'user-1', role: 'operator', issuer: 'external' });
    }
  }
});

t.test('nothing at all, or no bearer token', async (t) => {
  const { call } = await testApp();
  const none = await call();
  t.equal(none.statusCode, 401);
  t.match(none.json(), { code: 'auth.missing' });
  t.equal(none.headers['www-authenticate'], 'Bearer realm="intervault"');
  const bad = [
    '',
    'Basic dTpw',
    'Bearer',
    'Bearer ',
    'Bearer a.b',
    'Bearer a.b.c.d',
    'Bearer a.b.c d',
    'a.b.c',
  ];
  const long = `Bearer ${'a'.repeat(3000)}.${'a'.repeat(3000)}.${'a'.repeat(3000)}`;
  for (const value of [...bad, long, 'Bearer a.b.c', 'Bearer ....']) {
    const response = await call(value);
    t.equal(response.statusCode, 401, value.slice(0, 30));
    t.match(response.headers['www-authenticate'], /Bearer/);
  }
});

t.test('forged, altered and confused tokens', async (t) => {
  const { call, authenticated, log } = await testApp();
  const good = forge(HEADER, claims(), byNode);
  t.equal((await call(good)).statusCode, 200);
  authenticated.length = 0;
  const [head = '', , tail = ''] = good.split('.');
  const hmacWith = (secret: string) => (input: Buffer) => createHmac('sha256', secret).update(input).digest();
  const unsigned = () => Buffer.alloc(0);
  const cases: Record<string, [string, string]> = {
    'other claims under the same signature': [
      `${head}.${encode(claims({ role: 'operator' }))}.${tail}`,
      'signature',
    ],
    'another key under our kid': [
      forge(HEADER, claims(), (i) => sign(null, i, stranger.privateKey)),
      'signature',
    ],
    'an unknown kid': [forge({ ...HEADER, kid: 'x' }, claims(), byNode), 'key'],
    'no kid': [forge({ alg: 'EdDSA', typ: 'ivx-api+jwt' }, claims(), byNode), 'key'],
    'another type signed by the same key': [
      forge({ ...HEADER, typ: 'ivx-envelope+jwt' }, claims(), byNode),
      'type',
    ],
    'no type': [forge({ alg: 'EdDSA', kid: 'node-1' }, claims(), byNode), 'type'],
    'alg none': [forge({ ...HEADER, alg: 'none' }, claims(), () => Buffer.from('x')), 'algorithm'],
    'HMAC with the public key': [
      forge({ ...HEADER, alg: 'HS256' }, claims(), hmacWith(pem(node.publicKey))),
      'algorithm',
    ],
    'HMAC with the provider’s public key': [
      forge({ alg: 'HS256', kid: 'rsa' }, outside(), hmacWith(pem(rsa.publicKey))),
      'algorithm',
    ],
    'the node by another algorithm': [forge({ ...HEADER, alg: 'ES256' }, claims(), byEc), 'algorithm'],
    'a key that does not fit the algorithm': [
      forge({ alg: 'ES256', kid: 'rsa' }, outside(), byEc),
      'signature',
    ],
    'the provider speaking for the node': [
      forge({ ...HEADER, kid: 'rsa', alg: 'RS256' }, claims(), byRsa),
      'algorithm',
    ],
    'the node’s key speaking for the provider': [
      forge({ alg: 'EdDSA', kid: 'node-1' }, outside(), byNode),
      'key',
    ],
    'an unknown issuer': [forge(HEADER, claims({ iss: 'https://evil.example' }), byNode), 'issuer'],
    'no issuer': [forge(HEADER, claims({ iss: undefined }), byNode), 'issuer'],
    'a critical header': [
      forge({ ...HEADER, crit: ['b64'], b64: true }, claims(), byNode),
      'critical_header',
    ],
    'an own key in the header': [
      forge({ ...HEADER, jwk: stranger.publicKey.export({ format: 'jwk' }) }, claims(), (i) =>
        sign(null, i, stranger.privateKey),
      ),
      'signature',
    ],
    'a signature written otherwise': [nonCanonical(good), 'malformed'],
    'no signature': [forge(HEADER, claims(), unsigned), 'malformed'],
    'another audience': [forge(HEADER, claims({ aud: 'other' }), byNode), 'audience'],
    'another role': [forge(HEADER, claims({ role: 'root' }), byNode), 'role'],
    'too long a life': [forge(HEADER, claims({ exp: NOW_S + 90_000 }), byNode), 'lifetime'],
    'another type of the provider': [
      forge({ alg: 'RS256', kid: 'rsa', typ: 'id+jwt' }, outside(), byRsa),
      'type',
    ],
    'no JSON': [`Bearer ${Buffer.from('x').toString('base64url')}.${head.slice(7)}.AA`, 'signature'],
  };
  for (const [name, [authorization, reason]] of Object.entries(cases)) {
    const response = await call(authorization);
    t.equal(response.statusCode, 401, name);
    t.match(response.json(), { code: 'auth.invalid', reason }, name);
    t.equal(response.headers['www-authenticate'], 'Bearer realm="intervault", error="invalid_token"');
  }
  t.same(authenticated, [], 'nobody was let in');
  t.notMatch(log.text(), new RegExp(tail), 'no token in the log');
});

/** The last character of 64 bytes in base64url has four unused bits. */
function nonCanonical(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1) ?? '');
  return token.slice(0, -1) + alphabet[last + 1];
}

t.test('expired, by the clock of the node', async (t) => {
  const { call, pass } = await testApp();
  const token = forge(HEADER, claims(), byNode);
  pass(659);
  t.equal((await call(token)).statusCode, 200);
  pass(1);
  const response = await call(token);
  t.equal(response.statusCode, 401);
  t.match(response.json(), { code: 'auth.expired' });
  t.match(response.headers['www-authenticate'], /invalid_token/);
});

t.test('keys rotate without a restart', async (t) => {
  const { call, nodeKeys } = await testApp();
  const old = forge(HEADER, claims(), byNode);
  const fresh = forge({ ...HEADER, kid: 'node-2' }, claims(), (input) => sign(null, input, next.privateKey));
  t.equal((await call(fresh)).statusCode, 401);
  nodeKeys.set('node-2', next.publicKey);
  t.equal((await call(fresh)).statusCode, 200);
  t.equal((await call(old)).statusCode, 200);
  nodeKeys.delete('node-1');
  t.equal((await call(old)).statusCode, 401);
});

t.test('a provider that is down is not the caller’s fault', async (t) => {
  const { call } = await testApp();
  const response = await call(forge({ alg: 'RS256', kid: 'down' }, outside(), byRsa));
  t.equal(response.statusCode, 503);
  t.match(response.json(), { code: 'auth.unavailable', retryable: true });
  t.equal(response.headers['retry-after'], '5');
  const unknown = await call(forge({ alg: 'RS256', kid: 'x' }, outside(), byRsa));
  t.match(unknown.json(), { code: 'auth.invalid', reason: 'key' });
});

t.test('roles', async (t) => {
  const { call, auth, authenticated } = await testApp();
  const response = await call(forge(HEADER, claims({ role: 'auditor' }), byNode));
  t.equal(response.statusCode, 403);
  t.match(response.json(), { code: 'auth.forbidden', role: 'auditor' });
  t.match(response.headers['www-authenticate'], /insufficient_scope/);
  t.equal(authenticated.length, 1, 'a caller who is known, all the same');
  t.throws(() => auth.requireRole('documents.unheard' as 'evidence.read'), /no access row/);
});

t.test('without a provider only the node’s own tokens hold', async (t) => {
  const app = await buildTestApp();
  const auth = await createAuth(app, {
    nodeId: NODE,
    findNodeKey: () => node.publicKey,
    access: ACCESS,
    clock: { nowMs: () => NOW_S * 1000 },
  });
  app.get('/x', { onRequest: auth.requireRole('documents.submit') }, async () => 'ok');
  const get = async (authorization: string) =>
    (await app.inject({ url: '/x', headers: { authorization } })).statusCode;
  t.equal(await get(forge(HEADER, claims(), byNode)), 200);
  t.equal(await get(forge({ alg: 'RS256', kid: 'rsa' }, outside(), byRsa)), 401);
});

t.test('nothing of a stranger’s body is read', async (t) => {
  const { app } = await testApp();
  let parsed = false;
  app.addHook('preParsing', async () => {
    parsed = true;
  });
  const response = await app.inject({ method: 'POST', url: '/submit', payload: { a: 1 } });
  t.equal(response.statusCode, 401);
  t.notOk(parsed);
});
