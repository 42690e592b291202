import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import t from 'tap';
import {
  createSigner,
  exportPublicJwk,
  generateSigningKey,
  importJwks,
  importPublicJwk,
  isThumbprint,
  jwkThumbprint,
} from '../../../src/protocol/jose/keys.ts';

const ed25519 = generateSigningKey('EdDSA').publicJwk;
const p256 = generateSigningKey('ES256').publicJwk;
const bare = (jwk: JWK): JWK =>
  ({ kty: jwk.kty, ...(jwk.kty === 'EC' ? { y: jwk.y } : {}), crv: jwk.crv, x: jwk.x }) as JWK;

const reason = (jwk: unknown) => {
  const imported = importPublicJwk(jwk);
  return imported.ok ? 'accepted' : imported.reason;
};

t.test('thumbprints: RFC 8037 appendix A.3, and what jose computes', async (t) => {
  const rfc8037 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } as const;
  t.equal(jwkThumbprint(rfc8037), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  for (const jwk of [ed25519, p256]) {
    t.equal(jwkThumbprint(jwk), await calculateJwkThumbprint(jwk));
    t.equal(jwk.kid, jwkThumbprint(jwk));
    t.ok(isThumbprint(jwk.kid));
  }
});

t.test('isThumbprint: 32 bytes in their one spelling', async (t) => {
  const good = 'A'.repeat(43);
  t.ok(isThumbprint(good));
  for (const bad of [
    '',
    'A'.repeat(42),
    'A'.repeat(44),
    `${'A'.repeat(42)}B`,
    `${'A'.repeat(42)}=`,
    `${good}\n`,
    `+${'A'.repeat(42)}`,
  ]) {
    t.notOk(isThumbprint(bad), JSON.stringify(bad));
  }
  for (const bad of [undefined, null, 7, [good]]) t.notOk(isThumbprint(bad));
});

t.test('a good key comes out normalised and labelled, whatever else it carried', async (t) => {
  for (const jwk of [ed25519, p256]) {
    const imported = importPublicJwk({ ...bare(jwk), exp: 1, x5c: ['MII'], key_ops: ['verify'] });
    t.ok(imported.ok);
    if (!imported.ok) return;
    t.same(imported.key.jwk, jwk);
    t.equal(imported.key.kid, jwk.kid);
    t.equal(imported.key.alg, jwk.kty === 'OKP' ? 'EdDSA' : 'ES256');
    t.equal(imported.key.key.type, 'public');
    t.same(bare(imported.key.key.export({ format: 'jwk' }) as JWK), bare(jwk));
    t.ok(importPublicJwk(imported.key.jwk).ok, 'and goes in again');
  }
  t.equal(reason({ ...ed25519, alg: 'Ed25519' }), 'accepted', 'the name of RFC 9864');
});

