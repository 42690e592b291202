import { escapePointer } from '../schemas/validators.ts';
import { isTimeZone } from '../slot/quiet-hours.ts';
import type { AgreementProposeBody, AgreementTerms } from './terms.ts';

/** A proposal can be accepted for this long at most. */
export const PROPOSAL_MAX_LIFETIME_MS = 14 * 86_400_000;
/** How far ahead a version may begin. */
export const EFFECTIVE_MAX_AHEAD_MS = 400 * 86_400_000;

/**
 * What a schema can't see of terms between two institutions.
 *
 * @returns undefined where they hold, else where they do not: a JSON Pointer (RFC 6901) into the terms, and why.
 */
export function findTermsProblem(
  terms: AgreementTerms,
  parties: readonly [string, string],
): { pointer: string; message: string } | undefined {
  for (const host of Object.keys(terms.hosts)) {
    if (!parties.includes(host)) return { pointer: '/hosts', message: `${host} is not one of the two` };
  }
  for (const [host, { slots }] of Object.entries(terms.hosts)) {
    const at = (index: number, member: string) => `/hosts/${escapePointer(host)}/slots/${index}/${member}`;
    const names = new Set<string>();
    for (const [index, grant] of (slots ?? []).entries()) {
      if (names.has(grant.slot)) return { pointer: at(index, 'slot'), message: 'this name stands twice' };
      names.add(grant.slot);
      const { quietHours } = grant;
      if (quietHours === undefined) continue;
      if (!isTimeZone(quietHours.zone))
        return { pointer: at(index, 'quietHours/zone'), message: 'no such zone' };
      if (quietHours.from === quietHours.to) {
        return { pointer: at(index, 'quietHours/to'), message: 'quiet hours that never end' };
      }
    }
  }
  return undefined;
}

/** The same of a whole proposal, signed at `iatMs`. */
export function findProposalProblem(
  body: AgreementProposeBody,
  parties: readonly [string, string],
  iatMs: number,
): { pointer: string; message: string } | undefined {
  if (Date.parse(body.expiresAt) > iatMs + PROPOSAL_MAX_LIFETIME_MS) {
    return { pointer: '/expiresAt', message: 'a proposal expires within 14 days' };
  }
  if (Date.parse(body.terms.effectiveFrom) > iatMs + EFFECTIVE_MAX_AHEAD_MS) {
    return { pointer: '/terms/effectiveFrom', message: 'at most 400 days ahead' };
  }
  const problem = findTermsProblem(body.terms, parties);
  return problem && { ...problem, pointer: `/terms${problem.pointer}` };
}
