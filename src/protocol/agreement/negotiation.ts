import type { RefusalCode } from '../refusal.ts';
import { CLOCK_SKEW_S } from '../time.ts';
import {
  type Book,
  type Change,
  endOf,
  findVersion,
  isLower,
  newestVersion,
  type Side,
  successorOf,
  type Version,
  type VersionId,
} from './book.ts';

/**
 * How agreements come about and end. Each function judges one step against a book, at a time of the judging node's
 * own clock, and tells what it changes. A step that was taken before changes nothing and is no error: exchanges are
 * repeated, and what was sent once may be said again under another id.
 */
export type Step<Code extends string = RefusalCode> =
  | { ok: true; changes: Change[] }
  | { ok: false; code: Code };

const refuse = <Code extends string>(code: Code): { ok: false; code: Code } => ({ ok: false, code });
const take = (...changes: Change[]): { ok: true; changes: Change[] } => ({ ok: true, changes });
const end = (version: Version, state: Version['state']): Change => ({ kind: 'state', id: version.id, state });

const isOpen = (version: Version, by: Side, nowMs: number) =>
  version.state === 'open' && version.proposer === by && version.expiresAtMs > nowMs;

/** Proposals whose time has passed. Stored with the next change, so that a clock set back revives none. */
function lapse(book: Book, nowMs: number): Change[] {
  return book.versions
    .filter((version) => version.state === 'open' && version.expiresAtMs <= nowMs)
    .map((version) => end(version, 'expired'));
}

function findOpen(book: Book, by: Side, nowMs: number): Version | undefined {
  return book.versions.find((version) => isOpen(version, by, nowMs));
}

function findAccepting(book: Book): Version | undefined {
  return book.versions.find((version) => version.state === 'accepting');
}

/** This side proposes. A proposal of the peer that is open has to be named in `declines`: it is a counter-proposal. */
export function propose(
  book: Book,
  version: Version,
  declines: VersionId | undefined,
  nowMs: number,
): Step<RefusalCode | 'agreement.open' | 'agreement.exists'> {
  if (findOpen(book, 'self', nowMs) !== undefined) return refuse('agreement.open');
  if (findAccepting(book) !== undefined) return refuse('agreement.pending');
  const asked = findOpen(book, 'peer', nowMs);
  if (asked?.id !== declines) return refuse(asked === undefined ? 'agreement.closed' : 'agreement.open');
  const newest = newestVersion(book);
  if (newest !== undefined && version.replaces === null) return refuse('agreement.exists');
  const outdated = refuseForReplaced(book, version, newest);
  if (outdated !== undefined) return refuse(outdated);
  return take(...lapse(book, nowMs), ...(asked === undefined ? [] : [end(asked, 'declined')]), {
    kind: 'add',
    version,
  });
}

/** A version may only replace the newest one, and a first one only stand where there is none. */
function refuseForReplaced(
  book: Book,
  version: Pick<Version, 'replaces' | 'root'>,
  newest: Version | undefined,
): RefusalCode | undefined {
  if (version.replaces !== null && endOf(book, version.root) !== undefined) return 'agreement.ended';
  return version.replaces === (newest?.id ?? null) ? undefined : 'agreement.outdated';
}

/**
 * The peer's proposal. Where both propose at once, the lower digest stays: the node that holds it refuses the other,
 * and the node that holds the higher one drops its own.
 */
