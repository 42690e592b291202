import t, { type Test } from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { verifyEntityConfiguration } from '../../src/protocol/entity-configuration.ts';
import { parseEnvelope, verifyEnvelope } from '../../src/protocol/envelope.ts';
import { verifyEvidence } from '../../src/protocol/evidence-record.ts';
import type { VerificationKey } from '../../src/protocol/jose/keys.ts';
import { parseLinkToken, verifyLinkToken } from '../../src/protocol/link-token.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { parseReceipt, verifyReceipt } from '../../src/protocol/receipt.ts';
import { isRefusalCode } from '../../src/protocol/refusal.ts';
import { parseRequestToken, verifyRequestToken } from '../../src/protocol/request-token.ts';
import { checkClock } from '../../src/protocol/time.ts';
import { keyOf, readVectors } from './read.ts';

type TokenCase = { name: string; token: string; expect: string; claims?: object };
type Result = { ok: true; claims?: object } | { ok: false; reason: string };

/** Holds each case to what it expects, and accepted ones to the claims they spell out. */
async function check(t: Test, cases: TokenCase[], judge: (one: TokenCase) => Promise<Result>): Promise<void> {
  t.ok(cases.some((one) => one.expect === 'accepted') && cases.some((one) => one.expect !== 'accepted'));
  for (const one of cases) {
    const result = await judge(one);
    t.equal(result.ok ? 'accepted' : result.reason, one.expect, one.name);
    if (result.ok && one.claims !== undefined) t.strictSame(result.claims, one.claims, one.name);
  }
}

t.test('envelopes', async (t) => {
  type EnvelopeCase = TokenCase & { key: string };
  const vectors = readVectors<{ now: number; keys: object[]; cases: EnvelopeCase[] }>('envelopes');
  const keys = new Map(vectors.keys.map((jwk) => [keyOf(jwk).kid, keyOf(jwk)]));
  await check(t, vectors.cases, async (one) => {
    const parsed = parseEnvelope(one.token);
    if (!parsed.ok) return parsed;
    const verified = await verifyEnvelope(parsed.jws, keys.get((one as EnvelopeCase).key) as VerificationKey);
    if (!verified.ok) return verified;
    const clock = checkClock({ ...verified.claims, now: vectors.now });
    return clock.ok ? verified : clock;
  });
  const codes = vectors.cases.map((one) => one.expect).filter((code) => code !== 'accepted');
  t.ok(codes.every(isRefusalCode), 'every refusal is one of the protocol');
});

t.test('manifests', async (t) => {
  type ManifestCase = { name: string; act: string; manifest: string; expect: string; pointer?: string };
  const { cases } = readVectors<{ cases: ManifestCase[] }>('manifests');
  for (const one of cases) {
    const parsed = parseManifest(Buffer.from(one.manifest), one.act);
    t.equal(parsed.ok ? 'accepted' : parsed.reason, one.expect, one.name);
    if (!parsed.ok && one.pointer !== undefined) t.equal(parsed.detail, one.pointer, one.name);
  }
});

t.test('receipts', async (t) => {
  type Expected = { iss: string; aud: string; jti: string; envelope: string; envelopeSha256: string };
  const { key, expected, cases } = readVectors<{ key: object; expected: Expected; cases: TokenCase[] }>(
    'receipts',
  );
  t.equal(sha256(expected.envelope), expected.envelopeSha256);
  await check(t, cases, async ({ token }) => {
    const parsed = parseReceipt(token);
    return parsed.ok ? await verifyReceipt(parsed.jws, keyOf(key), expected) : parsed;
  });
});

t.test('evidence records', async (t) => {
  const { key, cases } = readVectors<{ key: object; cases: TokenCase[] }>('evidence-records');
  const known = keyOf(key);
  await check(t, cases, ({ token }) =>
    verifyEvidence(token, (kid) => (kid === known.kid ? known : undefined)),
  );
});

t.test('request tokens', async (t) => {
  type Expected = { aud: string; htm: string; htu: string };
  type File = { now: number; key: object; expected: Expected; cases: TokenCase[] };
  const { now, key, expected, cases } = readVectors<File>('request-tokens');
  await check(t, cases, async ({ token }) => {
    const parsed = parseRequestToken(token);
    return parsed.ok ? await verifyRequestToken(parsed.jws, keyOf(key), { ...expected, nowS: now }) : parsed;
  });
});

t.test('entity configurations', async (t) => {
  type ConfigurationCase = TokenCase & { pinned: string[] };
  type File = { entityId: string; now: number; cases: ConfigurationCase[] };
  const { entityId, now, cases } = readVectors<File>('entity-configurations');
  await check(t, cases, async (one) => {
    const { pinned } = one as ConfigurationCase;
    const isTrusted = (kid: string) => pinned.includes(kid);
    const result = await verifyEntityConfiguration(one.token, { entityId, now, isTrusted });
    return result.ok ? { ok: true, claims: result.configuration.claims } : result;
  });
});

t.test('link tokens', async (t) => {
  type File = { audience: string; now: number; key: object; cases: TokenCase[] };
  const { audience, now, key, cases } = readVectors<File>('link-tokens');
  await check(t, cases, async ({ token }) => {
    const parsed = parseLinkToken(token);
    return parsed.ok ? await verifyLinkToken(parsed.jws, keyOf(key), { aud: audience, nowS: now }) : parsed;
  });
});
