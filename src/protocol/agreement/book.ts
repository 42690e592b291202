/**
 * What a node holds of the agreements between itself and one peer. Times are Unix milliseconds.
 *
 * A proposal becomes a version when its proposer takes the other side's acceptance: that one decision, under the
 * proposer's lock, is what both sides then hold. The accepting side knows of it with the receipt, and until then
 * honours what it has signed.
 */

/** SHA-256 of a proposal's manifest, base64url. */
export type VersionId = string;

export type Side = 'self' | 'peer';

/**
 * `open`: unanswered. `accepting`: this side signed its acceptance and has no receipt yet. `agreed`: both signed.
 * Any other is an end: nothing leads out of it.
 */
export type VersionState =
  | 'open'
  | 'accepting'
  | 'agreed'
  | 'declined'
  | 'withdrawn'
  | 'crossed'
  | 'superseded'
  | 'expired'
  | 'refused'
  | 'terminated';

export type Version = {
  id: VersionId;
  proposer: Side;
  /** Grows with each proposal of one proposer. */
  rev: number;
  /** The first version of this agreement, itself where it is the first: the agreement's own identity. */
  root: VersionId;
  replaces: VersionId | null;
  state: VersionState;
  expiresAtMs: number;
  effectiveFromMs: number;
  drainMs: number;
  noticeMs: number;
  /** When its proposer took the acceptance, by the receipt that both sides hold. */
  agreedAtMs: number | null;
};

export type Termination = { root: VersionId; by: Side; noticedAtMs: number; endsAtMs: number };

export type Book = { versions: readonly Version[]; terminations: readonly Termination[] };

export const EMPTY_BOOK: Book = { versions: [], terminations: [] };

export type Change =
  | { kind: 'add'; version: Version }
  | { kind: 'state'; id: VersionId; state: VersionState; agreedAtMs?: number }
  | { kind: 'terminate'; termination: Termination };

export function applyChanges(book: Book, changes: readonly Change[]): Book {
  let { versions, terminations } = book;
  for (const change of changes) {
    switch (change.kind) {
      case 'add':
        versions = [...versions, change.version];
        break;
      case 'state':
        versions = versions.map((version) =>
          version.id === change.id
            ? { ...version, state: change.state, agreedAtMs: change.agreedAtMs ?? version.agreedAtMs }
            : version,
        );
        break;
      case 'terminate': {
        const { root, by } = change.termination;
        terminations = [
          ...terminations.filter((one) => one.root !== root || one.by !== by),
          change.termination,
        ];
      }
    }
  }
  return { versions, terminations };
}

export function findVersion(book: Book, id: VersionId): Version | undefined {
  return book.versions.find((version) => version.id === id);
}

/** When an agreement ends: the earlier of what both sides said. */
export function endOf(book: Book, root: VersionId): number | undefined {
  const ends = book.terminations.filter((one) => one.root === root).map((one) => one.endsAtMs);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** The agreed version that replaces this one. */
export function successorOf(book: Book, id: VersionId): Version | undefined {
  return book.versions.find((version) => version.replaces === id && version.state === 'agreed');
}

/** The newest agreed version of the agreement nobody has terminated; there is one at most. */
export function newestVersion(book: Book): Version | undefined {
  return book.versions.find(
    (version) =>
      version.state === 'agreed' &&
      endOf(book, version.root) === undefined &&
      successorOf(book, version.id) === undefined,
  );
}

/** When a version starts to apply, once it is agreed. */
export function appliesFrom(version: Version): number {
  return Math.max(version.effectiveFromMs, version.agreedAtMs ?? 0);
}

/** When a version stops being the one to use; undefined while that is not known. What names it is valid for its drain after. */
export function replacedAt(book: Book, version: Version): number | undefined {
  const successor = successorOf(book, version.id);
  const times = [endOf(book, version.root), successor && appliesFrom(successor)].filter(
    (time) => time !== undefined,
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Digests in the order of their bytes. */
export function isLower(a: VersionId, b: VersionId): boolean {
  return Buffer.compare(Buffer.from(a, 'base64url'), Buffer.from(b, 'base64url')) < 0;
}
