/** Rolling windows: at most `max` in any stretch of `per` units, looking back. Times are Unix milliseconds. */

export type RollingLimit = { max: number; per: number; unit: 'hour' | 'day' | 'week' };

const UNIT_MS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;

export function windowMs({ per, unit }: Pick<RollingLimit, 'per' | 'unit'>): number {
  return per * UNIT_MS[unit];
}

/**
 * Whether one more fits now. What happened exactly one window ago counts no longer.
 *
 * @param times in ascending order
 * @returns undefined where it fits, else the first millisecond at which it does if nothing else comes
 */
export function fitsFrom(times: readonly number[], limit: RollingLimit, nowMs: number): number | undefined {
  const length = windowMs(limit);
  const counted = times.filter((time) => time > nowMs - length);
  if (counted.length < limit.max) return undefined;
  return (counted[counted.length - limit.max] as number) + length;
}

/** The longest time any of these looks back. */
export function longestWindowMs(limits: readonly Pick<RollingLimit, 'per' | 'unit'>[]): number {
  return Math.max(0, ...limits.map(windowMs));
}

/** The latest of some times, as far as there are any: from then on all of them allow it. */
export function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
