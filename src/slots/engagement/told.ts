import type { LearnedRow, MonthKnown } from './learned-store.ts';

/**
 * `individual`: the guest was told, or will be, exactly this. `unconfirmed`: it was sent, and no answer came; the guest may
 * have it. `aggregate`: it counts in a figure of many. `perhaps_aggregate`: such a figure was told, and this node keeps no
 * longer whether the customer is part of it. `never`: nobody is told.
 */
export type Told = 'individual' | 'unconfirmed' | 'aggregate' | 'perhaps_aggregate' | 'never';

type Engagement = 'none' | 'aggregate' | 'individual';

/** Who is told of an event: what happened counts, and what is agreed to today only where nothing has happened yet. */
export function tellingOf(
  row: Pick<LearnedRow, 'kind' | 'at' | 'named' | 'toldAt' | 'linkId'>,
  known: {
    /** Of the guest, in which the message was placed. */
    month: MonthKnown | undefined;
    /** To what a link's customer agrees now; `none` under a link that is not active. */
    agreed(linkId: string): Engagement;
  },
): { told: Told; toldAt?: Date } {
  const { month, agreed } = known;
  const { named, toldAt } = row;
  if (named === 'unconfirmed') return { told: 'unconfirmed' };
  if (named === 'told') return { told: 'individual', ...(toldAt !== null && { toldAt }) };
  if (named === 'due' && agreed(row.linkId) === 'individual') return { told: 'individual' };
  // Figures look no further than some days after their month.
  if (month === undefined || row.at >= month.countedUntil) return { told: 'never' };
  return month.closed ? closedMonth(row, month) : openMonth(row, month, agreed);
}

function closedMonth({ kind }: Pick<LearnedRow, 'kind'>, month: MonthKnown): { told: Told; toldAt?: Date } {
  if (!month.figures.includes(kind)) return { told: 'never' };
  if (!month.isMember) return { told: month.membersForgotten ? 'perhaps_aggregate' : 'never' };
  // What each link brought to the figures is forgotten as soon as they are made.
  if (month.links.length > 1) return { told: 'perhaps_aggregate' };
  return { told: 'aggregate', ...(month.toldAt !== null && { toldAt: month.toldAt }) };
}

/** As the month would be closed now: without whom the guest knows one by one, by whatever link. */
function openMonth(
  { linkId }: Pick<LearnedRow, 'linkId'>,
  month: MonthKnown,
  agreed: (linkId: string) => Engagement,
): { told: Told } {
  const knownByName = month.toldByName || month.links.some((link) => agreed(link) === 'individual');
  const counted = agreed(linkId) === 'aggregate' && !knownByName && !month.passedOver;
  return { told: counted ? 'aggregate' : 'never' };
}
