/** What a customer did with a message, or with a guest, as a guest may be told of it. */
export const MESSAGE_EVENTS = ['displayed', 'opened', 'clicked', 'dismissed', 'reported'] as const;
export const GUEST_EVENTS = ['muted', 'unmuted'] as const;

export type MessageEvent = (typeof MESSAGE_EVENTS)[number];
export type GuestEvent = (typeof GUEST_EVENTS)[number];

/** Told of one customer, who agreed to it. Times are RFC 3339, UTC, to the second. */
export type ToldEvent =
  | { message: string; kind: MessageEvent; at: string }
  | { link: string; kind: GuestEvent; at: string };

/** What is counted of many together: customers who did it with any message of the month. */
export const FIGURES = [...MESSAGE_EVENTS, 'replied', 'asked_human'] as const;
export type Figure = (typeof FIGURES)[number];

/** Told once of each calendar month, UTC. Without `customers` the group was not to be told of. */
export type ToldMonth = {
  /** `YYYY-MM` */
  month: string;
  customers?: number;
  figures?: Partial<Record<Figure, number>> | undefined;
};

/** Body of `slot.engagement`. */
export type SlotEngagementBody = { events: ToldEvent[] } | { months: ToldMonth[] };

/**
 * What a guest is told of a group, which it knows member by member: it chose whom to write to.
 *
 * - A group of fewer than `k` is told nothing of.
 * - A figure is told where at least `k` did it and at least `k` didn't: else all, or nearly all, would be told what they did.
 * - A group is compared with each that was told before: that either nobody came or at least `k`, and nobody went or at
 *   least `k`. Otherwise the difference of two answers would be about fewer than `k`, in the end about one.
 */
export function tellOfGroup(given: {
  k: number;
  customers: number;
  /** Against each group that was told of before: who is in this one alone, and in that one alone. */
  differences: readonly { came: number; went: number }[];
  did: Readonly<Record<Figure, number>>;
}): Pick<ToldMonth, 'customers' | 'figures'> {
  const { k, customers, differences, did } = given;
  const isFar = (count: number) => count === 0 || count >= k;
  if (customers < k || !differences.every(({ came, went }) => isFar(came) && isFar(went))) return {};
  const figures: Partial<Record<Figure, number>> = {};
  for (const figure of FIGURES) {
    const count = did[figure];
    if (count >= k && customers - count >= k) figures[figure] = count;
  }
  return { customers, figures };
}
