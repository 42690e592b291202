import { keys } from './fixtures.ts';

const ed = keys.aExchange.publicJwk;
const ec = keys.aP256.publicJwk;
const bare = { kty: 'OKP', crv: 'Ed25519', x: ed.x };
const bareEc = ec.kty === 'EC' ? { kty: 'EC', crv: 'P-256', x: ec.x, y: ec.y } : {};
const other = { kty: 'OKP', crv: 'Ed25519', x: keys.bExchange.publicJwk.x };
const point = (hex: string) => Buffer.from(hex.padEnd(64, '0'), 'hex').toString('base64url');
const P256_MODULUS = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';

/** keys.json: the keys of all vectors, thumbprints, and JWKs that must be refused. */
export function keyVectors() {
  return {
    description:
      'Keys of all vectors: private ones are published, so nobody may use them. JWKs (RFC 7517) and JWK Sets, with their RFC 7638 thumbprint where they are valid and why not where they are not. Reasons beginning with jwk. are those of the reference implementation; that they are refused is normative.',
    keys: Object.fromEntries(
      Object.entries(keys).map(([name, key]) => [
        name,
        { kid: key.kid, public: key.publicJwk, private: key.privateJwk },
      ]),
    ),
    jwks: [
      { name: 'Ed25519, required members alone', jwk: bare, kid: keys.aExchange.kid },
      { name: 'Ed25519, labelled', jwk: ed, kid: keys.aExchange.kid },
      {
        name: 'Ed25519, alg by its RFC 9864 name',
        jwk: { ...bare, alg: 'Ed25519' },
        kid: keys.aExchange.kid,
      },
      { name: 'Ed25519, key_ops verify', jwk: { ...bare, key_ops: ['verify'] }, kid: keys.aExchange.kid },
      { name: 'unknown members are passed over', jwk: { ...bare, ext: true }, kid: keys.aExchange.kid },
      { name: 'P-256', jwk: bareEc, kid: keys.aP256.kid },
      { name: 'P-256, labelled', jwk: ec, kid: keys.aP256.kid },
      { name: 'not an object', jwk: [bare], reason: 'jwk.malformed' },
      { name: 'a private key', jwk: { ...bare, d: bare.x }, reason: 'jwk.private' },
      { name: 'a symmetric key', jwk: { kty: 'oct', k: bare.x }, reason: 'jwk.private' },
      { name: 'RSA', jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' }, reason: 'jwk.kty' },
      { name: 'X25519', jwk: { ...bare, crv: 'X25519' }, reason: 'jwk.crv' },
      { name: 'Ed448', jwk: { ...bare, crv: 'Ed448' }, reason: 'jwk.crv' },
      { name: 'P-384', jwk: { ...bareEc, crv: 'P-384' }, reason: 'jwk.crv' },
      { name: 'secp256k1', jwk: { ...bareEc, crv: 'secp256k1' }, reason: 'jwk.crv' },
      { name: 'for encryption', jwk: { ...bare, use: 'enc' }, reason: 'jwk.use' },
      { name: 'alg of another key type', jwk: { ...bare, alg: 'ES256' }, reason: 'jwk.alg' },
      { name: 'key_ops sign', jwk: { ...bare, key_ops: ['sign'] }, reason: 'jwk.key_ops' },
      { name: 'x too short', jwk: { ...bare, x: bare.x.slice(0, 42) }, reason: 'jwk.coordinate' },
      { name: 'x padded', jwk: { ...bare, x: `${bare.x}=` }, reason: 'jwk.coordinate' },
      { name: 'x missing', jwk: { kty: 'OKP', crv: 'Ed25519' }, reason: 'jwk.coordinate' },
      { name: 'Ed25519 with a y', jwk: { ...bare, y: bare.x }, reason: 'jwk.malformed' },
      { name: 'Ed25519, identity', jwk: { ...bare, x: point('01') }, reason: 'jwk.point' },
      { name: 'Ed25519, order four', jwk: { ...bare, x: point('00') }, reason: 'jwk.point' },
      { name: 'Ed25519, not on the curve', jwk: { ...bare, x: point('02') }, reason: 'jwk.point' },
      {
        name: 'Ed25519, y not reduced',
        jwk: { ...bare, x: point(`${'ff'.repeat(31)}7f`) },
        reason: 'jwk.point',
      },
      { name: 'P-256, not on the curve', jwk: { ...bareEc, y: bare.x }, reason: 'jwk.point' },
      { name: 'P-256, x not reduced', jwk: { ...bareEc, x: point(P256_MODULUS) }, reason: 'jwk.point' },
      { name: 'kid of another key', jwk: { ...bare, kid: keys.bExchange.kid }, reason: 'jwk.kid' },
    ],
    sets: [
      { name: 'one key', set: { keys: [bare] }, kids: [keys.aExchange.kid] },
      {
        name: 'keys of other types and purposes are passed over',
        set: { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }, bare, { ...other, use: 'enc' }] },
        kids: [keys.aExchange.kid],
      },
      { name: 'the same key twice', set: { keys: [bare, ed] }, reason: 'jwks.duplicate_kid' },
      {
        name: 'a private key among others',
        set: { keys: [bare, { ...other, d: other.x }] },
        reason: 'jwk.private',
      },
      {
        name: 'a wrong key among others',
        set: { keys: [bare, { ...other, x: point('01') }] },
        reason: 'jwk.point',
      },
      { name: 'no usable key', set: { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }, reason: 'jwks.empty' },
      { name: 'no array', set: { keys: bare }, reason: 'jwks.malformed' },
      {
        name: 'more than 20 keys',
        set: { keys: Array.from({ length: 21 }, () => ({ kty: 'RSA' })) },
        reason: 'jwks.too_many',
      },
    ],
  };
}
