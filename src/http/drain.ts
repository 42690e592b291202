import type { FastifyInstance } from 'fastify';
import { problem, sendProblem } from './problem.ts';

/** Whether this process is on its way out. Readiness, both listeners and the workers look at one of these. */
export type Drain = Readonly<{ isDraining: () => boolean; start: () => void }>;

/** Enough for a load balancer to have read readiness and to send the next try elsewhere. */
const RETRY_AFTER_S = 5;

export function createDrain(): Drain {
  let draining = false;
  return Object.freeze({
    isDraining: () => draining,
    start() {
      draining = true;
    },
  });
}

/** Once the drain has started, requests under way finish, new ones are refused, and every answer ends its connection. */
export function installDrain(app: FastifyInstance, drain: Drain): void {
  app.addHook('onRequest', (_request, reply, done) => {
    if (drain.isDraining()) sendProblem(reply, problem('node.draining', { retryAfterS: RETRY_AFTER_S }));
    else done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (drain.isDraining()) reply.header('connection', 'close');
    done(null, payload);
  });
}

/** Closes a listener; what is still open after `graceMs` is cut. Says whether anything was. */
export async function closeWithin(app: FastifyInstance, graceMs: number): Promise<{ cut: boolean }> {
  let cut = false;
  const timer = setTimeout(() => {
    cut = true;
    app.server.closeAllConnections();
  }, graceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
  return { cut };
}
