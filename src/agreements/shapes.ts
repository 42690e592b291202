import {
  appliesFrom,
  type Book,
  endOf,
  replacedAt,
  type Side,
  type Version,
  type VersionState,
} from '../protocol/agreement/book.ts';
import { currentVersion } from '../protocol/agreement/ruling.ts';
import type { AgreementTerms } from '../protocol/agreement/terms.ts';
import type { PeerView } from '../registry/index.ts';
import type { FiledExchange } from './exchange-store.ts';
import type { StoredTermination, StoredVersion } from './store.ts';

/** Where an agreed version stands: not begun, in use, valid for what names it, or over. */
export type Standing = 'upcoming' | 'current' | 'draining' | 'ended';

export type AgreementSummary = {
  /** The version; envelopes name it in `agr`. */
  id: string;
  /** The agreement's first version. */
  agreement: string;
  peer: { id: string; organizationName: string };
  proposer: Side;
  state: VersionState;
  standing?: Standing;
  replaces?: string;
  declines?: string;
  proposedAt: Date;
  expiresAt: Date;
  effectiveFrom: Date;
  agreedAt?: Date;
  appliesFrom?: Date;
  /** When another version, or none, takes over. */
  appliesUntil?: Date;
  /** Until when what names it is taken. */
  drainsUntil?: Date;
  /** When the agreement ends, if somebody said so. */
  endsAt?: Date;
  /** The code with which the peer refused it. */
  reason?: string;
  note?: string;
  /** A word of whoever declined or withdrew it. */
  answerNote?: string;
};

export type AgreementDetails = AgreementSummary & {
  terms: AgreementTerms;
  terminations: {
    by: Side;
    noticedAt: Date;
    endsAt: Date;
    note?: string;
    /** Of an own one: whether the peer took it. */
    acknowledged?: boolean;
  }[];
  exchanges: {
    act: string;
    iss: string;
    jti: string;
    at: Date;
    state: FiledExchange['state'];
    reason?: string;
  }[];
};

/** A termination concerns what was agreed, and what it ended; not what had come to nothing before. */
export const SIGNED_OR_ENDED: ReadonlySet<VersionState> = new Set(['accepting', 'agreed', 'terminated']);

export function agreementSummary(
  version: StoredVersion,
  book: Book,
  peer: PeerView | undefined,
  nowMs: number,
): AgreementSummary {
  const ends = SIGNED_OR_ENDED.has(version.state) ? endOf(book, version.root) : undefined;
  const { replaces, declines, reason, note, answerNote } = version;
  return {
    id: version.id,
    agreement: version.root,
    peer: { id: version.peer, organizationName: peer?.organizationName ?? version.peer },
    proposer: version.proposer,
    // What has lapsed is written down with the next change; it reads as what it is before that.
    state: version.state === 'open' && version.expiresAtMs <= nowMs ? 'expired' : version.state,
    ...(replaces !== null && { replaces }),
    ...(declines !== null && { declines }),
    proposedAt: version.proposedAt,
    expiresAt: new Date(version.expiresAtMs),
    effectiveFrom: new Date(version.effectiveFromMs),
    ...(version.state === 'agreed' && agreedTimes(version, book, nowMs)),
    ...(ends !== undefined && { endsAt: new Date(ends) }),
    ...(reason !== null && { reason }),
    ...(note !== null && { note }),
    ...(answerNote !== null && { answerNote }),
  };
}

function agreedTimes(version: Version, book: Book, nowMs: number) {
  const until = replacedAt(book, version);
  return {
    standing: standingOf(version, book, nowMs),
    agreedAt: new Date(version.agreedAtMs ?? 0),
    appliesFrom: new Date(appliesFrom(version)),
    ...(until !== undefined && {
      appliesUntil: new Date(until),
      drainsUntil: new Date(until + version.drainMs),
    }),
  };
}

function standingOf(version: Version, book: Book, nowMs: number): Standing {
  if (appliesFrom(version) > nowMs) return 'upcoming';
  if (currentVersion(book, nowMs)?.id === version.id) return 'current';
  return nowMs < (replacedAt(book, version) ?? 0) + version.drainMs ? 'draining' : 'ended';
}

export function terminationShape(termination: StoredTermination): AgreementDetails['terminations'][number] {
  const { by, noticedAt, endsAt, note, acknowledgedAt } = termination;
  return {
    by,
    noticedAt,
    endsAt,
    ...(note !== null && { note }),
    ...(by === 'self' && { acknowledged: acknowledgedAt !== null }),
  };
}

export function exchangeShape(exchange: FiledExchange): AgreementDetails['exchanges'][number] {
  const { reason, ...rest } = exchange;
  return { ...rest, ...(reason !== null && { reason }) };
}
