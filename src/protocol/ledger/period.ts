import type { AgreementTerms } from '../agreement/terms.ts';

const DAY_MS = 86_400_000;

/** When the current period began, UTC: a week on Monday, a month, a quarter. Unix milliseconds. */
export function periodBegin(period: AgreementTerms['statement']['period'], nowMs: number): number {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  switch (period) {
    case 'week': {
      const midnight = Date.UTC(year, month, now.getUTCDate());
      return midnight - ((now.getUTCDay() + 6) % 7) * DAY_MS;
    }
    case 'month':
      return Date.UTC(year, month, 1);
    case 'quarter':
      return Date.UTC(year, month - (month % 3), 1);
  }
}
