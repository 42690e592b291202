/** Time claims (RFC 7519 section 4.1). Every time here is a whole number of Unix seconds. */

/** How far two nodes' clocks may disagree. */
export const CLOCK_SKEW_S = 60;
export const MAX_ENVELOPE_LIFETIME_S = 14 * 86_400;

export type TimeShapeRefusal = 'time.not_integer' | 'time.lifetime';
export type ClockRefusal = 'time.from_future' | 'time.expired';
export type TimeRefusal = TimeShapeRefusal | ClockRefusal;

export type TimeResult<Refusal extends TimeRefusal = TimeRefusal> =
  | { ok: true; iat: number; exp: number }
  | { ok: false; reason: Refusal };

/**
 * What doesn't depend on the clock, so that it can be asked before a replay is looked up: `exp` after `iat`,
 * and at most `maxLifetimeS` after it.
 */
export function checkTimeShape(
  times: { iat: unknown; exp: unknown },
  maxLifetimeS: number = MAX_ENVELOPE_LIFETIME_S,
): TimeResult<TimeShapeRefusal> {
  const { iat, exp } = times;
  if (!isUnixTime(iat) || !isUnixTime(exp)) return { ok: false, reason: 'time.not_integer' };
  if (exp <= iat || exp - iat > maxLifetimeS) return { ok: false, reason: 'time.lifetime' };
  return { ok: true, iat, exp };
}

/** What the clock decides. A token is dead from `exp` + `skewS` on, and not yet born before `iat` - `skewS`. */
export function checkClock(
  times: { iat: number; exp: number; now: number },
  skewS: number = CLOCK_SKEW_S,
): TimeResult<ClockRefusal> {
  const { iat, exp, now } = times;
  if (iat > now + skewS) return { ok: false, reason: 'time.from_future' };
  if (now >= exp + skewS) return { ok: false, reason: 'time.expired' };
  return { ok: true, iat, exp };
}

/** Both of the above. `now` may have a fraction. */
export function checkTimes(times: {
  iat: unknown;
  exp: unknown;
  now: number;
  maxLifetimeS?: number;
  skewS?: number;
}): TimeResult {
  const shape = checkTimeShape(times, times.maxLifetimeS);
  return shape.ok ? checkClock({ iat: shape.iat, exp: shape.exp, now: times.now }, times.skewS) : shape;
}

function isUnixTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
