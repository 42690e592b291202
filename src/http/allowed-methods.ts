/**
 * Which methods an address takes, for the Allow header of a 405 (RFC 9110 section 15.5.6): Fastify's router
 * only tells whether this very method has a route.
 */
export type AllowedMethods = Readonly<{
  /** `pattern` in Fastify's notation: `/v1/documents/:id`. A trailing `*` takes the rest of the path. */
  add: (pattern: string, methods: string | readonly string[]) => void;
  /** Sorted; empty where nothing answers at all. `url` may carry a query. */
  of: (url: string) => string[];
}>;

type Entry = { segments: readonly string[]; methods: readonly string[] };

export function createAllowedMethods(): AllowedMethods {
  const entries: Entry[] = [];
  return Object.freeze({
    add(pattern: string, methods: string | readonly string[]) {
      entries.push({
        segments: pattern.split('/'),
        methods: typeof methods === 'string' ? [methods] : methods,
      });
    },
    of(url: string) {
      const segments = (url.split('?', 1)[0] ?? '').split('/');
      const matching = entries.filter((entry) => matches(entry.segments, segments));
      return [...new Set(matching.flatMap(({ methods }) => methods))].sort();
    },
  });
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, segment] of pattern.entries()) {
    if (segment === '*') return true;
    const actual = path[index];
    if (actual === undefined) return false;
    if (!segment.includes(':') && segment !== actual) return false;
  }
  return pattern.length === path.length;
}
