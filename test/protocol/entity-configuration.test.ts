import t from 'tap';
import {
  ENTITY_STATEMENT_TYP,
  type EntityConfigurationClaims,
  signEntityConfiguration,
  verifyEntityConfiguration,
} from '../../src/protocol/entity-configuration.ts';
import type { EntityId } from '../../src/protocol/ids.ts';
import { signJws } from '../../src/protocol/jose/jws.ts';
import { createSigner, generateSigningKey } from '../../src/protocol/jose/keys.ts';

const ID = 'https://a.example' as EntityId;
const NOW = 1_800_000_000;
const DAY = 86_400;
const federation = generateSigningKey('EdDSA');
const successor = generateSigningKey('ES256');
const exchange = generateSigningKey('EdDSA');
const stranger = generateSigningKey('EdDSA');

function claims(): EntityConfigurationClaims {
  return {
    iss: ID,
    sub: ID,
    iat: NOW - 10,
    exp: NOW + 7 * DAY,
    jwks: { keys: [federation.publicJwk] },
    metadata: {
      federation_entity: { organization_name: 'Banque A', contacts: ['ops@a.example'] },
      ivx_node: {
        protocol_versions: ['1'],
        federation_endpoint: `${ID}/federation/v1` as EntityId,
        jwks: { keys: [exchange.publicJwk] },
        incarnation: NOW - 100,
      },
    },
  };
}

/** Signed whatever it says: what a hostile peer may send. */
const sign = (value: object, key = federation, typ = ENTITY_STATEMENT_TYP) =>
  signJws(value, typ, createSigner(key.privateKey));

const verify = (token: string, options: { pins?: string[]; now?: number; allowInsecure?: boolean } = {}) =>
  verifyEntityConfiguration(token, {
    entityId: ID,
    isTrusted: (kid) => (options.pins ?? [federation.kid]).includes(kid),
    now: options.now ?? NOW,
    allowInsecure: options.allowInsecure ?? false,
  });

t.test('what was signed is what is read', async (t) => {
  const token = await signEntityConfiguration(claims(), createSigner(federation.privateKey));
  const result = await verify(token);
  if (!result.ok) throw new Error(result.reason);
  t.same(result.configuration.claims, claims());
  t.equal(result.configuration.signedBy, federation.kid);
  t.same(
    result.configuration.exchangeKeys.map(({ kid }) => kid),
    [exchange.kid],
  );
  t.equal(result.configuration.sha256.length, 32);
});

t.test('a pinned key may list its successor, which alone is not believed', async (t) => {
  const value = { ...claims(), jwks: { keys: [federation.publicJwk, successor.publicJwk] } };
  t.ok((await verify(await sign(value))).ok);
  t.match(await verify(await sign(value, successor)), {
    ok: false,
    reason: 'entity.not_pinned',
    detail: successor.kid,
  });
  t.ok((await verify(await sign(value, successor), { pins: [successor.kid] })).ok);
});

t.test('members of no concern are passed over', async (t) => {
  const value = claims();
  const open = {
    ...value,
    trust_marks: [],
    metadata: {
      ...value.metadata,
      openid_provider: { issuer: ID },
      ivx_node: { ...value.metadata.ivx_node, later: 1 },
    },
  };
  t.ok((await verify(await sign(open))).ok);
});

