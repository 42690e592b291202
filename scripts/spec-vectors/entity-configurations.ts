import { A, B, DAY_S, digest, forge, type Key, keys, NOW, withPart } from './fixtures.ts';

type Changes = Record<string, unknown>;

export const TYP = 'entity-statement+jwt';

export type ConfigurationParts = {
  entityId?: string;
  iat?: number;
  federation?: Key[];
  exchange?: Key[];
  revoked?: Key[];
};

/** What a node says of itself. */
export function configurationClaims(parts: ConfigurationParts = {}) {
  const {
    entityId = A,
    iat = NOW - 60,
    federation = [keys.aFederation],
    exchange = [keys.aExchange],
    revoked = [],
  } = parts;
  return {
    iss: entityId,
    sub: entityId,
    iat,
    exp: iat + 7 * DAY_S,
    jwks: { keys: federation.map((key) => key.publicJwk) },
    metadata: {
      federation_entity: { organization_name: 'Banque A', contacts: ['federation@a.example'] },
      ivx_node: {
        protocol_versions: ['1'],
        federation_endpoint: `${entityId}/federation/v1`,
        jwks: { keys: exchange.map((key) => key.publicJwk) },
        ...(revoked.length > 0 && { revoked_keys: revoked.map(({ kid }) => ({ kid, revoked_at: iat })) }),
        incarnation: NOW - 100 * DAY_S,
      },
    },
  };
}

export const signConfiguration = (claims: object, key: Key = keys.aFederation, header: Changes = {}) =>
  forge({ payload: claims, typ: TYP, key, header });

/** entity-configurations.json */
export function entityConfigurationVectors() {
  const base = configurationClaims();
  const node = (changes: Changes) => ({
    ...base,
    metadata: { ...base.metadata, ivx_node: { ...base.metadata.ivx_node, ...changes } },
  });
  const accepted = (
    name: string,
    claims: object,
    pinned = [keys.aFederation.kid],
    token = signConfiguration(claims),
  ) => ({
    name,
    token,
    pinned,
    expect: 'accepted',
    claims,
  });
  const refused = (name: string, expect: string, claims: object, pinned = [keys.aFederation.kid]) => ({
    name,
    token: signConfiguration(claims),
    pinned,
    expect,
  });
  const token = (name: string, expect: string, text: string) => ({
    name,
    token: text,
    pinned: [keys.aFederation.kid],
    expect,
  });
  const twoKeys = configurationClaims({ federation: [keys.aFederation, keys.aFederationNext] });
  const good = signConfiguration(base);
  const thiefs = configurationClaims({ federation: [keys.thief] });
  return {
    description:
      'Entity configurations of `entityId`, as a peer judges them at `now` that pinned the federation keys in `pinned` (thumbprints). http is not admitted. That a statement is refused is normative; the reason is that of the reference implementation.',
    entityId: A,
    now: NOW,
    cases: [
      accepted('the least', base),
      accepted('two federation keys, signed by the pinned one', twoKeys),
      accepted(
        'two pins, signed by the second',
        twoKeys,
        [keys.aFederation.kid, keys.aFederationNext.kid],
        signConfiguration(twoKeys, keys.aFederationNext),
      ),
      accepted('members that nobody knows yet', {
        ...node({ log_origin: 'a.example/log/1' }),
        trust_marks: [],
      }),
      accepted('revoked keys', configurationClaims({ revoked: [keys.aRevoked] })),
      accepted(
        'limits and capabilities',
        node({ limits: { max_document_bytes: 1024 }, capabilities: ['document.push'] }),
      ),
      accepted('a second protocol version', node({ protocol_versions: ['1', '2'] })),
      accepted('14 days', { ...base, exp: base.iat + 14 * DAY_S }),
      accepted('iat 60 s ahead', { ...base, iat: NOW + 60 }),
      accepted(
        'keys of a type that nobody knows yet',
        node({ jwks: { keys: [{ kty: 'AKP', alg: 'ML-DSA-65', pub: 'AA' }, keys.aExchange.publicJwk] } }),
      ),
      refused('of another node', 'entity.mismatch', configurationClaims({ entityId: B })),
      refused('about another node', 'entity.mismatch', { ...base, sub: B }),
      refused('signed by a key that is not pinned', 'entity.not_pinned', base, [keys.bFederation.kid]),
      token(
        'signed by a thief who lists a key of their own',
        'entity.not_pinned',
        signConfiguration(thiefs, keys.thief),
      ),
      token(
        'signed by a pinned key that it does not list',
        'entity.key_not_listed',
        signConfiguration(thiefs),
      ),
      token(
        'signed by a key whose kid it claims',
        'entity.signature',
        signConfiguration(base, keys.thief, { kid: keys.aFederation.kid }),
      ),
      token(
        'a changed signature',
        'entity.signature',
        withPart(good, 2, () => signConfiguration(twoKeys).split('.')[2] ?? ''),
      ),
      token('another typ', 'entity.type', signConfiguration(base, keys.aFederation, { typ: 'JWT' })),
      token('crit', 'entity.malformed', signConfiguration(base, keys.aFederation, { crit: ['x'], x: 1 })),
      token('no token', 'entity.malformed', 'configuration'),
      refused('over 64 KiB', 'entity.malformed', { ...base, padding: 'a'.repeat(65_536) }),
      refused('a metadata policy', 'entity.policy', { ...base, metadata_policy: {} }),
      refused('constraints', 'entity.policy', { ...base, constraints: { max_path_length: 0 } }),
      refused('crit among the claims', 'entity.policy', { ...base, crit: ['trust_marks'] }),
      refused('no metadata of a node', 'entity.invalid', {
        ...base,
        metadata: { federation_entity: base.metadata.federation_entity },
      }),
      refused(
        'an endpoint over http',
        'entity.invalid',
        node({ federation_endpoint: 'http://a.example/federation/v1' }),
      ),
      refused(
        'an endpoint with a trailing slash',
        'entity.invalid',
        node({ federation_endpoint: `${A}/federation/v1/` }),
      ),
      refused('a link page over http', 'entity.invalid', node({ link_page: 'http://a.example/link' })),
      refused('another protocol version alone', 'entity.version', node({ protocol_versions: ['2'] })),
      refused('no federation keys', 'entity.keys', { ...base, jwks: { keys: [] } }),
      refused(
        'a private key',
        'entity.keys',
        node({ jwks: { keys: [{ ...keys.aExchange.publicJwk, d: digest('d') }] } }),
      ),
      refused('a key that it revokes', 'entity.keys', configurationClaims({ revoked: [keys.aExchange] })),
      refused(
        'one key for two purposes',
        'entity.keys_mixed',
        configurationClaims({ exchange: [keys.aFederation] }),
      ),
      refused('over 14 days', 'entity.lifetime', { ...base, exp: base.iat + 14 * DAY_S + 1 }),
      refused('exp before iat', 'entity.lifetime', { ...base, exp: base.iat - 1 }),
      refused('iat 61 s ahead', 'entity.from_future', { ...base, iat: NOW + 61 }),
      refused('exp 60 s ago', 'entity.expired', { ...base, iat: NOW - DAY_S, exp: NOW - 60 }),
    ],
  };
}
