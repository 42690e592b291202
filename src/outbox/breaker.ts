import { backoffMs, type RetryPolicy } from './retry-policy.ts';

/**
 * Keeps a peer that does not answer from costing anything: after some failures in a row it is asked once in a while
 * with one exchange (the probe), and once it answers again its queue is let through in doubling steps.
 */
export type Breaker = {
  /** How many exchanges may be in flight now. */
  allowance(nowMs: number): number;
  /** A lone probe left while the breaker was open. */
  probing(): void;
  /** The peer answered, whatever it said. */
  answered(): void;
  /** The peer gave no usable answer. */
  failed(nowMs: number): void;
  /** What was to be the probe never reached the peer: nothing was learned, and another one may go. */
  notAsked(): void;
  /** The peer was heard from: ask it at once. */
  wake(): void;
  state(nowMs: number): BreakerState;
};

export type BreakerState = {
  state: 'closed' | 'open' | 'half_open';
  failures: number;
  nextProbeAtMs: number | null;
};

const FAILURES_TO_OPEN = 5;

export function createBreaker(options: {
  maxInFlight: number;
  policy: RetryPolicy;
  random: () => number;
}): Breaker {
  let failures = 0;
  let openUntilMs: number | null = null;
  let probeOut = false;
  let ramp = options.maxInFlight;

  return {
    allowance(nowMs) {
      if (openUntilMs === null) return ramp;
      return !probeOut && nowMs >= openUntilMs ? 1 : 0;
    },
    probing() {
      if (openUntilMs !== null) probeOut = true;
    },
    answered() {
      failures = 0;
      probeOut = false;
      if (openUntilMs !== null) {
        openUntilMs = null;
        ramp = 1;
      } else {
        ramp = Math.min(options.maxInFlight, ramp * 2);
      }
    },
    failed(nowMs) {
      failures++;
      probeOut = false;
      if (failures >= FAILURES_TO_OPEN) {
        openUntilMs = nowMs + backoffMs(options.policy, failures - FAILURES_TO_OPEN + 1, options.random());
      }
    },
    notAsked() {
      probeOut = false;
    },
    wake() {
      if (openUntilMs !== null) openUntilMs = 0;
    },
    state(nowMs) {
      const state = openUntilMs === null ? 'closed' : nowMs >= openUntilMs ? 'half_open' : 'open';
      return { state, failures, nextProbeAtMs: openUntilMs };
    },
  };
}