type Edit = (value: ReturnType<typeof claims> & Record<string, unknown>) => void;
const refusals: [name: string, reason: string, edit: Edit][] = [
  ['another issuer', 'entity.mismatch', (v) => Object.assign(v, { iss: 'https://b.example' })],
  ['another subject', 'entity.mismatch', (v) => Object.assign(v, { sub: 'https://b.example' })],
  ['no keys', 'entity.keys', (v) => Object.assign(v, { jwks: { keys: [] } })],
  [
    'keys that do not list the signer',
    'entity.key_not_listed',
    (v) => {
      v.jwks.keys = [successor.publicJwk];
    },
  ],
  ['a metadata policy', 'entity.policy', (v) => Object.assign(v, { metadata_policy: {} })],
  ['a critical policy operator', 'entity.policy', (v) => Object.assign(v, { metadata_policy_crit: ['x'] })],
  ['constraints', 'entity.policy', (v) => Object.assign(v, { constraints: { max_path_length: 1 } })],
  ['a critical claim', 'entity.policy', (v) => Object.assign(v, { crit: ['x'] })],
  ['no metadata', 'entity.invalid', (v) => Object.assign(v, { metadata: undefined })],
  ['a time as text', 'entity.invalid', (v) => Object.assign(v, { iat: '1' })],
  ['no expiry', 'entity.invalid', (v) => Object.assign(v, { exp: undefined })],
  [
    'a lifetime of 14 days and a second',
    'entity.lifetime',
    (v) => {
      v.exp = v.iat + 14 * DAY + 1;
    },
  ],
  [
    'a time in the future',
    'entity.from_future',
    (v) => {
      v.iat = NOW + 61;
    },
  ],
  [
    'an expiry passed',
    'entity.expired',
    (v) => {
      v.iat = NOW - DAY;
      v.exp = NOW - 60;
    },
  ],
  [
    'another version only',
    'entity.version',
    (v) => {
      v.metadata.ivx_node.protocol_versions = ['2'];
    },
  ],
  [
    'a plain http endpoint',
    'entity.invalid',
    (v) => {
      v.metadata.ivx_node.federation_endpoint = 'http://a.example/federation/v1' as EntityId;
    },
  ],
  [
    'an endpoint with a query',
    'entity.invalid',
    (v) => {
      v.metadata.ivx_node.federation_endpoint = 'https://a.example/x?y=1' as EntityId;
    },
  ],
  [
    'a link page that is a script',
    'entity.invalid',
    (v) => {
      v.metadata.ivx_node.link_page = 'javascript:alert(1)';
    },
  ],
  [
    'a plain http link page',
    'entity.invalid',
    (v) => {
      v.metadata.ivx_node.link_page = 'http://a.example/join';
    },
  ],
  [
    'a federation key among the exchange keys',
    'entity.keys_mixed',
    (v) => {
      v.metadata.ivx_node.jwks.keys = [exchange.publicJwk, federation.publicJwk];
    },
  ],
  [
    'the private half of a key',
    'entity.keys',
    (v) => {
      v.metadata.ivx_node.jwks.keys = [
        { ...exchange.privateKey.export({ format: 'jwk' }) } as typeof exchange.publicJwk,
      ];
    },
  ],
  [
    '21 keys',
    'entity.invalid',
    (v) => {
      v.metadata.ivx_node.jwks.keys = Array.from({ length: 21 }, () => generateSigningKey('EdDSA').publicJwk);
    },
  ],
  [
    'a revoked key that is still listed',
    'entity.keys',
    (v) => {
      v.metadata.ivx_node.revoked_keys = [{ kid: exchange.kid, revoked_at: NOW }];
    },
  ],
  [
    'a name of 201 characters',
    'entity.invalid',
    (v) => {
      v.metadata.federation_entity.organization_name = 'x'.repeat(201);
    },
  ],
  [
    'a name over two lines',
    'entity.invalid',
    (v) => {
      v.metadata.federation_entity.organization_name = 'a\nb';
    },
  ],
  [
    'a negative limit',
    'entity.invalid',
    (v) => {
      v.metadata.ivx_node.limits = { max_document_bytes: -1 };
    },
  ],
];

for (const [name, reason, edit] of refusals) {
  t.test(`refused: ${name}`, async (t) => {
    const value = claims() as Parameters<Edit>[0];
    edit(value);
    t.match(await verify(await sign(value)), { ok: false, reason });
  });
}

t.test('limits just met', async (t) => {
  const value = claims();
  value.exp = value.iat + 14 * DAY;
  value.metadata.ivx_node.jwks.keys = Array.from({ length: 20 }, () => generateSigningKey('EdDSA').publicJwk);
  value.metadata.federation_entity.organization_name = 'x'.repeat(200);
  t.ok((await verify(await sign(value))).ok);
  t.ok((await verify(await sign({ ...claims(), iat: NOW + 60 }))).ok);
});

t.test('the token itself', async (t) => {
  t.match(await verify(await sign(claims(), federation, 'JWT')), { reason: 'entity.type' });
  t.match(await verify('a.b.c'), { reason: 'entity.malformed' });
  t.match(await verify(''), { reason: 'entity.malformed' });
  t.match(await verify(`${await sign(claims())}${'A'.repeat(64 * 1024)}`), { reason: 'entity.malformed' });
  const token = await sign(claims());
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const other = await sign({ ...claims(), exp: NOW + 1 });
  t.match(await verify([header, other.split('.')[1], signature].join('.')), { reason: 'entity.signature' });
  const impostor = await signJws(claims(), ENTITY_STATEMENT_TYP, {
    ...createSigner(stranger.privateKey),
    kid: federation.kid,
  });
  t.match(await verify(impostor), { reason: 'entity.signature' });
  t.ok((await verify([header, payload, signature].join('.'))).ok);
});

t.test('plain http only where it is allowed', async (t) => {
  const value = claims();
  value.metadata.ivx_node.federation_endpoint = 'http://127.0.0.1:8080/federation/v1' as EntityId;
  t.match(await verify(await sign(value)), { reason: 'entity.invalid' });
  t.ok((await verify(await sign(value), { allowInsecure: true })).ok);
});

t.test('we sign nothing that peers would refuse', async (t) => {
  const signer = createSigner(federation.privateKey);
  const wrong = { ...claims(), exp: undefined } as unknown as EntityConfigurationClaims;
  await t.rejects(signEntityConfiguration(wrong, signer), TypeError);
});
