import type { FastifyReply } from 'fastify';

/**
 * Problem details (RFC 9457). A room lists its codes in a table of its own; the composition root merges the
 * tables, and the merged catalog is what an answer is made from.
 */

/** `retryable`: whether the same request, unchanged, may succeed later. */
export type ProblemDefinition = Readonly<{ status: number; title: string; retryable: boolean }>;

export type ProblemTable = Readonly<Record<string, ProblemDefinition>>;

export type ProblemDetails = Readonly<{
  /** What happened this time, for a person. Nothing personal, nothing internal. */
  detail?: string;
  /** The field at fault: a JSON pointer (RFC 6901) into the body. */
  pointer?: string;
  /** Seconds until a retry may succeed; sent as Retry-After. */
  retryAfterS?: number;
  /** Further response headers, such as WWW-Authenticate. Not a member of the body. */
  headers?: Readonly<Record<string, string>>;
  /** Extension members, such as `nextEligibleAt`. */
  [extension: string]: unknown;
}>;

export type Problem<Code extends string = string> = Readonly<{ code: Code; details: ProblemDetails }>;

export type ProblemCatalog = Readonly<{
  has: (code: string) => boolean;
  /** Throws for a code that no table lists. */
  get: (code: string) => ProblemDefinition;
  /** Sorted by code, for the docs and the tests. */
  list: () => readonly (ProblemDefinition & { code: string })[];
}>;

declare module 'fastify' {
  interface FastifyInstance {
    problems: ProblemCatalog;
  }
  interface FastifyReply {
    /** Set once a problem is the answer, for the log line of the request. */
    problemCode: string | undefined;
  }
}

/**
 * `type` of a problem. It identifies and is never fetched; what follows the prefix is `code`, and openapi.yaml
 * documents each. A URN, since no web address would be the same for every institution's node.
 */
export const PROBLEM_TYPE_PREFIX = 'urn:intervault:problem:';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

const CODE = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+$/;

/** Members that the catalog and the request fill, whatever an extension is called. */
const RESERVED = new Set([
  'type',
  'title',
  'status',
  'code',
  'requestId',
  'retryable',
  'instance',
  'headers',
  'retryAfterS',
]);

/** An unread body longer than this isn't worth reading for the sake of the connection. */
const DISCARD_BYTES = 64 * 1024;

/** Checks a room's table when its module loads. */
export function defineProblems<const T extends ProblemTable>(table: T): T {
  for (const [code, { status, title }] of Object.entries(table)) {
    if (!CODE.test(code)) throw new Error(`problem code "${code}" is not dotted lower case`);
    if (!Number.isInteger(status) || status < 400 || status > 599)
      throw new Error(`problem ${code} has status ${status}`);
    if (title === '') throw new Error(`problem ${code} has no title`);
  }
  return Object.freeze(table);
}

/** One catalog of all tables. A code may stand in two of them only with the same meaning. */
export function mergeProblems(...tables: readonly ProblemTable[]): ProblemCatalog {
  const all = new Map<string, ProblemDefinition>();
  for (const table of tables) {
    for (const [code, { status, title, retryable }] of Object.entries(defineProblems(table))) {
      const other = all.get(code);
      if (
        other !== undefined &&
        (other.status !== status || other.title !== title || other.retryable !== retryable)
      )
        throw new Error(`problem ${code} is defined twice, differently`);
      all.set(code, Object.freeze({ status, title, retryable }));
    }
  }
  return Object.freeze({
    has: (code: string) => all.has(code),
    get(code: string) {
      const definition = all.get(code);
      if (definition === undefined) throw new Error(`problem ${code} is in no table`);
      return definition;
    },
    list: () =>
      [...all]
        .map(([code, definition]) => ({ code, ...definition }))
        .sort((a, b) => (a.code < b.code ? -1 : 1)),
  });
}

export function problem<Code extends string>(code: Code, details: ProblemDetails = {}): Problem<Code> {
  return { code, details };
}

/** The body of the answer, as it goes out. */
export function problemBody(
  catalog: ProblemCatalog,
  { code, details }: Problem,
  requestId?: string,
): Record<string, unknown> {
  const { status, title, retryable } = catalog.get(code);
  return {
    type: PROBLEM_TYPE_PREFIX + code,
    title,
    status,
    code,
    retryable,
    ...(requestId === undefined ? {} : { requestId }),
    ...Object.fromEntries(
      Object.entries(details).filter(([name, value]) => !RESERVED.has(name) && value !== undefined),
    ),
  };
}

/** Answers with a problem. Return what it returns: that ends a hook's chain. */
export function sendProblem(reply: FastifyReply, given: Problem): FastifyReply {
  const { server, request } = reply;
  const { retryAfterS, headers } = given.details;
  const body = problemBody(server.problems, given, request.id);
  reply.problemCode = given.code;
  reply
    .code(server.problems.get(given.code).status)
    .headers({ 'content-type': PROBLEM_MEDIA_TYPE, 'cache-control': 'no-store', ...headers });
  if (retryAfterS !== undefined) reply.header('retry-after', `${Math.max(0, Math.ceil(retryAfterS))}`);
  if (hasLongUnreadBody(reply)) reply.header('connection', 'close');
  // Bytes, since Fastify would add a charset to a text, and this media type has none.
  return reply.send(Buffer.from(JSON.stringify(body)));
}

/**
 * Node reads a short rest of a body away, so that the connection serves on; a long one is cut by closing it.
 */
function hasLongUnreadBody({ request: { raw } }: FastifyReply): boolean {
  if (raw.complete) return false;
  if (raw.headers['transfer-encoding'] !== undefined) return true;
  return Number(raw.headers['content-length'] ?? 0) > DISCARD_BYTES;
}
