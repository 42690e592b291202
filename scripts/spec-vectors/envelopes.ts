import {
  B,
  bits128,
  DAY_S,
  digest,
  envelopeClaims,
  forge,
  type Key,
  keys,
  NOW,
  uuid,
  withPart,
} from './fixtures.ts';

const TYP = 'ivx-envelope+jwt';
const ED25519_L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

type Changes = Record<string, unknown>;
type EnvelopeCase = {
  name: string;
  token: string;
  key: string;
  now?: number;
  expect: string;
  claims?: object;
};

const sign = (claims: object | string | Uint8Array, header: Changes = {}, key: Key = keys.aExchange) =>
  forge({ payload: claims, header, key, typ: TYP });

const claims = (name: string, changes: Changes = {}) => envelopeClaims(`envelope ${name}`, changes);

function without(name: string, member: string): object {
  return Object.fromEntries(Object.entries(claims(name)).filter(([key]) => key !== member));
}

/** A signature's S, which both algorithms keep in its second half, by another representative. */
function changeS(token: string, littleEndian: boolean, change: (s: bigint) => bigint): string {
  return withPart(token, 2, (text) => {
    const signature = Buffer.from(text, 'base64url');
    const half = signature.subarray(32);
    const hex = (littleEndian ? Buffer.from(half).reverse() : half).toString('hex');
    const changed = Buffer.from(
      change(BigInt(`0x${hex}`))
        .toString(16)
        .padStart(64, '0'),
      'hex',
    );
    (littleEndian ? changed.reverse() : changed).copy(signature, 32);
    return signature.toString('base64url');
  });
}

const flipLast = (text: string) => {
  const bytes = Buffer.from(text, 'base64url');
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return bytes.toString('base64url');
};

function accepted(name: string, changes: Changes = {}, header: Changes = {}, key?: Key): EnvelopeCase {
  const payload = claims(name, changes);
  return {
    name,
    token: sign(payload, header, key),
    key: key?.kid ?? keys.aExchange.kid,
    expect: 'accepted',
    claims: payload,
  };
}

const refused = (name: string, expect: string, token: string, key: Key = keys.aExchange): EnvelopeCase => ({
  name,
  token,
  key: key.kid,
  expect,
});

/** Refused by what a claim says. */
const invalid = (name: string, changes: Changes, expect = 'envelope.invalid') =>
  refused(name, expect, sign(claims(name, changes)));

/** Refused by the header of the token. */
const header = (name: string, members: Changes, expect = 'envelope.malformed') =>
  refused(name, expect, sign(claims(name), members));

/** Refused by how the payload is written. */
const payload = (name: string, text: string | Uint8Array) => refused(name, 'envelope.malformed', sign(text));

function headerCases(): EnvelopeCase[] {
  const { kid } = keys.aExchange;
  const good = sign(claims('a header with a repeated member'));
  return [
    accepted('alg by its RFC 9864 name', {}, { alg: 'Ed25519' }),
    accepted(
      'members that name keys are ignored',
      {},
      { jku: 'https://evil.example/keys', x5u: 'https://evil.example/x' },
    ),
    accepted('ES256 with a low S', {}, {}, keys.aP256),
    header('alg none', { alg: 'none' }, 'signature.algorithm'),
    header('alg HS256', { alg: 'HS256' }, 'signature.algorithm'),
    header('alg RS256', { alg: 'RS256' }, 'signature.algorithm'),
    header('alg PS256', { alg: 'PS256' }, 'signature.algorithm'),
    header('alg ES384', { alg: 'ES384' }, 'signature.algorithm'),
    header('alg in another case', { alg: 'eddsa' }, 'signature.algorithm'),
    header('no alg', { alg: undefined }, 'signature.algorithm'),
    header('alg of another key type', { alg: 'ES256' }, 'signature.algorithm'),
    header('no typ', { typ: undefined }, 'envelope.type'),
    header('typ in another case', { typ: 'IVX-envelope+jwt' }, 'envelope.type'),
    header('typ with application/', { typ: `application/${TYP}` }, 'envelope.type'),
    header('typ of a receipt', { typ: 'ivx-receipt+jwt' }, 'envelope.type'),
    header('no kid', { kid: undefined }),
    header('kid that is no thumbprint', { kid: 'key-1' }),
    header('crit', { crit: ['exp'], exp: 1 }),
    header('an empty crit', { crit: [] }),
    header('b64', { b64: false }),
    header('an unknown member', { foo: 1 }),
    header('cty', { cty: 'JWT' }),
    refused(
      'kid of another key',
      'signature.invalid',
      sign(claims('kid of another key'), { kid: keys.thief.kid }),
    ),
    refused(
      'a key of the signer’s own in jwk',
      'signature.invalid',
      sign(claims('jwk'), { kid, jwk: keys.thief.publicJwk }, keys.thief),
    ),
    refused(
      'a header with a repeated member',
      'envelope.malformed',
      forge({
        payload: claims('a header with a repeated member'),
        typ: TYP,
        headerText: `{"alg":"EdDSA","kid":"${kid}","typ":"${TYP}","typ":"${TYP}"}`,
      }),
    ),
    refused(
      'a header that is no object',
      'envelope.malformed',
      withPart(good, 0, () => 'W10'),
    ),
  ];
}

