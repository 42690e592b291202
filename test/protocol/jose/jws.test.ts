import fc from 'fast-check';
import { CompactSign, compactVerify, importJWK, jwtVerify } from 'jose';
import t from 'tap';
import {
  encodeSigningInput,
  joinSignature,
  parseJws,
  signJws,
  verifyJws,
} from '../../../src/protocol/jose/jws.ts';
import {
  createSigner,
  generateSigningKey,
  importPublicJwk,
  type SignatureAlg,
} from '../../../src/protocol/jose/keys.ts';

const TYP = 'ivx-envelope+jwt';
const OPTIONS = { typ: TYP, maxBytes: 4096 };
const ALGS = ['EdDSA', 'ES256'] as const;
const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function party(alg: SignatureAlg) {
  const { privateKey, publicJwk, kid } = generateSigningKey(alg);
  const imported = importPublicJwk(publicJwk);
  if (!imported.ok) throw new Error(imported.reason);
  return { alg, privateKey, publicJwk, kid, signer: createSigner(privateKey), key: imported.key };
}

const parties = { EdDSA: party('EdDSA'), ES256: party('ES256') };
const b64 = (value: unknown) =>
  Buffer.from(
    typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
  ).toString('base64url');

/** A token of any header and payload, signed rightly: only the profile stands in its way. */
async function forge(alg: SignatureAlg, header: unknown, payload: unknown): Promise<string> {
  const input = `${b64(header)}.${b64(payload)}`;
  return joinSignature(input, await parties[alg].signer.sign(Buffer.from(input)), alg);
}

/** The first refusal on the whole way, or 'accepted'. */
async function verdict(token: string, alg: SignatureAlg = 'EdDSA', options = OPTIONS): Promise<string> {
  const parsed = parseJws(token, options);
  if (!parsed.ok) return parsed.reason;
  const verified = await verifyJws(parsed.jws, parties[alg].key);
  return verified.ok ? 'accepted' : verified.reason;
}

function swapS(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(at), 'base64url');
  const s = P256_N - BigInt(`0x${signature.toString('hex', 32)}`);
  signature.write(s.toString(16).padStart(64, '0'), 32, 'hex');
  return token.slice(0, at) + signature.toString('base64url');
}

t.test('what we sign, we verify and jose verifies', async (t) => {
  const claims = { iss: 'https://a.example', n: 1, text: 'é😀"\\', nested: { list: [1, 2, null, true] } };
  for (const alg of ALGS) {
    const { signer, kid, publicJwk } = parties[alg];
    const token = await signJws(claims, TYP, signer);
    const parsed = parseJws(token, OPTIONS);
    t.ok(parsed.ok);
    if (!parsed.ok) return;
    t.same(parsed.jws.header, { alg, kid, typ: TYP });
    t.same(parsed.jws.claims, claims);
    t.equal(parsed.jws.token, token);
    t.equal(`${parsed.jws.signingInput.toString()}.${parsed.jws.signature.toString('base64url')}`, token);
    t.equal(await verdict(token, alg), 'accepted');

    const { payload, protectedHeader } = await jwtVerify(token, await importJWK(publicJwk, alg), {
      typ: TYP,
    });
    t.same(payload, claims);
    t.same(protectedHeader, { alg, kid, typ: TYP });
  }
});

t.test('what jose signs, we verify, once its S is low', async (t) => {
  const seen = { low: 0, high: 0 };
  for (const alg of ['EdDSA', 'Ed25519', 'ES256'] as const) {
    const ours = alg === 'ES256' ? 'ES256' : 'EdDSA';
    const { privateKey, kid } = parties[ours];
    for (let i = 0; i < 40; i++) {
      const token = await new CompactSign(Buffer.from(JSON.stringify({ i })))
        .setProtectedHeader({ typ: TYP, kid, alg })
        .sign(privateKey);
      const s = BigInt(
        `0x${Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url').toString('hex', 32)}`,
      );
      if (ours === 'ES256' && s * 2n > P256_N) {
        seen.high++;
        t.equal(await verdict(token, ours), 'jws.signature');
        t.equal(await verdict(swapS(token), ours), 'accepted');
      } else {
        seen.low++;
        t.equal(await verdict(token, ours), 'accepted', `${alg} ${i}`);
      }
    }
  }
  t.ok(seen.high > 0 && seen.low > 80, `${seen.high} high, ${seen.low} low`);
});

