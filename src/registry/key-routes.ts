import type { FastifyPluginAsync } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import type { OwnKeyService, RotatingPurpose } from './own-keys/service.ts';
import type { OwnKey } from './own-keys/store.ts';

type KeyParams = { Params: { kid: string } };

/** The institution API's view of the keys this node signs with; private halves never leave the key store. */
export function keyRoutes(keys: OwnKeyService, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.get('/keys', access.operation('listKeys'), async () => ({ keys: (await keys.list()).map(keyShape) }));
    app.post<{ Body: { purpose: RotatingPurpose } }>(
      '/keys/rotate',
      access.operation('rotateKey'),
      async (request, reply) => reply.code(201).send(keyShape(await keys.rotate(request.body.purpose))),
    );
    app.post<KeyParams>('/keys/:kid/retire', access.operation('retireKey'), async ({ params }) =>
      keyShape(await keys.retire(params.kid)),
    );
    app.post<KeyParams & { Body: { reason: string } }>(
      '/keys/:kid/revoke',
      access.operation('revokeKey'),
      async ({ params, body }) => keyShape(await keys.revoke(params.kid, body.reason)),
    );
  };
}

function keyShape(own: OwnKey) {
  return {
    kid: own.kid,
    purpose: own.purpose,
    alg: own.key.alg,
    state: own.state,
    ...at('publishedAt', own.publishedAtMs),
    ...at('activatedAt', own.activatedAtMs),
    ...at('retiringAt', own.retiringAtMs),
    ...at('endedAt', own.endedAtMs),
    ...(own.endedReason !== undefined && { endedReason: own.endedReason }),
    jwk: own.key.jwk,
  };
}

function at(name: string, timeMs: number | undefined): Record<string, string> {
  return timeMs === undefined ? {} : { [name]: new Date(timeMs).toISOString() };
}
