import { CONTACT_CATEGORIES, type ContactCategory } from '../agreement/terms.ts';
import { entrySeconds, entryTime, type LedgerEntry, unitsOf } from './entry.ts';

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

/** What a statement says of entries. `opening`: the total before the first of them. */
export function summarize(entries: readonly LedgerEntry[]): LedgerCount[] {
  const counts = new Map<string, LedgerCount>();
  for (const { kind, category, weight } of entries) {
    const key = `${category} ${weight}`;
    const known = counts.get(key) ?? { category, weight, posted: 0, reversed: 0 };
    const member = kind === 'post' ? 'posted' : 'reversed';
    counts.set(key, { ...known, [member]: known[member] + 1 });
  }
  const place = (category: ContactCategory) => CONTACT_CATEGORIES.indexOf(category);
  return [...counts.values()].sort((a, b) => place(a.category) - place(b.category) || a.weight - b.weight);
}

export type StatementRange = {
  number: number;
  entries: readonly LedgerEntry[];
  head: string;
  untilS: number;
};

/** The host states. The range has at least one entry. */
export function makeStatement({ number, entries, head, untilS }: StatementRange): LedgerStatement {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a statement of nothing');
  return {
    number,
    first: first.seq,
    last: last.seq,
    head,
    opening: first.total - unitsOf(first),
    closing: last.total,
    counts: summarize(entries),
    until: entryTime(untilS),
  };
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
  entries: readonly LedgerEntry[];
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
  const last = view.entries.at(-1);
  if (statement.closing !== last?.total || statement.closing !== statement.opening + moved) return 'closing';
  return JSON.stringify(orderedCounts(statement.counts)) === JSON.stringify(summarize(view.entries))
    ? undefined
    : 'counts';
}

/** The members in one order, whatever the order they came in. */
function orderedCounts(counts: readonly LedgerCount[]): LedgerCount[] {
  return counts.map(({ category, weight, posted, reversed }) => ({ category, weight, posted, reversed }));
}