t.test('our ES256 signatures have a low S, and only that one verifies', async (t) => {
  for (let i = 0; i < 40; i++) {
    const token = await signJws({ i }, TYP, parties.ES256.signer);
    t.equal(await verdict(token, 'ES256'), 'accepted');
    t.equal(await verdict(swapS(token), 'ES256'), 'jws.signature');
    await compactVerify(swapS(token), await importJWK(parties.ES256.publicJwk, 'ES256'));
  }
});

t.test('an Ed25519 S to which L was added is refused', async (t) => {
  const l = 2n ** 252n + 27742317777372353535851937790883648493n;
  const token = await signJws({ a: 1 }, TYP, parties.EdDSA.signer);
  const at = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(at), 'base64url');
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + l;
  Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(signature, 32);
  t.equal(await verdict(token.slice(0, at) + signature.toString('base64url')), 'jws.signature');
});

t.test('the header: each member, wrong', async (t) => {
  const { kid } = parties.EdDSA;
  const good = { alg: 'EdDSA', kid, typ: TYP };
  const cases: [name: string, header: unknown, expected: string][] = [
    ['good', good, 'accepted'],
    ['alg named as in RFC 9864', { ...good, alg: 'Ed25519' }, 'accepted'],
    [
      'key material that nobody asked for',
      {
        ...good,
        jwk: parties.ES256.publicJwk,
        jku: 'https://evil.example/k',
        x5u: 'https://evil.example/c',
        x5c: ['MII'],
        x5t: 'AA',
        'x5t#S256': 'AA',
      },
      'accepted',
    ],
    ['alg none', { ...good, alg: 'none' }, 'jws.alg'],
    ['alg NONE', { ...good, alg: 'NONE' }, 'jws.alg'],
    ['alg in another case', { ...good, alg: 'eddsa' }, 'jws.alg'],
    ['HS256', { ...good, alg: 'HS256' }, 'jws.alg'],
    ['RS256', { ...good, alg: 'RS256' }, 'jws.alg'],
    ['Ed448', { ...good, alg: 'Ed448' }, 'jws.alg'],
    ['ES384', { ...good, alg: 'ES384' }, 'jws.alg'],
    ['alg in a list', { ...good, alg: ['EdDSA'] }, 'jws.alg'],
    ['no alg', { kid, typ: TYP }, 'jws.alg'],
    ["the other kind's alg", { ...good, alg: 'ES256' }, 'jws.alg'],
    ['no typ', { alg: 'EdDSA', kid }, 'jws.typ'],
    ['typ JWT', { ...good, typ: 'JWT' }, 'jws.typ'],
    ['typ in another case', { ...good, typ: 'IVX-envelope+jwt' }, 'jws.typ'],
    ['typ with application/', { ...good, typ: `application/${TYP}` }, 'jws.typ'],
    ['typ of a receipt', { ...good, typ: 'ivx-receipt+jwt' }, 'jws.typ'],
    ['no kid', { alg: 'EdDSA', typ: TYP }, 'jws.kid'],
    ['a name as kid', { ...good, kid: 'key-1' }, 'jws.kid'],
    ['a path as kid', { ...good, kid: '../../../../dev/null' }, 'jws.kid'],
    ["another key's kid", { ...good, kid: parties.ES256.kid }, 'jws.kid'],
    ['an empty crit', { ...good, crit: [] }, 'jws.crit'],
    ['crit with b64', { ...good, b64: false, crit: ['b64'] }, 'jws.crit'],
    ['crit = null', { ...good, crit: null }, 'jws.crit'],
    ['b64 alone', { ...good, b64: false }, 'jws.header'],
    ['b64 = true', { ...good, b64: true }, 'jws.header'],
    ['compression', { ...good, zip: 'DEF' }, 'jws.header'],
    ['an unknown member', { ...good, nonce: 'x' }, 'jws.header'],
    ['a list', [good], 'jws.header'],
    ['null', null, 'jws.header'],
    ['text', '"EdDSA"', 'jws.header'],
    ['not JSON', '{alg:EdDSA}', 'jws.header'],
    ['alg twice', `{"alg":"none","alg":"EdDSA","kid":"${kid}","typ":"${TYP}"}`, 'jws.header'],
    [
      'alg twice, once escaped',
      `{"\\u0061lg":"none","alg":"EdDSA","kid":"${kid}","typ":"${TYP}"}`,
      'jws.header',
    ],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'jws.header'],
    ['a byte order mark', `\ufeff${JSON.stringify(good)}`, 'jws.header'],
    ['5 levels', { ...good, jwk: { a: { b: { c: { d: 1 } } } } }, 'jws.header'],
    ['65 members', { ...good, x5c: Array(61).fill('') }, 'jws.header'],
    ['64 members', { ...good, x5c: Array(60).fill('') }, 'accepted'],
    [
      '2049 bytes',
      { ...good, jku: 'x'.repeat(2049 - JSON.stringify({ ...good, jku: '' }).length) },
      'jws.header',
    ],
    [
      '2048 bytes',
      { ...good, jku: 'x'.repeat(2048 - JSON.stringify({ ...good, jku: '' }).length) },
      'accepted',
    ],
  ];
  for (const [name, header, expected] of cases)
    t.equal(await verdict(await forge('EdDSA', header, { a: 1 })), expected, name);
});

