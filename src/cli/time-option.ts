import { CliError, EXIT } from './context.ts';

/** A time as an option gives it, for the API: RFC 3339, or a day, which is its beginning in UTC. */
export function readTime(text: string): string {
  const [, day = '', time = ''] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ?? [];
  const ms = Date.parse(text);
  // A day that its month does not have is read as one of the next month.
  if (day === '' || Number.isNaN(ms) || !isDay(day)) {
    throw new CliError('usage.time', `${text} is not a time`, {
      hint: 'such as 2027-01-31, which is its beginning in UTC, or 2027-01-31T18:00:00+01:00',
      exitCode: EXIT.usage,
    });
  }
  return new Date(time === '' ? `${day}T00:00:00Z` : ms).toISOString();
}

function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}
