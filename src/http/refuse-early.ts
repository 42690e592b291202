import type { FastifyRequest } from 'fastify';
import type { AllowedMethods } from './allowed-methods.ts';
import { type Problem, problem } from './problem.ts';
import { queryFault } from './query.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Query keys that may come more than once on this route. */
    repeatableQuery?: readonly string[];
  }
}

/** Headers that two readers could take two values of. Node keeps the first or joins them, never telling. */
const SINGLE_HEADERS = new Set([
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'ivx-envelope',
  'range',
]);

/** What is refused before a byte of the body is read, whatever the route. */
export function earlyRefusal(request: FastifyRequest, allowed: AllowedMethods): Problem | undefined {
  // Earlier versions need no Host and know no transfer codings, which is how two readers come to disagree.
  if (request.raw.httpVersion !== '1.1')
    return problem('request.malformed', { detail: 'only HTTP/1.1 is spoken here' });

  const repeated = repeatedHeader(request.raw.rawHeaders);
  if (repeated !== undefined)
    return problem('request.malformed', { detail: `the header ${repeated} came more than once` });

  if (request.is404) return notFound(request, allowed);

  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity')
    return problem('request.encoding', { headers: { 'accept-encoding': 'identity' } });

  // Fastify makes `routeOptions` anew each time it is asked for: not on the way of every request.
  if (queryFault(request.query) === undefined) return undefined;
  const fault = queryFault(request.query, request.routeOptions.config.repeatableQuery);
  if (fault === undefined) return undefined;
  const name = fault.key.slice(0, 64);
  switch (fault.reason) {
    case 'repeated':
      return problem('request.invalid', { in: 'query', pointer: `/${name}`, detail: `${name} came twice` });
    case 'malformed':
      return problem('request.invalid', { in: 'query', detail: 'the query has a broken escape' });
    case 'too_many':
      return problem('request.invalid', { in: 'query', detail: 'the query has too many keys' });
  }
}

export function notFound(request: FastifyRequest, allowed: AllowedMethods): Problem {
  const methods = allowed.of(request.raw.url ?? '');
  if (methods.length === 0) return problem('request.not_found');
  return problem('request.method', { headers: { allow: methods.join(', ') } });
}

/** `raw` alternates names and values, as they came. */
function repeatedHeader(raw: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? '';
    if (!SINGLE_HEADERS.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
