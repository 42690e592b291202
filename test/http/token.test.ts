import { generateKeyPairSync, sign, verify } from 'node:crypto';
import t from 'tap';
import { INSTITUTION_ROLES, isAllowed, isInstitutionRole } from '../../src/http/access.ts';
import { checkTokenClaims, issueToken, type TokenPolicy } from '../../src/http/token.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const NODE = 'https://a.example';
const NOW = 1_800_000_000;
const REQUEST = { issuer: NODE, subject: 'billing', role: 'integrator', ttlS: 3600, nowS: NOW } as const;
const decode = (part: string | undefined) => JSON.parse(Buffer.from(`${part}`, 'base64url').toString());

t.test('a token: typed, signed, with all claims', async (t) => {
  const issued = await issueToken({ kid: 'key-1', privateKey }, { ...REQUEST, nowS: NOW + 0.7 });
  const [header, payload, signature = ''] = issued.token.split('.');
  t.same(decode(header), { alg: 'EdDSA', typ: 'ivx-api+jwt', kid: 'key-1' });
  t.same(decode(payload), {
    iss: NODE,
    aud: 'intervault-api',
    sub: 'billing',
    role: 'integrator',
    iat: NOW,
    exp: NOW + 3600,
    jti: issued.tokenId,
  });
  t.equal(issued.expiresAtS, NOW + 3600);
  t.ok(verify(null, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url')));

  const remote = await issueToken(
    { kid: 'hsm', sign: async (data) => sign(null, data, privateKey) },
    REQUEST,
  );
  t.equal(decode(remote.token.split('.')[0]).kid, 'hsm');
});

t.test('no token that verification would refuse', async (t) => {
  const signer = { kid: 'key-1', privateKey };
  for (const ttlS of [0, -1, 1.5, 86_401])
    await t.rejects(issueToken(signer, { ...REQUEST, ttlS }), RangeError);
  for (const subject of ['', 'x'.repeat(201), 'line\nbreak', '\ud800'])
    await t.rejects(issueToken(signer, { ...REQUEST, subject }), RangeError);
  await t.resolves(issueToken(signer, { ...REQUEST, ttlS: 86_400, subject: 'x'.repeat(200) }));
});

const node: TokenPolicy = { kind: 'node', issuer: NODE, audience: 'intervault-api' };
const external: TokenPolicy = { kind: 'external', issuer: 'https://idp.example', audience: 'vault' };
const claims = {
  iss: NODE,
  aud: 'intervault-api',
  sub: 'billing',
  role: 'vault',
  iat: NOW,
  exp: NOW + 600,
  jti: 'token-1',
};
const outside = {
  iss: 'https://idp.example',
  aud: ['other', 'vault'],
  sub: 'u1',
  role: 'auditor',
  exp: NOW + 600,
};

t.test('claims that hold', async (t) => {
  t.same(checkTokenClaims(claims, node, NOW), {
    ok: true,
    principal: { subject: 'billing', role: 'vault', tokenId: 'token-1', issuer: 'node' },
  });
  t.same(checkTokenClaims(outside, external, NOW), {
    ok: true,
    principal: { subject: 'u1', role: 'auditor', tokenId: 'u1', issuer: 'external' },
  });
  t.ok(checkTokenClaims(claims, node, NOW + 659).ok, 'expired within the clock skew');
  t.ok(
    checkTokenClaims({ ...claims, iat: NOW + 60, nbf: NOW + 60 }, node, NOW).ok,
    'from a clock 60 s ahead',
  );
});

t.test('claims that do not, each by its name', async (t) => {
  t.same(checkTokenClaims(claims, node, NOW + 660), { ok: false, code: 'auth.expired' });
  const cases: [object, TokenPolicy, string][] = [
    [{ ...claims, iss: 'https://b.example' }, node, 'issuer'],
    [{ ...claims, iss: undefined }, node, 'issuer'],
    [{ ...claims, aud: 'other' }, node, 'audience'],
    [{ ...claims, aud: undefined }, node, 'audience'],
    [{ ...outside, aud: ['other'] }, external, 'audience'],
    [{ ...claims, sub: '' }, node, 'subject'],
    [{ ...claims, sub: 5 }, node, 'subject'],
    [{ ...claims, sub: 'x'.repeat(201) }, node, 'subject'],
    [{ ...claims, exp: undefined }, node, 'expiry'],
    [{ ...claims, exp: '9999999999' }, node, 'expiry'],
    [{ ...claims, exp: Number.POSITIVE_INFINITY }, node, 'expiry'],
    [{ ...claims, iat: undefined }, node, 'issued_at'],
    [{ ...claims, iat: NOW + 61 }, node, 'issued_at'],
    [{ ...claims, nbf: NOW + 61 }, node, 'not_before'],
    [{ ...claims, nbf: 'now' }, node, 'not_before'],
    [{ ...claims, exp: NOW + 86_401 }, node, 'lifetime'],
    [{ ...outside, exp: NOW + 86_401 }, external, 'lifetime'],
    [{ ...claims, jti: undefined }, node, 'token_id'],
    [{ ...claims, jti: '' }, node, 'token_id'],
    [{ ...outside, jti: 7 }, external, 'token_id'],
    [{ ...claims, role: 'admin' }, node, 'role'],
    [{ ...claims, role: ['operator'] }, node, 'role'],
    [{ ...claims, role: undefined }, node, 'role'],
  ];
  for (const [given, policy, reason] of cases)
    t.same(checkTokenClaims({ ...given }, policy, NOW), { ok: false, code: 'auth.invalid', reason }, reason);
});

t.test('access is closed', async (t) => {
  const table = { 'documents.submit': ['integrator', 'operator'] } as const;
  t.ok(isAllowed(table, 'documents.submit', 'integrator'));
  t.notOk(isAllowed(table, 'documents.submit', 'auditor'));
  t.notOk(isAllowed(table, 'documents.other', 'operator'));
  t.notOk(isAllowed(table, 'toString', 'operator'));
  t.ok(INSTITUTION_ROLES.every(isInstitutionRole));
  t.notOk(isInstitutionRole('admin'));
  t.notOk(isInstitutionRole('customer'), 'that is what a session is for');
});
