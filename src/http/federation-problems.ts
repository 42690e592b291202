import { REFUSALS } from '../protocol/refusal.ts';
import { defineProblems, type ProblemDefinition } from './problem.ts';

/** The federation API's refusals as problems; a decided one is a signed receipt at the peer, a problem on our own API. */
export const federationProblems = defineProblems(
  Object.fromEntries(
    Object.entries(REFUSALS).map(([code, { kind, status, title }]): [string, ProblemDefinition] => [
      code,
      { status, title, retryable: kind === 'transient' },
    ]),
  ),
);
