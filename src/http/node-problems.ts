import { agreementProblems } from '../agreements/index.ts';
import { DatabaseExhausted, DatabaseUnavailable } from '../db/index.ts';
import { documentProblems, vaultProblems } from '../documents/index.ts';
import { BodyDamaged } from '../exchange/index.ts';
import { ledgerProblems } from '../ledger/index.ts';
import { linkProblems } from '../links/index.ts';
import { registryProblems } from '../registry/index.ts';
import { reportProblems } from '../reports/index.ts';
import { slotProblems } from '../slots/index.ts';
import { federationProblems } from './federation-problems.ts';
import { mergeProblems, type Problem, problem } from './problem.ts';
import { httpProblems } from './problems.ts';

/** Every problem a node answers: the tables of all rooms. openapi.yaml lists the same codes. */
export const nodeProblems = mergeProblems(
  httpProblems,
  federationProblems,
  registryProblems,
  documentProblems,
  vaultProblems,
  linkProblems,
  agreementProblems,
  ledgerProblems,
  slotProblems,
  reportProblems,
);

/** What an error from deeper down is to callers. */
export function nodeProblemOf(error: unknown): Problem | undefined {
  if (error instanceof DatabaseUnavailable) return problem('database.unavailable', { retryAfterS: 5 });
  if (error instanceof DatabaseExhausted) return problem('database.exhausted', { retryAfterS: 60 });
  if (error instanceof BodyDamaged) return problem('document.damaged');
  return undefined;
}
