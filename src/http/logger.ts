import type { FastifyReply, FastifyRequest } from 'fastify';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { parseUuidV7 } from '../protocol/ids.ts';

/**
 * JSON lines with ids, never with personal data: no bodies, no query strings, no headers, the pattern of the
 * route instead of its address (ids of links and documents point at people), no values out of SQL errors. Only an
 * exchange is named while it is handed over, so that one can be followed through the logs of both nodes.
 */

const CENSOR = '[redacted]';

/** A net below the serializers, for an object that somebody logs whole. */
const SECRET_KEYS = new Set([
  'authorization',
  'cookie',
  'token',
  'password',
  'secret',
  'privateKey',
  'd',
  'databaseUrl',
  'DATABASE_URL',
  'email',
  'body',
  'content',
  'manifest',
]);
/** What lies deeper isn't logged at all. */
const MAX_DEPTH = 4;
/** Fields with a serializer of their own. */
const SERIALIZED = new Set(['req', 'res', 'err']);

const MAX_MESSAGE = 500;
const MAX_STACK = 4000;
const MAX_CAUSES = 3;
const MAX_LIST = 100;

export type LoggedError = {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  constraint?: string;
  table?: string;
  cause?: LoggedError;
};

export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    // The bindings of child loggers pass no formatter, only this. Its wildcards would cost 70 us a line.
    redact: { paths: [...SECRET_KEYS], censor: CENSOR },
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => censor(fields, MAX_DEPTH),
    },
    serializers: { req: serializeRequest, res: serializeReply, err: serializeError },
  };
}

/** Lines wait for company up to this size, and this long: a write for each costs as much as the request it tells of. */
const LOG_BUFFER_BYTES = 4096;
const LOG_FLUSH_MS = 500;

export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(loggerOptions(level), destination ?? bufferedStdout());
}

/** What is still waiting is written when the process ends by itself; a process that is killed loses half a second. */
function bufferedStdout(): DestinationStream {
  const stdout = pino.destination({ fd: 1, sync: false, minLength: LOG_BUFFER_BYTES });
  setInterval(() => stdout.flush(), LOG_FLUSH_MS).unref();
  return stdout;
}

/** The exchange a request is about: its route's `:jti`, or what the route found. What isn't a well-formed id isn't logged. */
export function exchangeFields(request: FastifyRequest): { exchangeId?: string } {
  const exchangeId = parseUuidV7(
    request.exchangeId ?? (request.params as { jti?: unknown } | undefined)?.jti,
  );
  return exchangeId === undefined ? {} : { exchangeId };
}

export function serializeRequest(request: FastifyRequest): Record<string, unknown> {
  return { method: request.method, route: routePattern(request) };
}

export function serializeReply(reply: FastifyReply): Record<string, unknown> {
  return { statusCode: reply.statusCode };
}

/** Pattern of the route that answers, or `none`: also the label of the metrics, so that strangers can't grow them. */
export function routePattern(request: FastifyRequest): string {
  return request.routeOptions?.url ?? 'none';
}

export function serializeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' };
  const { code, constraint, table } = error as Error & {
    code?: unknown;
    constraint?: unknown;
    table?: unknown;
  };
  const message = isSqlError(error) ? withoutValues(error.message) : error.message;
  return {
    type: error.constructor.name,
    message: message.slice(0, MAX_MESSAGE),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof constraint === 'string' ? { constraint } : {}),
    ...(typeof table === 'string' ? { table } : {}),
    ...stackOf(error),
    ...(error.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: serializeError(error.cause, depth + 1) }),
  };
}

function censor(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (SECRET_KEYS.has(key)) clean[key] = CENSOR;
    else if (typeof value !== 'object' || value === null || SERIALIZED.has(key)) clean[key] = value;
    else if (value instanceof Error) clean[key] = serializeError(value);
    else if (ArrayBuffer.isView(value)) clean[key] = `[${value.byteLength} bytes]`;
    else if (value instanceof URL) clean[key] = value.origin + value.pathname;
    else if ('toJSON' in value) clean[key] = value;
    else if (depth === 0) clean[key] = CENSOR;
    else clean[key] = Array.isArray(value) ? censorList(value, depth) : censor({ ...value }, depth - 1);
  }
  return clean;
}

function censorList(list: readonly unknown[], depth: number): unknown[] {
  return Object.values(censor({ ...list.slice(0, MAX_LIST) }, depth - 1));
}

/** PostgreSQL's own errors: their `detail` and the values in their messages come from rows. */
function isSqlError(error: Error): boolean {
  const { code, severity } = error as Error & { code?: unknown; severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
}

function withoutValues(message: string): string {
  return message.replace(/: ".*"/s, ': …');
}

/** Frames only: the first lines of a stack repeat the message. */
function stackOf(error: Error): { stack?: string } {
  const frames = error.stack?.indexOf('\n    at ') ?? -1;
  if (error.stack === undefined || frames < 0) return {};
  return { stack: error.stack.slice(frames + 1, frames + 1 + MAX_STACK) };
}
