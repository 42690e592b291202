import t from 'tap';
import { parseCompact } from '../../../src/protocol/jose/compact.ts';
import { parseJws } from '../../../src/protocol/jose/jws.ts';
import { importJwks, importPublicJwk } from '../../../src/protocol/jose/keys.ts';
import { normalizeLowS, verifySignature } from '../../../src/protocol/jose/signature.ts';
import { readVectors, type WycheproofGroup, type WycheproofTest, withoutVectors } from './wycheproof.ts';

type Jwk = { kty: string; crv?: string; kid?: string; d?: string };
type JwsTest = WycheproofTest & { jws: unknown };
type JwsGroup = WycheproofGroup<JwsTest> & { public?: Jwk; private?: Jwk };
type KeySetGroup = WycheproofGroup<JwsTest> & { public?: { keys: Jwk[] }; private: { keys: Jwk[] } };

/** Wycheproof's kids are names; a profile whose kid is the thumbprint has to be shown the key without. */
function withoutKid(jwk: Jwk): Jwk {
  const { kid: _, ...rest } = jwk;
  return rest;
}

type Verdict = 'accepted' | 'high-s' | 'refused';

function judge(token: unknown, jwk: Jwk): Verdict {
  if (typeof token !== 'string') return 'refused';
  const imported = importPublicJwk(withoutKid(jwk));
  const compact = parseCompact(token, 16_384);
  if (!imported.ok || !compact.ok || compact.jws.alg !== imported.key.alg) return 'refused';
  const { alg, key } = imported.key;
  const { signingInput, signature } = compact.jws;
  if (verifySignature(alg, key, signingInput, signature)) return 'accepted';
  if (signature.length !== 64) return 'refused';
  return verifySignature(alg, key, signingInput, normalizeLowS(signature)) ? 'high-s' : 'refused';
}

const JWS = 'json_web_signature_test.json';
t.test('every JWS of Wycheproof', { skip: withoutVectors(JWS) }, async (t) => {
  const { numberOfTests, testGroups } = readVectors<JwsGroup>(JWS);
  const tally = { p256Valid: 0, p256HighS: 0, p256Invalid: 0, p521: 0, rsa: 0, hmac: 0 };
  for (const group of testGroups) {
    const jwk = group.public ?? group.private!;
    for (const test of group.tests) {
      const name = `${test.tcId} ${group.comment} ${test.comment}`;
      const verdict = judge(test.jws, jwk);
      if (jwk.kty !== 'EC' || jwk.crv !== 'P-256') {
        t.equal(verdict, 'refused', name);
        if (jwk.kty === 'RSA') tally.rsa++;
        else if (jwk.kty === 'oct') tally.hmac++;
        else tally.p521++;
      } else if (test.result === 'valid') {
        t.not(verdict, 'refused', name);
        if (verdict === 'accepted') tally.p256Valid++;
        else tally.p256HighS++;
      } else {
        t.equal(verdict, 'refused', name);
        tally.p256Invalid++;
      }
      if (typeof test.jws === 'string') {
        t.equal(
          parseJws(test.jws, { typ: 'ivx-envelope+jwt', maxBytes: 16_384 }).ok,
          false,
          `${name}, whole profile`,
        );
      }
    }
  }
  t.same(tally, { p256Valid: 1, p256HighS: 1, p256Invalid: 39, p521: 2, rsa: 318, hmac: 40 });
  t.equal(
    Object.values(tally).reduce((sum, count) => sum + count, 0),
    numberOfTests,
  );
});

t.test(
  'tokens that another algorithm signed, or none, under a good P-256 key',
  { skip: withoutVectors(JWS) },
  async (t) => {
    const { testGroups } = readVectors<JwsGroup>(JWS);
    const jwk = testGroups.find((group) => group.public?.crv === 'P-256')!.public!;
    const tally = { tried: 0, accepted: 0 };
    for (const test of testGroups
      .filter((group) => group.public?.crv !== 'P-256')
      .flatMap((group) => group.tests)) {
      tally.tried++;
      if (judge(test.jws, jwk) !== 'refused') tally.accepted++;
    }
    t.same(tally, { tried: 360, accepted: 0 });
  },
);

const JWK = 'json_web_key_test.json';
t.test('every key set of Wycheproof', { skip: withoutVectors(JWK) }, async (t) => {
  const { numberOfTests, testGroups } = readVectors<KeySetGroup>(JWK);
  const tally = { private: 0, rsa: 0, p256: 0 };
  for (const group of testGroups) {
    for (const test of group.tests) {
      const name = `${test.tcId} ${group.comment} ${test.comment}`;
      const priv = importJwks({ keys: group.private.keys.map(withoutKid) });
      t.same(priv, { ok: false, reason: 'jwk.private' }, `${name}: private keys are refused as such`);
      tally.private++;
      if (group.public === undefined) continue;
      for (const jwk of group.public.keys) {
        // No set here holds a P-256 key that is right: each is made wrong in one way.
        const imported = importPublicJwk(withoutKid(jwk));
        const verdict = imported.ok ? judge(test.jws, jwk) : 'refused';
        t.equal(verdict, 'refused', `${name}: ${imported.ok ? 'imported' : imported.reason}`);
        if (jwk.crv === undefined) tally.rsa++;
        else tally.p256++;
      }
      t.equal(importJwks({ keys: group.public.keys.map(withoutKid) }).ok, false, `${name}: as a set`);
    }
  }
  t.equal(tally.private, numberOfTests);
  t.same(tally, { private: 26, rsa: 5, p256: 6 });
});

t.test(
  'each wrong P-256 key of Wycheproof is refused for its own fault',
  { skip: withoutVectors(JWK) },
  async (t) => {
    const reasons: Record<string, string> = {};
    for (const group of readVectors<KeySetGroup>(JWK).testGroups) {
      const jwk = group.public?.keys.find((key) => key.crv !== undefined);
      if (jwk === undefined) continue;
      const imported = importPublicJwk(withoutKid(jwk));
      reasons[group.comment!] = imported.ok ? 'accepted' : imported.reason;
    }
    t.same(reasons, {
      wrong_algorithm: 'jwk.alg',
      invalid_algorithm: 'jwk.alg',
      invalid_use: 'jwk.use',
      invalid_point: 'jwk.point',
      wrong_curve: 'jwk.crv',
      wrong_kty: 'jwk.kty',
    });
  },
);
