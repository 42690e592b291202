import { sha256Bytes } from './digest.ts';
import { type EntityId, parseEntityId } from './ids.ts';
import { type ParsedJws, parseJws, signJws, verifyJws } from './jose/jws.ts';
import { importJwks, type PublicJwk, type Signer, type VerificationKey } from './jose/keys.ts';
import { findSchemaProblem } from './schemas/validators.ts';
import { checkTimes } from './time.ts';

/** OpenID Federation 1.0 sections 3 and 9: what a node says of itself, at an address that follows from its id. */
export const ENTITY_STATEMENT_TYP = 'entity-statement+jwt';
export const ENTITY_STATEMENT_MEDIA_TYPE = 'application/entity-statement+jwt';
export const ENTITY_CONFIGURATION_PATH = '/.well-known/openid-federation';
export const ENTITY_STATEMENT_MAX_BYTES = 64 * 1024;
export const PROTOCOL_VERSION = '1';

/** Section 8.7: keys that no longer sign, and why. */
export const HISTORICAL_KEYS_TYP = 'jwk-set+jwt';
export const HISTORICAL_KEYS_MEDIA_TYPE = 'application/jwk-set+jwt';

const MAX_LIFETIME_S = 14 * 86_400;

export type EntityConfigurationClaims = {
  iss: EntityId;
  sub: EntityId;
  /** Unix seconds, as `exp`. */
  iat: number;
  exp: number;
  /** Federation keys. */
  jwks: { keys: PublicJwk[] };
  authority_hints?: EntityId[];
  metadata: {
    federation_entity: {
      organization_name: string;
      contacts?: string[];
      federation_historical_keys_endpoint?: string;
    };
    ivx_node: {
      protocol_versions: string[];
      federation_endpoint: EntityId;
      /** Exchange keys. */
      jwks: { keys: PublicJwk[] };
      revoked_keys?: { kid: string; revoked_at: number }[];
      incarnation: number;
      link_page?: string;
      limits?: Record<string, number>;
      capabilities?: string[];
    };
  };
};

export type EntityConfiguration = {
  token: string;
  /** Of the token: what an exchange cites as relied upon. */
  sha256: Buffer;
  claims: EntityConfigurationClaims;
  /** The federation key that signed it. */
  signedBy: string;
  federationKeys: VerificationKey[];
  exchangeKeys: VerificationKey[];
};

export type EntityRefusal =
  | 'entity.malformed'
  | 'entity.type'
  | 'entity.mismatch'
  | 'entity.keys'
  | 'entity.keys_mixed'
  | 'entity.key_not_listed'
  | 'entity.not_pinned'
  | 'entity.signature'
  | 'entity.policy'
  | 'entity.invalid'
  | 'entity.version'
  | 'entity.lifetime'
  | 'entity.from_future'
  | 'entity.expired';

export type EntityResult =
  | { ok: true; configuration: EntityConfiguration }
  | { ok: false; reason: EntityRefusal; detail?: string };

export type EntityVerification = {
  /** Whose configuration was asked for. */
  entityId: string;
  /** Whether a federation key of this thumbprint is believed: a pin, or what a superior's statement vouches for. */
  isTrusted: (kid: string) => boolean;
  /** Unix seconds. */
  now: number;
  /** Admits `http:` endpoints, for a demo or for development. */
  allowInsecure?: boolean;
};

/** Signs our own. Throws a TypeError when the claims break the schema, a RangeError past 64 KiB. */
export async function signEntityConfiguration(
  claims: EntityConfigurationClaims,
  signer: Signer,
): Promise<string> {
  const problem = findSchemaProblem('entity-configuration', claims);
  if (problem !== undefined)
    throw new TypeError(`entity configuration ${problem.pointer} ${problem.message}`);
  const token = await signJws(claims, ENTITY_STATEMENT_TYP, signer);
  if (token.length > ENTITY_STATEMENT_MAX_BYTES)
    throw new RangeError(`an entity configuration of ${token.length} bytes`);
  return token;
}

