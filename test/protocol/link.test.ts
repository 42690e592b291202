import fc from 'fast-check';
import t from 'tap';
import { CONSENT_RECORD_VERSION, makeConsentRecord } from '../../src/protocol/consent-record.ts';
import type { EntityId, LinkId } from '../../src/protocol/ids.ts';
import { signJws } from '../../src/protocol/jose/jws.ts';
import { createSigner, generateSigningKey, importPublicJwk } from '../../src/protocol/jose/keys.ts';
import { effectiveLinkState, type LinkHalfState, nextRev } from '../../src/protocol/link-half.ts';
import {
  intersectScopes,
  isWithinScopes,
  type LinkScopesByHost,
  namesOnly,
} from '../../src/protocol/link-scopes.ts';
import {
  LINK_TOKEN_TYP,
  type LinkTokenClaims,
  parseLinkToken,
  signLinkToken,
  verifyLinkToken,
} from '../../src/protocol/link-token.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { findSchemaProblem } from '../../src/protocol/schemas/validators.ts';

const A = 'https://a.example' as EntityId;
const B = 'https://b.example' as EntityId;
const NOW_S = 1_790_000_000;
const LINK = '01890000-0000-7000-8000-000000000001' as LinkId;

const { privateKey, publicJwk } = generateSigningKey('EdDSA');
const signer = createSigner(privateKey);
const imported = importPublicJwk(publicJwk);
if (!imported.ok) throw new Error(imported.reason);
const { key } = imported;

const CLAIMS: LinkTokenClaims = {
  iss: A,
  aud: B,
  sub: LINK,
  iat: NOW_S,
  exp: NOW_S + 900,
  scopes: { [B]: { documents: ['billing.invoice'], contact: ['service'], engagement: 'none' } },
  holder: 'M. D••••',
  returnUrl: 'https://a.example/return?state=1',
};

async function check(token: string, expected: { aud?: string; nowS?: number } = {}) {
  const parsed = parseLinkToken(token);
  if (!parsed.ok) return parsed.reason;
  const verified = await verifyLinkToken(parsed.jws, key, { aud: B, nowS: NOW_S, ...expected });
  return verified.ok ? verified.claims : verified.reason;
}

t.test('link token', async (t) => {
  const token = await signLinkToken(CLAIMS, signer);
  t.same(await check(token), CLAIMS);
  t.same(await check(token, { nowS: NOW_S + 899.9 }), CLAIMS);
  t.equal(await check(token, { nowS: NOW_S + 900 }), 'link.token_expired');
  t.same(await check(token, { nowS: NOW_S - 60 }), CLAIMS);
  t.equal(await check(token, { nowS: NOW_S - 61 }), 'time.from_future');
  t.equal(await check(token, { aud: 'https://c.example' }), 'link.audience');
  const [header, payload, signature = ''] = token.split('.');
  const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
  t.equal(await check(`${header}.${payload}.${flipped}`), 'link.token');

  const bad: [string, object][] = [
    ['over 15 minutes', { ...CLAIMS, exp: NOW_S + 901 }],
    ['without time', { ...CLAIMS, exp: NOW_S }],
    ['to itself', { ...CLAIMS, aud: A }],
    ['a third host', { ...CLAIMS, scopes: { 'https://c.example': {} } }],
    ['three hosts', { ...CLAIMS, scopes: { [A]: {}, [B]: {}, 'https://c.example': {} } }],
    ['no host', { ...CLAIMS, scopes: {} }],
    ['an unknown scope', { ...CLAIMS, scopes: { [A]: { location: true } } }],
    [
      '101 types',
      {
        ...CLAIMS,
        scopes: {
          [A]: {
            documents: Array.from(
              { length: 101 },
              (_, n) => `a.${'b'.repeat((n % 25) + 1)}${'_'.repeat(Math.floor(n / 25))}`,
            ),
          },
        },
      },
    ],
    ['an unknown member', { ...CLAIMS, customer: '4711' }],
    ['a fragment', { ...CLAIMS, returnUrl: 'https://a.example/#x' }],
    ['a script', { ...CLAIMS, returnUrl: 'javascript:alert(1)' }],
    ['a long holder', { ...CLAIMS, holder: 'x'.repeat(81) }],
    ['a holder of two lines', { ...CLAIMS, holder: 'x\ny' }],
    ['a link id of another version', { ...CLAIMS, sub: LINK.replace('-7', '-4') }],
  ];
  for (const [name, claims] of bad) {
    const forged = await signJws(claims, LINK_TOKEN_TYP, signer);
    t.match(await check(forged, { aud: (claims as LinkTokenClaims).aud }), 'link.token', name);
  }
  t.equal(await check(await signJws(CLAIMS, 'ivx-request+jwt', signer)), 'link.token', 'another typ');
  await t.rejects(signLinkToken({ ...CLAIMS, holder: '' }, signer), TypeError);
  const documents = Array.from(
    { length: 100 },
    (_, n) => `${'x'.repeat(26)}${'abcdefghij'[n % 10]}${'abcdefghij'[Math.floor(n / 10)]}.${'y'.repeat(30)}`,
  );
  await t.rejects(signLinkToken({ ...CLAIMS, scopes: { [A]: { documents } } }, signer), RangeError);
});

const GIVEN = {
  jurisdiction: 'FR',
  method: 'web',
  purposes: ['One place'],
  policyUrl: 'https://a.example/privacy',
  services: ['Vault'],
  sensitive: false,
} as const;
const CONSENT = makeConsentRecord(
  { ...GIVEN, purposes: [...GIVEN.purposes], services: [...GIVEN.services] },
  { at: new Date(NOW_S * 1000), controllers: [{ id: A, name: 'Banque A' }] },
);

