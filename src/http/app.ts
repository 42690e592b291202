import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify';
import type { Logger } from 'pino';
import { createAccessLog } from './access-log.ts';
import { createAllowedMethods } from './allowed-methods.ts';
import { type Drain, installDrain } from './drain.ts';
import { createErrorHandler, frameworkProblem, type MapError } from './error-handler.ts';
import { acceptJsonBodies, type ParseJson } from './json-body.ts';
import { type HttpMetrics, installHttpMetrics } from './metrics.ts';
import { type ProblemCatalog, problem, sendProblem } from './problem.ts';
import { parseQuery } from './query.ts';
import { earlyRefusal, notFound } from './refuse-early.ts';
import { securityHeaders } from './security-headers.ts';
import { createHttpServer, DEFAULT_SOCKET_LIMITS, type SocketLimits, type TlsOptions } from './server.ts';
import { createValidatorCompiler } from './validation.ts';

export type HttpAppOptions = Readonly<{
  logger: Logger;
  /** The merged tables of all rooms, `httpProblems` among them. */
  problems: ProblemCatalog;
  parseJson: ParseJson;
  /** Largest JSON body where a route says nothing else. Default 1 MiB. */
  bodyLimitBytes?: number;
  /** Time for a whole JSON body. Default 15 s. */
  bodyTimeoutMs?: number;
  limits?: Partial<SocketLimits>;
  tls?: TlsOptions | undefined;
  /** Addresses and CIDR ranges whose X-Forwarded-For is believed. Default none. */
  trustProxy?: readonly string[];
  /** Takes a well-formed X-Request-Id from the caller: only behind a proxy that sets it. Default false. */
  acceptRequestId?: boolean;
  /** Says Strict-Transport-Security: when callers come by https, here or at the proxy. Default: with `tls`. */
  strictTransportSecurity?: boolean;
  /** JSON Schemas with an `$id`, for the routes' `$ref`s. */
  schemas?: readonly object[];
  mapError?: MapError;
  metrics?: HttpMetrics;
  drain?: Drain;
}>;

/** Largest JSON body where a route says nothing else. */
export const JSON_BODY_MAX_BYTES = 1024 * 1024;
const DEFAULT_BODY_TIMEOUT_MS = 15_000;
const MAX_PARAM_LENGTH = 256;
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;

/**
 * The ground every public listener stands on: limits, strict parsing, problem details, one log line a request.
 * It has no routes. A route reads its body only as JSON unless it adds a parser, in a scope of its own.
 */
export function buildHttpApp(options: HttpAppOptions): FastifyInstance {
  const { logger, problems, tls } = options;
  const limits = { ...DEFAULT_SOCKET_LIMITS, ...options.limits };
  const trustProxy = options.trustProxy ?? [];

  const app: FastifyInstance = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: createAccessLog(),
    serverFactory: (handler: RequestListener) => createHttpServer(handler, problems, limits, tls),
    genReqId: requestIds(options.acceptRequestId ?? false),
    requestIdHeader: false,
    bodyLimit: options.bodyLimitBytes ?? JSON_BODY_MAX_BYTES,
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    // While the node drains, the drain hook answers, with a problem; see drain.ts.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    allowErrorHandlerOverride: false,
    routerOptions: {
      querystringParser: parseQuery,
      maxParamLength: MAX_PARAM_LENGTH,
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
    },
    frameworkErrors(error, _request, reply) {
      sendProblem(reply, frameworkProblem(error) ?? problem('request.malformed'));
    },
  });
  app.decorateRequest('exchangeId', undefined);

  app.decorate('problems', problems);
  app.decorateReply('problemCode', undefined);
  app.setValidatorCompiler(createValidatorCompiler(options.schemas));
  // Answers go out as the handlers made them: a schema must not drop a member silently.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(createErrorHandler(options.mapError));
  acceptJsonBodies(app, {
    parseJson: options.parseJson,
    bodyTimeoutMs: options.bodyTimeoutMs ?? DEFAULT_BODY_TIMEOUT_MS,
  });

  const allowed = createAllowedMethods();
  app.addHook('onRoute', ({ url, method }) => {
    // Takes preflights of whole branches, whatever there is in them.
    if (method !== 'OPTIONS') allowed.add(url, method);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(request, allowed)));

  // In this order: whatever is refused below is counted, and carries the headers.
  if (options.metrics !== undefined) installHttpMetrics(app, options.metrics);
  const headers = securityHeaders(options.strictTransportSecurity ?? tls !== undefined);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers).header('x-request-id', request.id);
    done();
  });
  if (options.drain !== undefined) installDrain(app, options.drain);
  app.addHook('onRequest', (request, reply, done) => {
    const refusal = earlyRefusal(request, allowed);
    if (refusal === undefined) done();
    else sendProblem(reply, refusal);
  });
  return app;
}

function requestIds(acceptGiven: boolean): (request: IncomingMessage) => string {
  return ({ headers }) => {
    const given = acceptGiven ? headers['x-request-id'] : undefined;
    return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  };
}
