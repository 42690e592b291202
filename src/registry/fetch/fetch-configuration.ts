import type { Clock } from '../../clock.ts';
import {
  ENTITY_CONFIGURATION_PATH,
  ENTITY_STATEMENT_MAX_BYTES,
  ENTITY_STATEMENT_MEDIA_TYPE,
  type EntityConfiguration,
  type EntityRefusal,
  verifyEntityConfiguration,
} from '../../protocol/entity-configuration.ts';
import type { FetchRefusal, GuardedFetch } from './guarded-fetch.ts';

export type FetchedConfiguration =
  | {
      ok: true;
      configuration: EntityConfiguration;
      /** The peer's clock less ours, as far as a header in whole seconds tells. */
      clockDifferenceMs?: number;
    }
  | { ok: false; reason: FetchRefusal | EntityRefusal; detail?: string };

export type FetchConfiguration = (
  entityId: string,
  isTrusted: (kid: string) => boolean,
) => Promise<FetchedConfiguration>;

export function createFetchConfiguration(deps: {
  fetch: GuardedFetch;
  clock: Clock;
  allowInsecure: boolean;
}): FetchConfiguration {
  return async (entityId, isTrusted) => {
    const askedMs = deps.clock.nowMs();
    const fetched = await deps.fetch({
      url: `${entityId}${ENTITY_CONFIGURATION_PATH}`,
      mediaType: ENTITY_STATEMENT_MEDIA_TYPE,
      maxBytes: ENTITY_STATEMENT_MAX_BYTES,
    });
    if (!fetched.ok) return fetched;
    const answeredMs = deps.clock.nowMs();
    const verified = await verifyEntityConfiguration(fetched.body.toString('latin1'), {
      entityId,
      isTrusted,
      now: answeredMs / 1000,
      allowInsecure: deps.allowInsecure,
    });
    if (!verified.ok) return verified;
    if (fetched.dateMs === undefined) return verified;
    // The header is cut to the second: on average it says half a second too little.
    const clockDifferenceMs = Math.round(fetched.dateMs + 500 - (askedMs + answeredMs) / 2);
    return { ...verified, clockDifferenceMs: clampToInteger(clockDifferenceMs) };
  };
}

const clampToInteger = (ms: number) => Math.max(-2_147_483_648, Math.min(2_147_483_647, ms));