t.test('consent record', async (t) => {
  t.equal(CONSENT.version, CONSENT_RECORD_VERSION);
  t.equal(findSchemaProblem('consent-record', CONSENT), undefined);
  for (const member of Object.keys(CONSENT)) {
    const { [member]: _left, ...rest } = CONSENT as Record<string, unknown>;
    t.ok(findSchemaProblem('consent-record', rest), `needs ${member}`);
  }
  t.equal(findSchemaProblem('consent-record', { ...CONSENT, customer: 'x' })?.pointer, '/customer');
  t.equal(findSchemaProblem('consent-record', { ...CONSENT, time: 'yesterday' })?.pointer, '/time');
  t.equal(
    findSchemaProblem('consent-record', { ...CONSENT, policyUrl: 'http://a.example' })?.pointer,
    '/policyUrl',
  );
});

const manifestOf = (body: object) => Buffer.from(JSON.stringify({ salt: 'A'.repeat(22), body }));
const pointerOf = (act: string, body: object) => {
  const parsed = parseManifest(manifestOf(body), act);
  return parsed.ok ? undefined : parsed.detail;
};

t.test('bodies of link.redeem and link.half', async (t) => {
  const half = { rev: 1, state: 'active', scopes: CLAIMS.scopes, consent: CONSENT };
  t.equal(pointerOf('link.half', half), undefined);
  t.equal(pointerOf('link.half', { ...half, state: 'paused' }), undefined);
  const { consent: _consent, ...bare } = half;
  t.equal(pointerOf('link.half', { ...bare, state: 'revoked' }), undefined);
  t.equal(
    pointerOf('link.half', { ...bare, state: 'revoked', restorableUntil: '2026-12-01T00:00:00Z' }),
    undefined,
  );
  t.ok(pointerOf('link.half', bare), 'what grants something needs a consent');
  t.ok(pointerOf('link.half', { ...half, state: 'revoked' }), 'what is revoked carries none');
  t.ok(pointerOf('link.half', { ...half, restorableUntil: '2026-12-01T00:00:00Z' }));
  for (const rev of [0, -1, 1.5, 253_402_300_800_000]) {
    t.equal(pointerOf('link.half', { ...half, rev }), '/body/rev', String(rev));
  }
  t.equal(pointerOf('link.half', { ...half, rev: 253_402_300_799_999 }), undefined);
  const redeem = {
    token: await signLinkToken(CLAIMS, signer),
    rev: 1,
    scopes: CLAIMS.scopes,
    consent: CONSENT,
    code: 'A'.repeat(43),
  };
  t.equal(pointerOf('link.redeem', redeem), undefined);
  t.equal(pointerOf('link.redeem', { ...redeem, token: 'a.b' }), '/body/token');
  t.equal(pointerOf('link.redeem', { ...redeem, token: `a.b.${'c'.repeat(4093)}` }), '/body/token');
  t.equal(
    pointerOf('link.redeem', { ...redeem, code: 'ABCDE-FGHJK' }),
    '/body/code',
    'never the code itself',
  );
});

const states: LinkHalfState[] = ['active', 'paused', 'revoked'];
const half = fc.record({ state: fc.constantFrom(...states), restorable: fc.boolean() });

t.test('the most restrictive of both halves', async (t) => {
  t.equal(effectiveLinkState([], false), 'pending');
  fc.assert(
    fc.property(half, half, (one, other) => {
      const together = effectiveLinkState([one, other], false);
      const over = [one, other].some((each) => each.state === 'revoked' && !each.restorable);
      return (
        together === effectiveLinkState([other, one], false) &&
        (together === 'active') === (one.state === 'active' && other.state === 'active') &&
        (together === 'revoked') === over &&
        effectiveLinkState([one, other], true) === 'erased' &&
        (effectiveLinkState([one], false) === 'pending') === (one.state !== 'revoked')
      );
    }),
  );
});

const hostScopes = fc.record(
  {
    documents: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
    contact: fc.uniqueArray(fc.constantFrom('service', 'offer')),
    engagement: fc.constantFrom<'none' | 'aggregate' | 'individual'>('none', 'aggregate', 'individual'),
    readReceipts: fc.boolean(),
  },
  { requiredKeys: [] },
);
const scopes = fc.dictionary(fc.constantFrom<string>(A, B), hostScopes) as fc.Arbitrary<LinkScopesByHost>;

t.test('scopes: the intersection is within both, and only narrowing is one-sided', async (t) => {
  fc.assert(
    fc.property(scopes, scopes, (one, other) => {
      const both = intersectScopes(one, other);
      return (
        isWithinScopes(both, one) &&
        isWithinScopes(both, other) &&
        isWithinScopes(one, one) &&
        isWithinScopes(one, other) === isWithinScopes(one, both) &&
        namesOnly(both, [A, B])
      );
    }),
  );
  t.notOk(isWithinScopes({ [A]: { readReceipts: true } }, {}));
  t.ok(isWithinScopes({ [A]: { engagement: 'none' } }, {}));
  t.notOk(isWithinScopes({ [A]: { engagement: 'individual' } }, { [A]: { engagement: 'aggregate' } }));
  t.notOk(namesOnly({ [A]: {} }, [B]));
});

t.test('a revision grows even where the clock does not', async (t) => {
  t.equal(nextRev(undefined, 1000.7), 1000);
  t.equal(nextRev(1000, 1000), 1001);
  t.equal(nextRev(2000, 1000), 2001);
  t.equal(nextRev(1, 1000), 1000);
});
