import type { AgreementTerms } from '../agreement/terms.ts';

/**
 * The balance of a side under an agreement: what it hosted, less what the other one hosted for it and this side
 * acknowledges. Each side works it out from its own book; nobody signs it.
 */
export function balanceOf(book: { hosted: number; acknowledged: number }): number {
  return book.hosted - book.acknowledged;
}

export type Imbalance = AgreementTerms['imbalance'];

/** Past the tolerance, one message in so long is taken under the policy `throttle`. */
export const THROTTLE_MS = 3_600_000;

/** What the host's book says of a message that a guest wants to place. Times are Unix milliseconds. */
export type BalanceFacts = {
  imbalance: Imbalance;
  /** The host's. */
  balance: number;
  /** What the message would add; 0 for an edit. */
  weight: number;
  service: boolean;
  /** Service messages that the host took from this guest in this calendar month, UTC. */
  serviceThisMonth: number;
  /** When a message was last taken past the tolerance, but for those of the service floor. */
  lastPastMs: number | undefined;
  nowMs: number;
};

/** The same with what stops the whole account: the guest may have been told two histories of the other direction. */
export type AccountFacts = BalanceFacts & { suspended: boolean };

export type BalanceRuling =
  | { kind: 'within' }
  /** Taken past the tolerance: by the floor of service messages, or because the policy lets it through. */
  | { kind: 'floor' | 'past' }
  | { kind: 'refused'; code: 'ledger.throttled' | 'ledger.paused'; nextEligibleAtMs?: number };

/**
 * Whether a message may move the balance. What is worth nothing moves nothing; service messages have a floor; then the
 * policy decides on what would bring the host further ahead than the tolerance.
 */
export function ruleOnBalance(facts: BalanceFacts): BalanceRuling {
  const { imbalance, balance, weight, lastPastMs, nowMs } = facts;
  if (weight === 0 || balance + weight <= imbalance.tolerance) return { kind: 'within' };
  if (facts.service && facts.serviceThisMonth < imbalance.serviceFloorPerMonth) return { kind: 'floor' };
  switch (imbalance.policy) {
    case 'warn':
      return { kind: 'past' };
    case 'throttle': {
      const from = lastPastMs === undefined ? nowMs : lastPastMs + THROTTLE_MS;
      return from <= nowMs
        ? { kind: 'past' }
        : { kind: 'refused', code: 'ledger.throttled', nextEligibleAtMs: from };
    }
    case 'pause':
      return { kind: 'refused', code: 'ledger.paused' };
  }
}

/** The calendar month, UTC, as `2026-11`. */
export function monthOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 7);
}
