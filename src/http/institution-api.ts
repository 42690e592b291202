import type { FastifyInstance, FastifyPluginAsync, RouteShorthandOptions } from 'fastify';
import { type AuthOptions, createAuth } from './auth.ts';
import { createTokenLimit, installAddressLimit, refundAddress } from './rate-limit.ts';
import type { TokenBuckets } from './token-buckets.ts';

/** What a room's routes get of this one: how each operation of openapi.yaml is guarded. */
export type ApiAccess = Readonly<{
  /** Route options of an operation. Throws for one the contract or the access table lacks. */
  operation: (operationId: string) => ApiOperation;
}>;

export type ApiOperation = Pick<RouteShorthandOptions, 'onRequest' | 'schema' | 'config'>;

export type InstitutionApiOptions = Readonly<{
  auth: Omit<AuthOptions, 'onAuthenticated'>;
  /** Charged by address until a token holds. */
  addressBuckets: TokenBuckets;
  tokenRatePerMin: number;
  /** Makes the rooms' routes, below `/v1`. */
  routes: (access: ApiAccess) => readonly FastifyPluginAsync[];
}>;

const PREFIX = '/v1';

/** The institution API: every route behind a token, a role and the token's limit. */
export async function registerInstitutionApi(
  app: FastifyInstance,
  { auth: authOptions, addressBuckets, tokenRatePerMin, routes }: InstitutionApiOptions,
): Promise<void> {
  await app.register(
    async (api) => {
      installAddressLimit(api, addressBuckets);
      const auth = await createAuth(api, {
        ...authOptions,
        onAuthenticated: (request) => refundAddress(request, addressBuckets),
      });
      const limit = await createTokenLimit(api, { maxPerMin: tokenRatePerMin });
      const access: ApiAccess = Object.freeze({
        operation: (operationId: string) => ({ onRequest: [auth.requireRole(operationId), limit] }),
      });
      for (const room of routes(access)) await api.register(room);
    },
    { prefix: PREFIX },
  );
}