/**
 * Whether `token` is the configuration of `entityId`, signed by one of the keys it lists itself that is trusted as well:
 * by its own word alone a statement proves nothing.
 */
export async function verifyEntityConfiguration(
  token: string,
  options: EntityVerification,
): Promise<EntityResult> {
  const parsed = parseJws(token, { typ: ENTITY_STATEMENT_TYP, maxBytes: ENTITY_STATEMENT_MAX_BYTES });
  if (!parsed.ok) {
    return parsed.reason === 'jws.typ' ? refuse('entity.type') : refuse('entity.malformed', parsed.reason);
  }
  const { jws } = parsed;
  if (jws.claims['iss'] !== options.entityId || jws.claims['sub'] !== options.entityId) {
    return refuse('entity.mismatch');
  }
  const federation = importJwks(jws.claims['jwks']);
  if (!federation.ok) return refuse('entity.keys', federation.reason);
  const key = federation.keys.find(({ kid }) => kid === jws.header.kid);
  if (key === undefined) return refuse('entity.key_not_listed');
  if (!options.isTrusted(key.kid)) return refuse('entity.not_pinned', key.kid);
  if (!(await verifyJws(jws, key)).ok) return refuse('entity.signature');
  return readClaims(jws, federation.keys, options);
}

function readClaims(
  jws: ParsedJws,
  federationKeys: VerificationKey[],
  options: EntityVerification,
): EntityResult {
  const unreadable = ['metadata_policy', 'metadata_policy_crit', 'constraints', 'crit'];
  const found = unreadable.find((member) => Object.hasOwn(jws.claims, member));
  if (found !== undefined) return refuse('entity.policy', found);
  const problem = findSchemaProblem('entity-configuration', jws.claims);
  if (problem !== undefined) return refuse('entity.invalid', problem.pointer);
  const claims = jws.claims as unknown as EntityConfigurationClaims;

  const times = checkTimes({
    iat: claims.iat,
    exp: claims.exp,
    now: options.now,
    maxLifetimeS: MAX_LIFETIME_S,
  });
  if (!times.ok) {
    if (times.reason === 'time.from_future') return refuse('entity.from_future');
    return refuse(times.reason === 'time.expired' ? 'entity.expired' : 'entity.lifetime');
  }

  const node = claims.metadata.ivx_node;
  if (!node.protocol_versions.includes(PROTOCOL_VERSION)) return refuse('entity.version');
  const allowInsecure = options.allowInsecure === true;
  if (parseEntityId(node.federation_endpoint, { allowInsecure }) === undefined) {
    return refuse('entity.invalid', '/metadata/ivx_node/federation_endpoint');
  }
  if (!allowInsecure && node.link_page?.startsWith('http:') === true) {
    return refuse('entity.invalid', '/metadata/ivx_node/link_page');
  }
  const exchange = importJwks(node.jwks);
  if (!exchange.ok) return refuse('entity.keys', exchange.reason);
  const federationKids = new Set(federationKeys.map(({ kid }) => kid));
  if (exchange.keys.some(({ kid }) => federationKids.has(kid))) return refuse('entity.keys_mixed');
  const revoked = new Set(node.revoked_keys?.map(({ kid }) => kid));
  if (exchange.keys.some(({ kid }) => revoked.has(kid)))
    return refuse('entity.keys', 'jwks lists a revoked key');

  return {
    ok: true,
    configuration: {
      token: jws.token,
      sha256: sha256Bytes(jws.token),
      claims,
      signedBy: jws.header.kid,
      federationKeys,
      exchangeKeys: exchange.keys,
    },
  };
}

function refuse(reason: EntityRefusal, detail?: string): EntityResult {
  return detail === undefined ? { ok: false, reason } : { ok: false, reason, detail };
}
