import type { Problem } from './problem.ts';

/** A problem on its way to the error handler, from where only throwing ends the request. */
export type ProblemError = Error & { readonly problem: Problem };

const carried = new WeakMap<Error, Problem>();

export function createProblemError(problem: Problem): ProblemError {
  const error = new Error(problem.code);
  carried.set(error, problem);
  return Object.assign(error, { problem });
}

/** Only for errors made here: an error from elsewhere that happens to have such a member carries nothing. */
export function carriedProblem(error: unknown): Problem | undefined {
  return error instanceof Error ? carried.get(error) : undefined;
}
