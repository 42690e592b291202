import type { Clock } from '../clock.ts';
import {
  type EntityConfigurationClaims,
  HISTORICAL_KEYS_TYP,
  PROTOCOL_VERSION,
  signEntityConfiguration,
} from '../protocol/entity-configuration.ts';
import type { EntityId } from '../protocol/ids.ts';
import { signJws } from '../protocol/jose/jws.ts';
import type { PublicJwk, Signer } from '../protocol/jose/keys.ts';
import type { RegistryConfig } from './deps.ts';
import type { Snapshot } from './memory.ts';
import type { OwnKey, OwnKeyState } from './own-keys/store.ts';

/** A peer that doesn't reach us for as long stops relying on what we said. */
export const CONFIGURATION_LIFETIME_S = 7 * 86_400;

const LISTED: ReadonlySet<OwnKeyState> = new Set(['pending', 'active', 'retiring']);
const ENDED: ReadonlySet<OwnKeyState> = new Set(['historical', 'revoked']);
const MAX_REVOKED = 100;
const MAX_HISTORICAL = 1000;

export type OwnConfiguration = {
  /** Our entity configuration, signed; the same bytes until a key changes or half its lifetime has passed. */
  statement(): Promise<string>;
  /** Our keys of the past as a signed JWK Set (OpenID Federation 1.0 section 8.7). */
  historicalKeys(): Promise<string>;
};

type Cached = { version: number; signedAtS: number; token: Promise<string> };

export function createOwnConfiguration(deps: {
  clock: Clock;
  config: RegistryConfig;
  snapshot: () => Snapshot;
  entityId: () => EntityId;
  historicalKeysUrl: () => string;
}): OwnConfiguration {
  function cached(build: (nowS: number) => Promise<string>): () => Promise<string> {
    let held: Cached | undefined;
    return () => {
      const nowS = Math.floor(deps.clock.nowMs() / 1000);
      const { version } = deps.snapshot();
      const age = held === undefined ? Number.POSITIVE_INFINITY : nowS - held.signedAtS;
      if (held !== undefined && held.version === version && age >= 0 && age < CONFIGURATION_LIFETIME_S / 2) {
        return held.token;
      }
      const made: Cached = { version, signedAtS: nowS, token: build(nowS) };
      made.token.catch(() => {
        if (held === made) held = undefined;
      });
      held = made;
      return made.token;
    };
  }

  const keysOf = (purpose: OwnKey['purpose'], states: ReadonlySet<OwnKeyState>) =>
    [...deps.snapshot().ownKeys.values()].filter((own) => own.purpose === purpose && states.has(own.state));

  const jwksOf = (purpose: OwnKey['purpose']): { keys: PublicJwk[] } => ({
    keys: keysOf(purpose, LISTED).map(({ key }) => key.jwk),
  });

  function signer(): Signer {
    const found = deps.snapshot().signers.get('federation');
    if (found === undefined) throw new Error('no federation key is active');
    return found;
  }

  async function buildStatement(nowS: number): Promise<string> {
    const { config } = deps;
    const entityId = deps.entityId();
    const revoked = keysOf('exchange', new Set(['revoked'])).slice(-MAX_REVOKED);
    const claims: EntityConfigurationClaims = {
      iss: entityId,
      sub: entityId,
      iat: nowS,
      exp: nowS + CONFIGURATION_LIFETIME_S,
      jwks: jwksOf('federation'),
      metadata: {
        federation_entity: {
          organization_name: config.organizationName,
          ...(config.contacts.length > 0 && { contacts: [...config.contacts] }),
          federation_historical_keys_endpoint: deps.historicalKeysUrl(),
        },
        ivx_node: {
          protocol_versions: [PROTOCOL_VERSION],
          federation_endpoint: `${entityId}/federation/v1` as EntityId,
          jwks: jwksOf('exchange'),
          ...(revoked.length > 0 && {
            revoked_keys: revoked.map((own) => ({ kid: own.kid, revoked_at: seconds(own.endedAtMs) })),
          }),
          incarnation: deps.snapshot().node.incarnation,
          ...(config.linkPage !== undefined && { link_page: config.linkPage }),
          ...(config.limits && { limits: { ...config.limits } }),
          ...(config.capabilities && { capabilities: [...config.capabilities] }),
        },
      },
    };
    return await signEntityConfiguration(claims, signer());
  }

  async function buildHistoricalKeys(nowS: number): Promise<string> {
    const ended = [...keysOf('federation', ENDED), ...keysOf('exchange', ENDED)].slice(-MAX_HISTORICAL);
    const keys = ended.map((own) => ({
      ...own.key.jwk,
      iat: seconds(own.publishedAtMs),
      exp: seconds(own.endedAtMs),
      ivx_purpose: own.purpose,
      ...(own.state === 'revoked' && {
        revoked: { revoked_at: seconds(own.endedAtMs), reason: 'unspecified' },
      }),
    }));
    return await signJws({ iss: deps.entityId(), iat: nowS, keys }, HISTORICAL_KEYS_TYP, signer());
  }

  return { statement: cached(buildStatement), historicalKeys: cached(buildHistoricalKeys) };
}

const seconds = (ms: number | undefined) => Math.floor((ms ?? 0) / 1000);