function formCases(): EnvelopeCase[] {
  const good = sign(claims('form'));
  const malformed = (name: string, token: string) => refused(name, 'envelope.malformed', token);
  return [
    malformed('no token', 'envelope'),
    malformed('two parts', good.slice(0, good.lastIndexOf('.'))),
    malformed('four parts', `${good}.AA`),
    malformed('five parts', `${good}.AA.AA`),
    malformed(
      'an empty header',
      withPart(good, 0, () => ''),
    ),
    malformed('an empty payload', sign('')),
    malformed(
      'padding',
      withPart(good, 2, (text) => `${text}==`),
    ),
    malformed(
      'trailing bits that are not zero',
      withPart(good, 2, (text) => `${text.slice(0, -1)}B`),
    ),
    malformed(
      'the alphabet of base64',
      withPart(good, 2, () => '+/'.repeat(43)),
    ),
    malformed('white space', `${good} `),
    malformed(
      'a line break in the payload',
      withPart(good, 1, (text) => `${text.slice(0, 4)}\n${text.slice(4)}`),
    ),
    refused(
      'an empty signature',
      'signature.invalid',
      withPart(good, 2, () => ''),
    ),
    refused(
      'a signature of 63 bytes',
      'signature.invalid',
      withPart(good, 2, () => 'A'.repeat(84)),
    ),
    refused('over 4 KiB', 'envelope.too_large', sign(claims('over 4 KiB', { act: 'a'.repeat(3000) }))),
    payload('a payload that is no JSON', 'hello'),
    payload('a payload that is an array', '[]'),
    payload(
      'a payload with a repeated key',
      JSON.stringify(claims('twice')).replace('{', '{"act":"document.push",'),
    ),
    payload('a payload with U+0000', JSON.stringify(claims('null', { act: '\u0000' }))),
    payload(
      'a payload with a lone surrogate',
      JSON.stringify(claims('lone')).replace('document.push', '\\ud800'),
    ),
    payload('a payload with a byte order mark', `\ufeff${JSON.stringify(claims('bom'))}`),
    payload(
      'a payload with the key __proto__',
      JSON.stringify(claims('proto')).replace('{', '{"__proto__":{},'),
    ),
    payload(
      'a payload that is not UTF-8',
      Buffer.from(JSON.stringify(claims('latin')).replace('push', 'pusé'), 'latin1'),
    ),
    payload('17 containers inside each other', `{"a":${'['.repeat(16)}${']'.repeat(16)}}`),
  ];
}

function signatureCases(): EnvelopeCase[] {
  const ed = sign(claims('signature'));
  const es = sign(claims('signature p256'), {}, keys.aP256);
  const altered = b64Claims(claims('signature', { act: 'document.recall' }));
  return [
    refused('a changed signature', 'signature.invalid', withPart(ed, 2, flipLast)),
    refused(
      'a changed payload',
      'signature.invalid',
      withPart(ed, 1, () => altered),
    ),
    refused(
      'a signature of another token',
      'signature.invalid',
      withPart(ed, 2, () => sign(claims('other')).split('.')[2] ?? ''),
    ),
    refused(
      'Ed25519 with S + L',
      'signature.invalid',
      changeS(ed, true, (s) => s + ED25519_L),
    ),
    refused(
      'ES256 with a high S',
      'signature.invalid',
      changeS(es, false, (s) => P256_N - s),
      keys.aP256,
    ),
    refused(
      'ES256 with S = 0',
      'signature.invalid',
      changeS(es, false, () => 0n),
      keys.aP256,
    ),
    refused('ES256 in DER', 'signature.invalid', withPart(es, 2, toDer), keys.aP256),
    refused('ES256 where the key is Ed25519', 'signature.algorithm', es),
  ];
}

