import type { FastifyPluginAsync } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import type { KekEpoch } from './bodies/kek-store.ts';
import type { KekRotation } from './bodies/rewrap.ts';

/** The institution API's key-encryption keys: what lies at rest is wrapped under one of them. */
export function kekRoutes(
  rotation: Pick<KekRotation, 'list' | 'rotate'>,
  access: ApiAccess,
): FastifyPluginAsync {
  return async (app) => {
    app.get('/keys/kek', access.operation('listKekEpochs'), async () => ({
      epochs: (await rotation.list()).map(epochShape),
    }));

    app.post('/keys/kek/rotate', access.operation('rotateKek'), async (_request, reply) => {
      const current = await rotation.rotate();
      // What lives is wrapped anew in the background.
      return reply.code(202).send({ current, epochs: (await rotation.list()).map(epochShape) });
    });
  };
}

function epochShape(epoch: KekEpoch) {
  return {
    id: epoch.kekId,
    state: epoch.state,
    createdAt: epoch.createdAt.toISOString(),
    ...(epoch.replacedAt !== null && { replacedAt: epoch.replacedAt.toISOString() }),
    ...(epoch.destroyedAt !== null && { destroyedAt: epoch.destroyedAt.toISOString() }),
  };
}
