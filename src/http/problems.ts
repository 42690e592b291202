import { defineProblems } from './problem.ts';

/** What the HTTP layer itself answers, whatever the route. */
export const httpProblems = defineProblems({
  'request.malformed': { status: 400, title: 'The request is not well formed', retryable: false },
  'request.invalid': { status: 400, title: 'The request does not follow its schema', retryable: false },
  'request.json': { status: 400, title: 'The body is not acceptable JSON', retryable: false },
  'request.body_cut': { status: 400, title: 'The connection ended before the body did', retryable: true },
  'request.not_found': { status: 404, title: 'There is nothing at this address', retryable: false },
  'request.method': { status: 405, title: 'This address does not take this method', retryable: false },
  'request.precondition': {
    status: 412,
    title: 'What If-Match names has changed since',
    retryable: false,
  },
  'request.timeout': { status: 408, title: 'The request came too slowly', retryable: true },
  'request.too_large': { status: 413, title: 'The body is over its limit', retryable: false },
  'request.media_type': { status: 415, title: 'This media type is not taken here', retryable: false },
  'request.encoding': { status: 415, title: 'Content codings are not taken', retryable: false },
  'request.headers_too_large': { status: 431, title: 'The headers are over their limit', retryable: false },
  'auth.missing': { status: 401, title: 'An access token is needed', retryable: false },
  'auth.invalid': { status: 401, title: 'The access token is not valid', retryable: false },
  'auth.expired': { status: 401, title: 'The access token has expired', retryable: false },
  'auth.forbidden': { status: 403, title: 'The role of this token does not allow this', retryable: false },
  'session.origin': {
    status: 403,
    title: 'The page that asks is none of those this customer session was opened for',
    retryable: false,
  },
  'auth.unavailable': {
    status: 503,
    title: 'The keys of the token issuer cannot be fetched',
    retryable: true,
  },
  'rate.limited': { status: 429, title: 'Too many requests', retryable: true },
  'node.draining': { status: 503, title: 'The node is stopping', retryable: true },
  'internal.error': { status: 500, title: 'Something went wrong in this node', retryable: true },
});

export type HttpProblemCode = keyof typeof httpProblems;
