import { Temporal } from 'temporal-polyfill';

/** Wall-clock times (`HH:MM`) in a zone: quiet from the minute `from` until the minute `to`, past midnight where that is less. */
export type QuietHours = { from: string; to: string; zone: string };

/** Whether a name is a time zone here: one that {@link quietUntil} can reckon with, which is fewer than `Intl` knows. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * When quiet hours end that reign at this instant; undefined where they don't. The clock on the wall decides: an hour that
 * comes twice is quiet twice, and where `to` is skipped the quiet ends with the skip.
 */
export function quietUntil(hours: QuietHours, nowMs: number): number | undefined {
  const { zone } = hours;
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(zone);
  if (!isQuiet(hours, now)) return undefined;
  const to = Temporal.PlainTime.from(hours.to);
  const ends: Temporal.ZonedDateTime[] = [];
  for (const date of [now.toPlainDate(), now.toPlainDate().add({ days: 1 })]) {
    for (const disambiguation of ['earlier', 'later'] as const) {
      ends.push(date.toPlainDateTime(to).toZonedDateTime(zone, { disambiguation }));
    }
  }
  const change = now.getTimeZoneTransition('next');
  if (change !== null) ends.push(change);
  const times = ends
    .filter((end) => end.epochMilliseconds > nowMs && !isQuiet(hours, end))
    .map((end) => end.epochMilliseconds);
  return Math.min(...times);
}

function isQuiet({ from, to }: QuietHours, at: Temporal.ZonedDateTime): boolean {
  const time = at.toPlainTime().toString({ smallestUnit: 'minute' });
  return from < to ? from <= time && time < to : from <= time || time < to;
}
