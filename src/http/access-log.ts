import { LogController } from 'fastify';
import { exchangeFields, routePattern } from './logger.ts';

/**
 * One line for each request, once it is answered. The caller's address only where the request was refused:
 * there the operator needs to know whose machine it is.
 */
export function createAccessLog(): LogController {
  const silent = () => undefined;
  const overrides: Partial<LogController> = {
    incomingRequest: silent,
    routeNotFound: silent,
    requestCompleted(error, request, reply) {
      const fields = {
        method: request.method,
        route: routePattern(request),
        ...exchangeFields(request),
        statusCode: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
        ...(reply.problemCode === undefined ? {} : { problem: reply.problemCode }),
        ...(reply.statusCode < 400 ? {} : { remoteAddress: request.ip }),
      };
      if (error) request.log.warn({ ...fields, err: error }, 'response failed');
      else request.log.info(fields, 'request');
    },
  };
  return Object.assign(new LogController({ requestIdLogLabel: 'requestId' }), overrides);
}