t.test('the payload must be a strict JSON object', async (t) => {
  const header = { alg: 'EdDSA', kid: parties.EdDSA.kid, typ: TYP };
  for (const payload of [
    '',
    'foo',
    '[]',
    'null',
    '"x"',
    '1',
    '{"a":1,"a":2}',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    '{"__proto__":{}}',
    '{"a":1}{"b":2}',
    '\ufeff{}',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`,
  ]) {
    t.equal(
      await verdict(await forge('EdDSA', header, payload)),
      'jws.payload',
      String(payload).slice(0, 40),
    );
  }
  t.equal(await verdict(await forge('EdDSA', header, '{}')), 'accepted');
});

t.test('the form: three parts, strict base64url, a size', async (t) => {
  const token = await signJws({ a: 1 }, TYP, parties.EdDSA.signer);
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const cases: [name: string, token: string, expected: string][] = [
    ['nothing', '', 'jws.malformed'],
    ['two dots only', '..', 'jws.malformed'],
    ['one part', header, 'jws.malformed'],
    ['two parts', `${header}.${payload}`, 'jws.malformed'],
    ['four parts', `${token}.`, 'jws.malformed'],
    ['five parts, as a JWE', `${token}.AA.AA`, 'jws.malformed'],
    ['no header', `.${payload}.${signature}`, 'jws.malformed'],
    ['no payload', `${header}..${signature}`, 'jws.payload'],
    ['no signature', `${header}.${payload}.`, 'jws.signature'],
    ['a short signature', `${header}.${payload}.${signature.slice(0, 84)}`, 'jws.signature'],
    ['a signature of 66 bytes', `${header}.${payload}.${'A'.repeat(88)}`, 'jws.signature'],
    ['a signature of zeros', `${header}.${payload}.${'A'.repeat(86)}`, 'jws.signature'],
    ['padding', `${token}==`, 'jws.base64url'],
    ['a padded header', `${header}=.${payload}.${signature}`, 'jws.base64url'],
    ['a leading space', ` ${token}`, 'jws.base64url'],
    ['a line break after', `${token}\n`, 'jws.base64url'],
    [
      'a line break within',
      `${header}.${payload.slice(0, 4)}\r\n${payload.slice(4)}.${signature}`,
      'jws.base64url',
    ],
    ['the standard alphabet', `${header}.${payload}.${signature.slice(0, -2)}+/`, 'jws.base64url'],
    ['U+0000', `${token}\0`, 'jws.base64url'],
    [
      'JSON serialisation',
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
      'jws.malformed',
    ],
  ];
  for (const [name, input, expected] of cases) t.equal(await verdict(input), expected, name);

  t.equal(await verdict(token, 'EdDSA', { typ: TYP, maxBytes: token.length }), 'accepted');
  t.equal(await verdict(token, 'EdDSA', { typ: TYP, maxBytes: token.length - 1 }), 'jws.too_large');
  t.equal(await verdict('.'.repeat(1 << 20)), 'jws.too_large');
});

t.test('any flipped bit is refused, in the text and in the bytes it stands for', async (t) => {
  for (const alg of ALGS) {
    const token = await signJws({ a: 1 }, TYP, parties[alg].signer);
    let tried = 0;
    const accepted: string[] = [];
    const attempt = async (changed: string, what: string) => {
      tried++;
      if ((await verdict(changed, alg)) === 'accepted') accepted.push(what);
    };
    for (let at = 0; at < token.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit));
        await attempt(token.slice(0, at) + flipped + token.slice(at + 1), `character ${at} bit ${bit}`);
      }
    }
    const parts = token.split('.');
    for (const [index, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        await attempt(parts.with(index, changed.toString('base64url')).join('.'), `part ${index} bit ${bit}`);
      }
    }
    t.same(accepted, [], `${alg}: ${tried} flips`);
    t.ok(tried > 3000);
    t.equal(await verdict(token, alg), 'accepted');
  }
});

t.test('any text gets an answer', async () => {
  const part = fc.string({ unit: fc.constantFrom(...'AZaz09-_.{}"'), maxLength: 30 });
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), part), (text) => !parseJws(text, OPTIONS).ok),
  );
});

t.test('any claims that JSON holds go through unchanged', async () => {
  const claims = fc.dictionary(
    fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__' && !key.includes('\0')),
    fc
      .jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
      .filter((value) => !/__proto__|\\u0000/.test(JSON.stringify(value))),
    { maxKeys: 5 },
  );
  await fc.assert(
    fc.asyncProperty(claims, async (value) => {
      const expected: unknown = JSON.parse(JSON.stringify(value));
      const parsed = parseJws(await signJws(value, TYP, parties.EdDSA.signer), {
        typ: TYP,
        maxBytes: 65_536,
      });
      return parsed.ok && JSON.stringify(parsed.jws.claims) === JSON.stringify(expected);
    }),
    { numRuns: 100 },
  );
});

t.test('nothing is signed that every peer would refuse', async (t) => {
  const { signer } = parties.EdDSA;
  await t.rejects(signJws({ a: 'x\0' }, TYP, signer), TypeError);
  await t.rejects(signJws({ a: ['\ud800'] }, TYP, signer), TypeError);
  await t.rejects(signJws({ a: { ['__proto__']: 1 } }, TYP, signer), TypeError);
  await t.resolves(signJws({ a: '\u0007', b: '\\u0000' }, TYP, signer), 'other control characters may pass');
  await t.rejects(signJws({}, TYP, { ...signer, sign: () => new Uint8Array(63) }), /63 bytes/);
});

t.test('a signer that answers later, as an HSM does', async (t) => {
  const { signer } = parties.ES256;
  const remote = { kid: signer.kid, alg: signer.alg, sign: async (data: Uint8Array) => signer.sign(data) };
  t.equal(await verdict(await signJws({ a: 1 }, TYP, remote), 'ES256'), 'accepted');
});

t.test('the cached header is told apart by typ and by signer', async (t) => {
  const headerOf = (input: string): unknown =>
    JSON.parse(Buffer.from(input.split('.')[0]!, 'base64url').toString());
  for (let round = 0; round < 2; round++) {
    for (const alg of ALGS) {
      for (const typ of [TYP, 'ivx-receipt+jwt']) {
        const { signer, kid } = parties[alg];
        t.same(headerOf(encodeSigningInput({}, typ, signer)), { alg, kid, typ });
      }
    }
  }
});
