import { CONTACT_CATEGORIES, type ContactCategory } from '../agreement/terms.ts';
import { entrySeconds } from './entry.ts';

/** How many entries of one category and weight a range has. */
export type LedgerCount = { category: ContactCategory; weight: number; posted: number; reversed: number };

/** Body of `ledger.statement`, without the agreement: what a range of a sequence comes to, closed for good. */
export type LedgerStatement = {
  /** From 1 on, without a gap. */
  number: number;
  /** The range, both included; the first one follows the range before. */
  first: number;
  last: number;
  /** Hash of the last entry. */
  head: string;
  opening: number;
  closing: number;
  counts: LedgerCount[];
  /** RFC 3339, UTC, whole seconds: every entry before it stands in this range, or in one before. */
  until: string;
};

/** In the order in which statements have them. */
export function orderCounts(counts: readonly LedgerCount[]): LedgerCount[] {
  const place = ({ category }: LedgerCount) => CONTACT_CATEGORIES.indexOf(category);
  return [...counts].sort((a, b) => place(a) - place(b) || a.weight - b.weight);
}

/** What is wrong with a statement, other than its entries. */
export const STATEMENT_FAULTS = ['range', 'until', 'opening', 'closing', 'counts'] as const;
export type StatementFault = (typeof STATEMENT_FAULTS)[number];

/** What the guest holds of the range that a statement names. */
export type StatementView = {
  /** The last entry that the statement before covered; 0 before the first one. */
  closedSeq: number;
  /** Until when that one closed; Unix seconds, 0 before the first one. */
  closedS: number;
  /** The total after it, as the entry says. */
  opening: number;
  /** What the entries of the range come to, and the total that the last one says. */
  counts: readonly LedgerCount[];
  closing: number;
  /** The earliest time of any entry after the range; Unix seconds. */
  laterS: number | undefined;
  nowS: number;
};

/** Clocks differ by this much at most. */
const SKEW_S = 60;

/** The guest checks. The head was compared before: a second one is a fork. */
export function findStatementFault(
  statement: LedgerStatement,
  view: StatementView,
): StatementFault | undefined {
  if (statement.first !== view.closedSeq + 1 || statement.last < statement.first) return 'range';
  const untilS = entrySeconds({ at: statement.until });
  const { closedS, laterS, nowS } = view;
  if (untilS < closedS || untilS > nowS + SKEW_S || (laterS ?? untilS) < untilS) return 'until';
  if (statement.opening !== view.opening) return 'opening';
  const moved = statement.counts.reduce((sum, one) => sum + one.weight * (one.posted - one.reversed), 0);
  if (statement.closing !== view.closing || statement.closing !== statement.opening + moved) return 'closing';
  return textOf(statement.counts) === textOf(orderCounts(view.counts)) ? undefined : 'counts';
}

/** The members in one order, whatever the order they came in. */
function textOf(counts: readonly LedgerCount[]): string {
  return JSON.stringify(counts.map((one) => [one.category, one.weight, one.posted, one.reversed]));
}
