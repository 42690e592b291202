import { createPrivateKey } from 'node:crypto';
import t from 'tap';
import { parseEntityId } from '../../src/protocol/ids.ts';
import { decodeBase64url, encodeBase64url } from '../../src/protocol/jose/base64url.ts';
import { createSigner, importJwks, importPublicJwk } from '../../src/protocol/jose/keys.ts';
import { parseStrictJson } from '../../src/protocol/jose/strict-json.ts';
import { readVectors } from './read.ts';

t.test('base64url', async (t) => {
  const { cases } = readVectors<{ cases: { name: string; text: string; hex?: string }[] }>('base64url');
  for (const { name, text, hex } of cases) {
    t.equal(decodeBase64url(text)?.toString('hex'), hex, name);
    if (hex !== undefined) t.equal(encodeBase64url(Buffer.from(hex, 'hex')), text, name);
  }
});

t.test('strict JSON', async (t) => {
  type Repeat = { before: string; text: string; times: number; after: string };
  type Case = { name: string; valid: boolean; reason?: string; json?: string; hex?: string; repeat?: Repeat };
  const { cases } = readVectors<{ cases: Case[] }>('strict-json');
  for (const { name, json, hex, repeat, valid, reason } of cases) {
    const text =
      json ?? (repeat && repeat.before + repeat.text.repeat(repeat.times) + repeat.after) ?? undefined;
    const bytes = text === undefined ? Buffer.from(hex ?? '', 'hex') : Buffer.from(text);
    const parsed = parseStrictJson(bytes);
    t.equal(parsed.ok, valid, name);
    if (!parsed.ok) t.equal(parsed.reason, reason, name);
    if (parsed.ok) t.same(parsed.value, JSON.parse(bytes.toString()), name);
  }
});

t.test('entity ids', async (t) => {
  const { cases } = readVectors<{ cases: { name: string; id: string; valid: boolean }[] }>('entity-ids');
  for (const { name, id, valid } of cases) t.equal(parseEntityId(id) !== undefined, valid, name);
});

t.test('keys and their thumbprints', async (t) => {
  const { keys, jwks, sets } = readVectors<{
    keys: Record<string, { kid: string; public: object; private: object }>;
    jwks: { name: string; jwk: unknown; kid?: string; reason?: string }[];
    sets: { name: string; set: unknown; kids?: string[]; reason?: string }[];
  }>('keys');
  for (const { name, jwk, kid, reason } of jwks) {
    const imported = importPublicJwk(jwk);
    if (imported.ok) t.equal(imported.key.kid, kid, name);
    else t.equal(imported.reason, reason, name);
  }
  for (const { name, set, kids, reason } of sets) {
    const imported = importJwks(set);
    if (imported.ok) {
      t.same(
        imported.keys.map((key) => key.kid),
        kids,
        name,
      );
    } else t.equal(imported.reason, reason, name);
  }
  for (const [name, key] of Object.entries(keys)) {
    const signer = createSigner(createPrivateKey({ key: { ...key.private }, format: 'jwk' }));
    t.equal(signer.kid, key.kid, `${name}: the private key belongs to its kid`);
    const imported = importPublicJwk(key.public);
    t.equal(imported.ok && imported.key.kid, key.kid, name);
  }
});
