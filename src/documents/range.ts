/** Bytes `from` to `to` (excluded). */
export type ByteRange = { from: number; to: number };

export type RangeResult =
  /** No range that binds: the whole is the answer. */
  { kind: 'whole' } | { kind: 'part'; range: ByteRange } | { kind: 'unsatisfiable' };

const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/i;

/**
 * One byte range of RFC 9110 section 14.1.2. Other units, several ranges and what isn't well formed are ignored, as the
 * RFC allows: the answer is then the whole.
 */
export function readRange(header: string | undefined, size: number): RangeResult {
  const match = header === undefined ? null : ONE_RANGE.exec(header.replaceAll(/[ \t]/g, ''));
  if (match === null) return { kind: 'whole' };
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return { kind: 'whole' };
    const length = Math.min(Number(last), size);
    return length === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', range: { from: size - length, to: size } };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return { kind: 'whole' };
  if (from >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', range: { from, to: last === '' ? size : Math.min(Number(last) + 1, size) } };
}

/** Whether a Range holds under this If-Range (RFC 9110 section 13.1.5): only a strong tag that is ours. */
export function rangeHolds(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange.trim() === etag;
}

/** Whether an If-None-Match names what the caller would get (RFC 9110 section 13.1.2). */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** RFC 6266: an attachment under its own name, with a plain ASCII name for who reads no other. */
export function attachmentHeader(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .replaceAll(/["\\%/]/g, '_')
    .trim();
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain === '' ? 'document' : plain}"; filename*=UTF-8''${encoded}`;
}
