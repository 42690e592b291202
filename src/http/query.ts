/**
 * Query strings, read in one way only: a repeated key, a broken escape or too many keys is remembered as a
 * fault, since a query parser has nowhere to answer from; `queryFault` hands it to the hook that answers.
 */

export type QueryFault = Readonly<{ key: string; reason: 'repeated' | 'malformed' | 'too_many' }>;

const MAX_PAIRS = 64;

const faults = new WeakMap<object, QueryFault[]>();

/** Form encoding (WHATWG URL, `application/x-www-form-urlencoded`). A repeated key becomes a list. */
export function parseQuery(text: string): Record<string, unknown> {
  const query = Object.create(null) as Record<string, unknown>;
  if (text === '') return query;
  const found: QueryFault[] = [];
  const pairs = text.split('&', MAX_PAIRS + 1);
  if (pairs.length > MAX_PAIRS) found.push({ key: '', reason: 'too_many' });
  for (const pair of pairs.slice(0, MAX_PAIRS)) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (key === undefined || value === undefined) {
      found.push({ key: key ?? '', reason: 'malformed' });
      continue;
    }
    const before = query[key];
    if (before === undefined) query[key] = value;
    else {
      query[key] = Array.isArray(before) ? [...before, value] : [before, value];
      found.push({ key, reason: 'repeated' });
    }
  }
  if (found.length > 0) faults.set(query, found);
  return query;
}

/** The first fault of a parsed query, apart from the keys that may be repeated here. */
export function queryFault(query: unknown, repeatable: readonly string[] = []): QueryFault | undefined {
  if (typeof query !== 'object' || query === null) return undefined;
  return faults.get(query)?.find(({ key, reason }) => reason !== 'repeated' || !repeatable.includes(key));
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}
