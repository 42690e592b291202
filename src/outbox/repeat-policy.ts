const FIRST_PAUSE_MS = 10 * 60_000;
const LONGEST_PAUSE_MS = 6 * 3_600_000;

/**
 * How long to wait before what a node says of itself is said again, once an exchange that said it came to nothing: as long
 * as it has been said in vain, from ten minutes to six hours.
 */
export function pauseBeforeRepeatMs(saidFirst: Date, now: Date): number {
  const inVainMs = now.getTime() - saidFirst.getTime();
  return Math.min(Math.max(inVainMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
}