const b64Claims = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function toDer(text: string): string {
  const signature = Buffer.from(text, 'base64url');
  const integer = (half: Buffer) => {
    const positive = (half[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), half]) : half;
    return Buffer.concat([Buffer.from([2, positive.length]), positive]);
  };
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64url');
}

function claimCases(): EnvelopeCase[] {
  const sha256 = digest('x');
  const missing = ['iss', 'aud', 'jti', 'iat', 'exp', 'act', 'manifest', 'inc'].map((member) =>
    refused(`no ${member}`, 'envelope.invalid', sign(without(`no ${member}`, member))),
  );
  return [
    accepted('all claims', { agr: digest('agreement') }),
    accepted('no content', { content: undefined }),
    accepted('no link and no evidence', { sub: undefined, ev: undefined }),
    ...missing,
    invalid('an unknown claim', { nbf: NOW }),
    invalid('iss that is no text', { iss: 1 }),
    invalid('iss with a trailing slash', { iss: 'https://a.example/' }),
    invalid('aud in upper case', { aud: 'https://B.example' }),
    invalid('aud that is a list', { aud: [B] }),
    invalid('jti that is a UUIDv4', { jti: '5f0b7d4e-2f0e-4a3c-9d52-1f8f6f1f9a10' }),
    invalid('jti in upper case', { jti: uuid('upper').toUpperCase() }),
    invalid('sub that is no UUIDv7', { sub: 'customer-1' }),
    invalid('iat as text', { iat: String(NOW) }),
    invalid('iat with a fraction', { iat: NOW - 0.5 }),
    invalid('iat below zero', { iat: -1 }),
    invalid('act without a dot', { act: 'push' }),
    invalid('act in upper case', { act: 'Document.push' }),
    invalid('a digest that is too short', { manifest: { sha256: bits128('x'), size: 2 } }),
    invalid('a digest with padding', { manifest: { sha256: `${sha256}=`, size: 2 } }),
    invalid('a manifest of one byte', { manifest: { sha256, size: 1 } }),
    invalid('a manifest with an unknown member', { manifest: { sha256, size: 2, type: 'x' } }),
    invalid('a content of a negative size', { content: { size: -1 } }),
    invalid('a content of a broken size', { content: { size: 1.5 } }),
    invalid('a content over 1 TiB', { content: { size: 2 ** 40 + 1 } }),
    invalid('content without a size', { content: {} }),
    invalid('inc as text', { inc: '0' }),
  ];
}

function timeCases(): EnvelopeCase[] {
  const at = (name: string, changes: Changes, expect: string) =>
    refused(name, expect, sign(claims(name, changes)));
  return [
    at('14 days', { exp: NOW - 10 + 14 * DAY_S }, 'accepted'),
    at('14 days and a second', { exp: NOW - 9 + 14 * DAY_S }, 'time.lifetime'),
    at('exp that equals iat', { exp: NOW - 10 }, 'time.lifetime'),
    at('exp before iat', { exp: NOW - 11 }, 'time.lifetime'),
    at('iat 60 s ahead', { iat: NOW + 60 }, 'accepted'),
    at('iat 61 s ahead', { iat: NOW + 61 }, 'time.from_future'),
    at('exp 59 s ago', { iat: NOW - DAY_S, exp: NOW - 59 }, 'accepted'),
    at('exp 60 s ago', { iat: NOW - DAY_S, exp: NOW - 60 }, 'time.expired'),
  ];
}

/** envelopes.json: (token, key, now) to what the recipient concludes before it looks at its own state. */
export function envelopeVectors() {
  return {
    description:
      'Envelopes. Each token is verified under the one key named (an exchange key of its sender) at the time `now`; `expect` is accepted or the code of the refusal, all normative. Audience, replay, states and body are judged later: see refusals.json.',
    now: NOW,
    keys: [keys.aExchange.publicJwk, keys.aP256.publicJwk],
    cases: [...claimCases(), ...timeCases(), ...headerCases(), ...formCases(), ...signatureCases()],
  };
}
