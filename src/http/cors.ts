import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const MAX_AGE_S = 600;

/**
 * Lets pages of these origins call what a customer's session is for (Fetch standard, CORS), and nothing else. It decides
 * nothing: what a browser may read is answered to whoever shows a session, whose own origins are held to afterwards.
 */
export async function installCustomerCors(
  app: FastifyInstance,
  options: { prefix: string; origins: readonly string[] },
): Promise<void> {
  const own = { origin: [...options.origins], methods: ['GET', 'POST', 'PUT'], maxAge: MAX_AGE_S };
  const headers = {
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match'],
    exposedHeaders: ['etag', 'retry-after', 'x-request-id'],
  };
  await app.register(cors, {
    delegator: (request: FastifyRequest, done) =>
      done(null, request.url.startsWith(options.prefix) ? { ...own, ...headers } : { origin: false }),
  });
}