export function takeProposal(
  book: Book,
  version: Version,
  declines: VersionId | undefined,
  nowMs: number,
): Step {
  const known = findVersion(book, version.id);
  if (known !== undefined) return known.proposer === 'peer' ? take() : refuse('agreement.closed');
  if (version.expiresAtMs <= nowMs) return refuse('agreement.expired');
  const later = book.versions.some((other) => other.proposer === 'peer' && other.rev >= version.rev);
  if (later) return refuse('agreement.closed');
  const unfit = refuseForBase(book, version);
  if (unfit !== undefined) return refuse(unfit);

  const own = findOpen(book, 'self', nowMs);
  if (own !== undefined && own.id !== declines && isLower(own.id, version.id)) {
    return refuse('agreement.crossed');
  }
  const earlier = findOpen(book, 'peer', nowMs);
  return take(
    ...lapse(book, nowMs),
    ...(own === undefined ? [] : [end(own, own.id === declines ? 'declined' : 'crossed')]),
    ...(earlier === undefined ? [] : [end(earlier, 'superseded')]),
    { kind: 'add', version },
  );
}

/** Whether the version a proposal amends is the newest one, as far as this side can know by now. */
function refuseForBase(book: Book, version: Version): RefusalCode | undefined {
  const { replaces } = version;
  if (replaces === null) return newestVersion(book) === undefined ? undefined : 'agreement.outdated';
  const base = findVersion(book, replaces);
  if (base === undefined) return 'agreement.unknown';
  if (endOf(book, base.root) !== undefined) return 'agreement.ended';
  switch (base.state) {
    case 'accepting':
      return undefined;
    case 'agreed':
      return successorOf(book, base.id) === undefined ? undefined : 'agreement.outdated';
    case 'open':
      return 'agreement.pending';
    default:
      return 'agreement.closed';
  }
}

/** This side accepts what the peer proposed. It holds once the peer's receipt is here: see {@link settleAcceptance}. */
export function accept(book: Book, id: VersionId, nowMs: number): Step<RefusalCode | 'agreement.open'> {
  const version = findVersion(book, id);
  if (version === undefined || version.proposer !== 'peer') return refuse('agreement.unknown');
  if (version.state === 'accepting' || version.state === 'agreed') return take();
  if (version.state !== 'open') return refuse('agreement.closed');
  if (version.expiresAtMs <= nowMs) return refuse('agreement.expired');
  if (findOpen(book, 'self', nowMs) !== undefined) return refuse('agreement.open');
  if (findAccepting(book) !== undefined) return refuse('agreement.pending');
  const outdated = refuseForReplaced(book, version, newestVersion(book));
  return outdated === undefined ? take(end(version, 'accepting')) : refuse(outdated);
}

/**
 * The peer accepts what this side proposed. Here, and nowhere else, a proposal becomes a version of both. It is agreed in
 * the second that the receipt bears, so that both sides name the same one.
 */
export function takeAcceptance(book: Book, id: VersionId, nowMs: number): Step {
  const version = findVersion(book, id);
  if (version === undefined || version.proposer !== 'self') return refuse('agreement.unknown');
  if (version.state === 'agreed') return take();
  if (version.state === 'expired') return refuse('agreement.expired');
  if (version.state !== 'open') return refuse('agreement.closed');
  if (version.expiresAtMs <= nowMs) return refuse('agreement.expired');
  const outdated = refuseForReplaced(book, version, newestVersion(book));
  if (outdated !== undefined) return refuse(outdated);
  return take({ kind: 'state', id, state: 'agreed', agreedAtMs: Math.floor(nowMs / 1000) * 1000 });
}

/**
 * The peer's answer to this side's acceptance: the time of its receipt, or that it refused. Where the acceptance had to be
 * said again, the peer took the one with the earliest receipt.
 */
export function settleAcceptance(book: Book, id: VersionId, agreedAtMs: number | undefined): Change[] {
  const version = findVersion(book, id);
  const earlier = version?.state === 'agreed' && version.proposer === 'peer' ? version.agreedAtMs : null;
  if (earlier !== null && agreedAtMs !== undefined && agreedAtMs < earlier) {
    return [{ kind: 'state', id, state: 'agreed', agreedAtMs }];
  }
  if (version?.state !== 'accepting') return [];
  return agreedAtMs === undefined
    ? [end(version, 'refused')]
    : [{ kind: 'state', id, state: 'agreed', agreedAtMs }];
}

