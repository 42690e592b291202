import { type FastifyReply, LogController } from 'fastify';
import { parseUuidV7 } from '../protocol/ids.ts';
import { exchangeFields, routePattern } from './logger.ts';

const DOCUMENTS = '/v1/documents';

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
      const route = routePattern(request);
      const fields = {
        method: request.method,
        route,
        ...(route === DOCUMENTS ? submittedFields(reply) : exchangeFields(request)),
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

/** A document's id is that of the exchange it is sent by. */
function submittedFields(reply: FastifyReply): { exchangeId?: string } {
  const location = reply.getHeader('location');
  if (typeof location !== 'string') return {};
  const exchangeId = parseUuidV7(location.slice(DOCUMENTS.length + 1));
  return exchangeId === undefined ? {} : { exchangeId };
}