t.test('what is refused, and why', async (t) => {
  const { x, y } = bare(p256) as { x: string; y: string };
  const edX = ed25519.x;
  const nonCanonical = edX.slice(0, 42) + String.fromCharCode(edX.charCodeAt(42) + 1);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
  const ed448 = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
  const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' });
  const privateJwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const manyMembers = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`m${i}`, 0]));

  const cases: [name: string, jwk: unknown, reason: string][] = [
    ['nothing', undefined, 'jwk.malformed'],
    ['null', null, 'jwk.malformed'],
    ['text', 'key', 'jwk.malformed'],
    ['a list', [ed25519], 'jwk.malformed'],
    ['33 members', { ...bare(ed25519), ...manyMembers }, 'jwk.malformed'],
    ['Ed25519 with a y', { ...ed25519, y }, 'jwk.malformed'],
    ['an empty object', {}, 'jwk.kty'],
    ['RSA', rsa, 'jwk.kty'],
    ['a secret', { kty: 'oct', k: 'AAAA' }, 'jwk.private'],
    ['oct without its secret', { kty: 'oct' }, 'jwk.kty'],
    ['kty in another case', { ...ed25519, kty: 'okp' }, 'jwk.kty'],
    ['kty in a list', { ...ed25519, kty: ['OKP'] }, 'jwk.kty'],
    ['X25519', x25519, 'jwk.crv'],
    ['Ed448', ed448, 'jwk.crv'],
    ['P-384', p384, 'jwk.crv'],
    ['secp256k1', k1, 'jwk.crv'],
    ['Ed25519 called EC', { ...ed25519, kty: 'EC' }, 'jwk.crv'],
    ['P-256 called OKP', { ...p256, kty: 'OKP' }, 'jwk.crv'],
    ['a private key', privateJwk, 'jwk.private'],
    ['d = null', { ...ed25519, d: null }, 'jwk.private'],
    ['a key for encryption', { ...p256, use: 'enc' }, 'jwk.use'],
    ['use = null', { ...p256, use: null }, 'jwk.use'],
    ["the other kind's alg", { ...ed25519, alg: 'ES256' }, 'jwk.alg'],
    ['alg none', { ...p256, alg: 'none' }, 'jwk.alg'],
    ['key_ops to sign', { ...p256, key_ops: ['sign', 'verify'] }, 'jwk.key_ops'],
    ['key_ops twice', { ...p256, key_ops: ['verify', 'verify'] }, 'jwk.key_ops'],
    ['no key_ops', { ...p256, key_ops: [] }, 'jwk.key_ops'],
    ['key_ops as text', { ...p256, key_ops: 'verify' }, 'jwk.key_ops'],
    ['no x', { kty: 'OKP', crv: 'Ed25519' }, 'jwk.coordinate'],
    ['x = 7', { ...ed25519, x: 7 }, 'jwk.coordinate'],
    ['31 bytes', { ...bare(ed25519), x: edX.slice(0, 42) }, 'jwk.coordinate'],
    ['33 bytes', { ...bare(ed25519), x: `${edX}A` }, 'jwk.coordinate'],
    ['a padded x', { ...bare(ed25519), x: `${edX}=` }, 'jwk.coordinate'],
    ['trailing bits', { ...bare(ed25519), x: nonCanonical }, 'jwk.coordinate'],
    ['no y', { kty: 'EC', crv: 'P-256', x }, 'jwk.coordinate'],
    ['x and y exchanged', { kty: 'EC', crv: 'P-256', x: y, y: x }, 'jwk.point'],
    ['zero', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }, 'jwk.point'],
    ['a name as kid', { ...bare(ed25519), kid: 'key-1' }, 'jwk.kid'],
    ["another key's kid", { ...bare(ed25519), kid: p256.kid }, 'jwk.kid'],
    ['kid = null', { ...bare(ed25519), kid: null }, 'jwk.kid'],
  ];
  for (const [name, jwk, expected] of cases) t.equal(reason(jwk), expected, name);
});

t.test('a coordinate out of range is refused even where it names a point', async (t) => {
  // x = 5 lies on P-256; x + p still fits in 32 bytes.
  const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
  const yOf5 = 0x459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbccn;
  const encode = (value: bigint) =>
    Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toString('base64url');
  t.equal(reason({ kty: 'EC', crv: 'P-256', x: encode(5n), y: encode(yOf5) }), 'accepted');
  t.equal(reason({ kty: 'EC', crv: 'P-256', x: encode(5n + p), y: encode(yOf5) }), 'jwk.point');
  t.equal(reason({ kty: 'EC', crv: 'P-256', x: encode(5n), y: encode(p - yOf5) }), 'accepted');
  t.equal(reason({ kty: 'EC', crv: 'P-256', x: encode(5n), y: encode(yOf5 + 1n) }), 'jwk.point');
});