/** The peer refused this side's proposal. */
export function settleProposal(
  book: Book,
  id: VersionId,
  state: 'crossed' | 'refused' | 'expired',
): Change[] {
  const version = findVersion(book, id);
  return version?.state === 'open' && version.proposer === 'self' ? [end(version, state)] : [];
}

/** This side declines what the peer proposed, or withdraws what it proposed itself. */
export function decline(book: Book, id: VersionId): Step {
  const version = findVersion(book, id);
  if (version === undefined) return refuse('agreement.unknown');
  const ended = version.proposer === 'self' ? 'withdrawn' : 'declined';
  if (version.state === ended) return take();
  if (version.state === 'accepting') return refuse('agreement.pending');
  return version.state === 'open' ? take(end(version, ended)) : refuse('agreement.closed');
}

/** The peer declines, or withdraws. An acceptance that is on its way is left to its own answer. */
export function takeDecline(book: Book, id: VersionId): Step {
  const version = findVersion(book, id);
  if (version === undefined) return refuse('agreement.unknown');
  if (version.state !== 'open') return take();
  return take(end(version, version.proposer === 'self' ? 'declined' : 'withdrawn'));
}

type Notice = { root: VersionId; noticedAtMs: number; endsAtMs: number };

/** This side ends an agreement. What is under way drains; nothing is dropped. */
export function terminate(book: Book, notice: Notice): Step {
  if (isLaterVersion(book, notice.root)) return refuse('manifest.invalid');
  const ofAgreement = book.versions.filter((version) => version.root === notice.root);
  const signed = ofAgreement.filter(({ state }) => state === 'agreed' || state === 'accepting');
  if (signed.length === 0) return refuse('agreement.unknown');
  if (!signed.some(({ state }) => state === 'agreed')) return refuse('agreement.pending');
  return endAgreement(book, 'self', notice, signed);
}

/** A notice is older than this only if its sender could not be heard for longer than anybody tries. */
export const NOTICE_MAX_AGE_MS = 30 * 86_400_000;

/**
 * The peer ends an agreement. Its notice is held against the versions that both sides surely know, and its time against
 * what can be true: nobody else can tell when notice was given.
 */
export function takeTermination(book: Book, notice: Notice, nowMs: number): Step {
  if (notice.noticedAtMs > nowMs + CLOCK_SKEW_S * 1000) return refuse('manifest.invalid');
  if (notice.noticedAtMs < nowMs - NOTICE_MAX_AGE_MS) return refuse('agreement.notice');
  if (isLaterVersion(book, notice.root)) return refuse('manifest.invalid');
  const ofAgreement = book.versions.filter((version) => version.root === notice.root);
  if (ofAgreement.length === 0) return refuse('agreement.unknown');
  const agreed = ofAgreement.filter(({ state }) => state === 'agreed');
  if (agreed.length === 0 && !ofAgreement.some(({ state }) => state === 'accepting')) {
    return refuse('agreement.pending');
  }
  return endAgreement(book, 'peer', notice, agreed);
}

/** An agreement is named by its first version. */
function isLaterVersion(book: Book, id: VersionId): boolean {
  return (findVersion(book, id)?.root ?? id) !== id;
}

function endAgreement(book: Book, by: Side, notice: Notice, bound: readonly Version[]): Step {
  const said = book.terminations.find((one) => one.root === notice.root && one.by === by);
  if (said !== undefined && said.endsAtMs <= notice.endsAtMs) return take();
  const noticeMs = Math.max(0, ...bound.map((version) => version.noticeMs));
  if (notice.endsAtMs < notice.noticedAtMs + noticeMs) return refuse('agreement.notice');
  return take(
    ...book.versions
      .filter((version) => version.root === notice.root && version.state === 'open')
      .map((version) => end(version, 'terminated')),
    { kind: 'terminate', termination: { ...notice, by } },
  );
}
