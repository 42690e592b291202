import type { ConsentRecord } from './consent-record.ts';
import type { LinkScopesByHost } from './link-scopes.ts';

export type LinkHalfState = 'active' | 'paused' | 'revoked';

/** Body of `link.redeem`: the redeemer's half, active, with what consumes the token. */
export type LinkRedeemBody = {
  token: string;
  rev: number;
  scopes: LinkScopesByHost;
  consent: ConsentRecord;
  /** Hash of the completion code. */
  code: string;
};

/** Body of `link.half`: all that one side says of a link, as of `rev`. */
export type LinkHalfBody = {
  rev: number;
  state: LinkHalfState;
  scopes: LinkScopesByHost;
  /** Absent where the half is revoked. */
  consent?: ConsentRecord;
  /** RFC 3339, UTC. */
  restorableUntil?: string;
};

/** The revision of a change made now: it grows even where the clock does not. */
export function nextRev(last: number | undefined, nowMs: number): number {
  return Math.max((last ?? 0) + 1, Math.floor(nowMs));
}

/** What both halves say together: the most restrictive. */
export type LinkState = 'active' | 'pending' | 'paused' | 'restorable' | 'revoked' | 'erased';

export function effectiveLinkState(
  halves: readonly { state: LinkHalfState; restorable: boolean }[],
  erased: boolean,
): LinkState {
  if (erased) return 'erased';
  const revoked = halves.filter((half) => half.state === 'revoked');
  if (revoked.some((half) => !half.restorable)) return 'revoked';
  if (revoked.length > 0) return 'restorable';
  if (halves.length < 2) return 'pending';
  return halves.some((half) => half.state === 'paused') ? 'paused' : 'active';
}
