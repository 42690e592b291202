import { type Book, findVersion, type Side, type Version } from '../protocol/agreement/book.ts';
import type { AgreementProposeBody } from '../protocol/agreement/terms.ts';

const DAY_MS = 86_400_000;

/** A proposal as a version of the book it is meant for. */
export function versionOfProposal(
  book: Book,
  id: string,
  proposer: Side,
  body: AgreementProposeBody,
): Version {
  const { rev, replaces, expiresAt, terms } = body;
  const replaced = replaces === undefined ? undefined : findVersion(book, replaces);
  return {
    id,
    proposer,
    rev,
    root: replaced?.root ?? replaces ?? id,
    replaces: replaces ?? null,
    state: 'open',
    expiresAtMs: Date.parse(expiresAt),
    effectiveFromMs: Date.parse(terms.effectiveFrom),
    drainMs: terms.drainDays * DAY_MS,
    noticeMs: terms.noticeDays * DAY_MS,
    agreedAtMs: null,
  };
}
