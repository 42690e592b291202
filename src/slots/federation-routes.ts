import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { ExchangeService } from '../exchange/index.ts';
import { Refusal } from '../protocol/refusal.ts';
import { MANIFEST_MAX_BYTES } from '../protocol/schemas/definitions.ts';
import type { Preflight } from './preflight.ts';

/** As much as a manifest may have, and the names. */
const BODY_LIMIT_BYTES = MANIFEST_MAX_BYTES + 1024;

/** The federation API's preflight. The prefix is the path of the node's federation endpoint. */
export function slotFederationRoutes(
  preflight: Pick<Preflight, 'answer'>,
  exchange: Pick<ExchangeService, 'authenticate'>,
  hooks: { onVerified(request: FastifyRequest, peer: string): void },
): FastifyPluginAsync {
  return async (app) => {
    app.post('/preflight', { bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
      const caller = await exchange.authenticate({
        authorization: request.headers.authorization,
        method: request.method,
        target: request.raw.url ?? '',
      });
      if (caller.peer !== undefined) hooks.onVerified(request, caller.peer);
      if (!caller.ok) {
        const { code, retryAfterS } = caller;
        throw new Refusal(code, retryAfterS === undefined ? {} : { retryAfterS });
      }
      return preflight.answer(caller.peer, request.body);
    });
  };
}
