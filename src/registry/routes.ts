import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import {
  ENTITY_CONFIGURATION_PATH,
  ENTITY_STATEMENT_MEDIA_TYPE,
  HISTORICAL_KEYS_MEDIA_TYPE,
} from '../protocol/entity-configuration.ts';
import { HISTORICAL_KEYS_PATH, type Registry } from './registry.ts';

/** Shorter than any publish time: a cache in between must not hide a new key. */
const CACHE_CONTROL = 'public, max-age=60';

/** What everybody may read of this node: its entity configuration and its keys of the past. */
export function registryFederationRoutes(registry: Pick<Registry, 'ownConfiguration'>): FastifyPluginAsync {
  return async (app) => {
    app.get(ENTITY_CONFIGURATION_PATH, async (_request, reply) =>
      send(reply, ENTITY_STATEMENT_MEDIA_TYPE, await registry.ownConfiguration.statement()),
    );
    app.get(HISTORICAL_KEYS_PATH, async (_request, reply) =>
      send(reply, HISTORICAL_KEYS_MEDIA_TYPE, await registry.ownConfiguration.historicalKeys()),
    );
  };
}

function send(reply: FastifyReply, mediaType: string, token: string): FastifyReply {
  // As bytes: to a string Fastify would add a charset, which these types don't have.
  return reply
    .header('content-type', mediaType)
    .header('cache-control', CACHE_CONTROL)
    .send(Buffer.from(token));
}
