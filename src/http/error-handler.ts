import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { exchangeFields } from './logger.ts';
import { type Problem, type ProblemDetails, problem, sendProblem } from './problem.ts';
import { carriedProblem } from './problem-error.ts';
import { describeInvalid, partOf } from './validation.ts';

/** Errors that only the composition root can name, such as a database that is down. */
export type MapError = (error: unknown) => Problem | undefined;

/** What a service throws to refuse. Known by its shape, so that this room depends on nobody's class. */
type RefusalLike = Error & { code: string; details?: ProblemDetails };

/**
 * The one place where an error becomes an answer. What nobody expected is logged whole under the request's id,
 * and answered with that id and nothing else.
 */
export function createErrorHandler(mapError: MapError = () => undefined) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const expected = expectedProblem(error, mapError);
    if (expected !== undefined && request.server.problems.has(expected.code)) {
      if (request.server.problems.get(expected.code).status >= 500)
        request.log.error(
          { err: error, problem: expected.code, ...exchangeFields(request) },
          'request failed',
        );
      return sendProblem(reply, expected);
    }
    request.log.error({ err: error, ...exchangeFields(request) }, 'unexpected error');
    return sendProblem(reply, problem('internal.error'));
  };
}

function expectedProblem(error: unknown, mapError: MapError): Problem | undefined {
  const carried = carriedProblem(error);
  if (carried !== undefined) return carried;
  if (isRefusal(error)) return problem(error.code, error.details ?? {});
  return mapError(error) ?? frameworkProblem(error);
}

function isRefusal(error: unknown): error is RefusalLike {
  return error instanceof Error && error.name === 'Refusal' && 'code' in error;
}

/** Fastify's own errors (https://fastify.dev/docs/latest/Reference/Errors/). */
export function frameworkProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, validation, validationContext } = error as FastifyError;
  if (validation !== undefined)
    return problem('request.invalid', describeInvalid(validation, partOf(validationContext)));
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem('request.media_type');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem('request.too_large');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem('request.body_cut');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return problem('request.malformed', { detail: 'the address has a broken escape or is too long' });
    default:
      return undefined;
  }
}