t.test(
  'Ed25519 points that anyone can sign for, that are not points, or have a second spelling',
  async (t) => {
    const bad = {
      'y = 0, order 4': '00'.repeat(32),
      'the same with a sign': `${'00'.repeat(31)}80`,
      'the identity': `01${'00'.repeat(31)}`,
      'the identity with a sign': `01${'00'.repeat(30)}80`,
      'order 8': '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'order 8 with a sign': '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
      'order 8, the other': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'order 8, the other with a sign': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      'y = p - 1, order 2': `ec${'ff'.repeat(30)}7f`,
      'y = p': `ed${'ff'.repeat(30)}7f`,
      'y = p + 1': `ee${'ff'.repeat(30)}7f`,
      'y = p + 3, a point if reduced': `f0${'ff'.repeat(30)}7f`,
      'all ones': 'ff'.repeat(32),
      'y = 2, off the curve': `02${'00'.repeat(31)}`,
    };
    for (const [name, hex] of Object.entries(bad)) {
      t.equal(
        reason({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(hex, 'hex').toString('base64url') }),
        'jwk.point',
        name,
      );
    }
    t.equal(
      reason({
        kty: 'OKP',
        crv: 'Ed25519',
        x: Buffer.from(`03${'00'.repeat(31)}`, 'hex').toString('base64url'),
      }),
      'accepted',
    );
  },
);

t.test('as many random Ed25519 and P-256 keys as one likes are points', async (t) => {
  for (let i = 0; i < 50; i++) {
    t.equal(reason(generateSigningKey('EdDSA').publicJwk), 'accepted');
    t.equal(reason(generateSigningKey('ES256').publicJwk), 'accepted');
  }
});

t.test('a key set', async (t) => {
  const sets: [name: string, value: unknown, expected: string[] | string][] = [
    ['two keys, in order', { keys: [p256, ed25519] }, [p256.kid!, ed25519.kid!]],
    ['a newer kind beside', { keys: [{ kty: 'AKP', alg: 'ML-DSA-65', pub: 'AA' }, ed25519] }, [ed25519.kid!]],
    ['an encryption key beside', { keys: [{ ...p256, use: 'enc' }, ed25519] }, [ed25519.kid!]],
    ['a private key of a newer kind', { keys: [{ kty: 'AKP', priv: 'AA' }, ed25519] }, 'jwk.private'],
    ['a wrong key beside', { keys: [ed25519, { ...p256, y: p256.x }] }, 'jwk.point'],
    ['a wrong kid beside', { keys: [ed25519, { ...p256, kid: 'x' }] }, 'jwk.kid'],
    ['the same key twice', { keys: [ed25519, bare(ed25519 as JWK)] }, 'jwks.duplicate_kid'],
    ['no key', { keys: [] }, 'jwks.empty'],
    ['no usable key', { keys: [{ kty: 'RSA' }] }, 'jwks.empty'],
    ['not a set', [ed25519], 'jwks.malformed'],
    ['keys not a list', { keys: { 0: ed25519 } }, 'jwks.malformed'],
    ['nothing', null, 'jwks.malformed'],
    ['null inside', { keys: [null] }, 'jwk.malformed'],
  ];
  for (const [name, value, expected] of sets) {
    const imported = importJwks(value);
    t.same(imported.ok ? imported.keys.map((key) => key.kid) : imported.reason, expected, name);
  }
  const twenty = Array.from({ length: 20 }, () => generateSigningKey('EdDSA').publicJwk);
  t.equal(importJwks({ keys: twenty }).ok, true);
  t.same(importJwks({ keys: [...twenty, ed25519] }), { ok: false, reason: 'jwks.too_many' });
  t.same(importJwks({ keys: [ed25519, p256] }, { maxKeys: 1 }), { ok: false, reason: 'jwks.too_many' });
});

t.test('a signer shows the kid its key is published under', async (t) => {
  for (const alg of ['EdDSA', 'ES256'] as const) {
    const { privateKey, publicJwk, kid } = generateSigningKey(alg);
    const again = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const signer = createSigner(again);
    t.equal(signer.kid, kid);
    t.equal(signer.alg, alg);
    t.same(exportPublicJwk(again), publicJwk);
    t.notOk('d' in publicJwk);
    t.equal((await signer.sign(Buffer.from('data'))).length, 64);
  }
  t.throws(() => createSigner(generateKeyPairSync('ed25519').publicKey), TypeError);
  t.throws(() => createSigner(generateKeyPairSync('ed448').privateKey), TypeError);
  t.throws(() => createSigner(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), TypeError);
  t.throws(() => exportPublicJwk(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey), TypeError);
});
