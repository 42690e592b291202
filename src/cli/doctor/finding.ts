/** One line of the doctor's report. */
export type Finding = {
  /** What was looked at: "database", "peer https://…". */
  check: string;
  /** `skipped`: nothing to look at, or nothing could be seen from here. */
  status: 'ok' | 'warning' | 'failed' | 'skipped';
  detail: string;
  /** What to do, where something is to be done. */
  hint?: string;
};

export const ok = (check: string, detail: string): Finding => ({ check, status: 'ok', detail });
export const skipped = (check: string, detail: string, hint?: string): Finding => ({
  check,
  status: 'skipped',
  detail,
  ...(hint !== undefined && { hint }),
});
export const warning = (check: string, detail: string, hint: string): Finding => ({
  check,
  status: 'warning',
  detail,
  hint,
});
export const failed = (check: string, detail: string, hint: string): Finding => ({
  check,
  status: 'failed',
  detail,
  hint,
});

/** What a signature's time may be off by (protocol, section 1). */
const CLOCK_FAILS_MS = 60_000;
const CLOCK_WARNS_MS = 5_000;

/** Judges a difference of clocks: past a minute, exchanges are refused. */
export function clockFinding(
  check: string,
  whose: string,
  differenceMs: number,
  format: (ms: number) => string,
): Finding {
  const detail = `${whose} differs by ${format(differenceMs)}`;
  const hint = 'synchronise both clocks (chrony, systemd-timesyncd); past 60 s exchanges are refused';
  const size = Math.abs(differenceMs);
  if (size > CLOCK_FAILS_MS) return failed(check, detail, hint);
  return size > CLOCK_WARNS_MS ? warning(check, detail, hint) : ok(check, detail);
}

export function messageOf(error: unknown): string {
  const { errors, message, code } = error as { errors?: unknown[]; message?: string; code?: string };
  if (Array.isArray(errors) && errors.length > 0) return messageOf(errors[0]);
  return message || code || String(error);
}
