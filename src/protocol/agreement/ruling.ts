import type { RefusalCode } from '../refusal.ts';
import { CLOCK_SKEW_S } from '../time.ts';
import {
  appliesFrom,
  type Book,
  endOf,
  findVersion,
  replacedAt,
  type Version,
  type VersionId,
} from './book.ts';

const SKEW_MS = CLOCK_SKEW_S * 1000;

export type Ruling = { ok: true; version: Version | undefined } | { ok: false; code: RefusalCode };

/**
 * Whether an exchange of the peer that names this version is judged under it now. No other version ever takes its
 * place. The time is the judging node's; both clocks may be off by the skew.
 */
export function ruleOn(book: Book, id: VersionId, nowMs: number): Ruling {
  const version = findVersion(book, id);
  if (version === undefined) return { ok: false, code: 'agreement.unknown' };
  if (version.state === 'open') return { ok: false, code: 'agreement.pending' };
  // An acceptance this side signed is its word, whether or not it has the receipt.
  if (version.state !== 'agreed' && version.state !== 'accepting')
    return { ok: false, code: 'agreement.closed' };
  if (nowMs + SKEW_MS < appliesFrom(version)) return { ok: false, code: 'agreement.not_effective' };
  const replaced = replacedAt(book, version);
  return replaced !== undefined && nowMs >= replaced + version.drainMs + SKEW_MS
    ? { ok: false, code: 'agreement.ended' }
    : { ok: true, version };
}

/**
 * Whether an exchange that names no version may still pass: where no agreement applies, and while what was signed before one
 * did may be on its way, for as long as its first version drains.
 */
export function ruleOnNone(book: Book, nowMs: number): Ruling {
  const agreed = book.versions.filter(({ state }) => state === 'agreed');
  const bound = agreed.some((first) => {
    if (first.replaces !== null) return false;
    // An amendment may begin before what it amends.
    const begins = Math.min(...agreed.filter(({ root }) => root === first.id).map(appliesFrom));
    const end = endOf(book, first.id) ?? Number.POSITIVE_INFINITY;
    return nowMs >= begins + first.drainMs + SKEW_MS && nowMs < end - SKEW_MS;
  });
  return bound ? { ok: false, code: 'agreement.missing' } : { ok: true, version: undefined };
}

/**
 * The version this side names in what may come under none: the one that applies, or else one that drains. The other side may
 * not have heard yet that it ended, and honours it either way.
 */
export function versionToName(book: Book, nowMs: number): Version | undefined {
  const current = currentVersion(book, nowMs);
  if (current !== undefined) return current;
  return book.versions
    .filter((version) => {
      const replaced = replacedAt(book, version);
      if (version.state !== 'agreed' || replaced === undefined) return false;
      // One that was to begin after its end has never applied.
      return (
        appliesFrom(version) < replaced && appliesFrom(version) <= nowMs && nowMs < replaced + version.drainMs
      );
    })
    .sort((a, b) => appliesFrom(b) - appliesFrom(a))[0];
}

/** The version that applies now; undefined where none does. */
export function currentVersion(book: Book, nowMs: number): Version | undefined {
  return book.versions
    .filter(
      (version) =>
        version.state === 'agreed' &&
        appliesFrom(version) <= nowMs &&
        nowMs < (replacedAt(book, version) ?? Number.POSITIVE_INFINITY),
    )
    .sort((a, b) => appliesFrom(b) - appliesFrom(a))[0];
}
