import type { AgreementTerms, HostGrant } from '../protocol/agreement/terms.ts';

/** What either side might take in: enough to be edited, and agreeable as it is. */
const GRANT: HostGrant = {
  documents: {
    types: ['billing.invoice', 'statement.account', 'certificate.insurance', 'contract.agreement', 'other'],
    perMonth: 100_000,
    bytesPerMonth: 50_000_000_000,
  },
  slots: [
    {
      slot: 'home-card',
      placement: 'home',
      categories: ['service', 'advice', 'offer'],
      locales: ['fr', 'en'],
      capacity: 3,
      caps: [
        { scope: 'category', max: 2, per: 1, unit: 'week', counts: 'placed' },
        { scope: 'slot', max: 1, per: 1, unit: 'day', counts: 'displayed' },
      ],
      quietHours: { from: '20:00', to: '08:00', zone: 'Europe/Paris' },
      human: { kind: 'thread' },
      titleMaxChars: 60,
      bodyMaxChars: 600,
    },
  ],
};

/** Terms to start from, the same for both sides, from the first of the next month. */
export function termsTemplate(parties: readonly [self: string, peer: string], nowMs: number): AgreementTerms {
  const now = new Date(nowMs);
  const effectiveFrom = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
  return {
    effectiveFrom: effectiveFrom.toISOString().replace('.000Z', 'Z'),
    drainDays: 14,
    noticeDays: 90,
    hosts: Object.fromEntries(parties.map((host) => [host, GRANT])),
    weights: { service: 0, advice: 1, offer: 3, survey: 2 },
    imbalance: { tolerance: 5_000, policy: 'throttle', serviceFloorPerMonth: 1_000 },
    quality: { displayedPercent: 40 },
    answers: { humanHours: 48 },
    statement: { period: 'month' },
  };
}

/** Terms with their members in the order of the template: a node answers them in any. */
export function inReadingOrder<T>(value: T): T {
  if (Array.isArray(value)) return value.map(inReadingOrder) as T;
  if (!isObject(value)) return value;
  const place = (name: string) => (NAMES.has(name) ? [...NAMES].indexOf(name) : NAMES.size);
  const members = Object.entries(value).sort(([one], [other]) => place(one) - place(other));
  return Object.fromEntries(members.map(([name, member]) => [name, inReadingOrder(member)])) as T;
}

const NAMES = new Set(namesIn(termsTemplate(['self', 'peer'], 0)));

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = Array.isArray(value) ? [] : Object.keys(value);
  return [...names, ...Object.values(value).flatMap(namesIn)];
}

/** `slot` names the slot it is in. */
export type TermsChange = { pointer: string; slot?: string; from?: unknown; to?: unknown };

/** Where terms differ: a JSON Pointer (RFC 6901) each, into `to` where it is there. What is absent has no member. */
export function diffTerms(from: unknown, to: unknown, pointer = ''): TermsChange[] {
  if (isObject(from) && isObject(to)) {
    return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name) =>
      diffTerms(from[name], to[name], `${pointer}/${escapePointer(name)}`),
    );
  }
  if (areRecords(from) && areRecords(to)) {
    return pair(from, to).flatMap(([one, other, index]) => {
      const slot = (other ?? one)?.['slot'];
      return diffTerms(one, other, `${pointer}/${index}`).map((change) =>
        typeof slot === 'string' ? { slot, ...change } : change,
      );
    });
  }
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  return [{ pointer, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
}

type Item = Record<string, unknown>;

/** Slots by their name, whatever their order; anything else by its place. */
function pair(from: readonly Item[], to: readonly Item[]): [Item | undefined, Item | undefined, number][] {
  const keyOf = (item: Item, index: number) => item['slot'] ?? index;
  const earlier = new Map(from.map((item, index) => [keyOf(item, index), item]));
  const later = new Set(to.map(keyOf));
  return [
    ...to.map((item, index): [Item | undefined, Item, number] => [
      earlier.get(keyOf(item, index)),
      item,
      index,
    ]),
    ...from.flatMap((item, index): [Item, undefined, number][] =>
      later.has(keyOf(item, index)) ? [] : [[item, undefined, index]],
    ),
  ];
}

function isObject(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areRecords(value: unknown): value is Item[] {
  return Array.isArray(value) && value.every(isObject);
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** What stands at a JSON Pointer; undefined where nothing does. */
export function valueAt(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (found, name) =>
        typeof found === 'object' && found !== null && Object.hasOwn(found, name)
          ? (found as Item)[name]
          : undefined,
      value,
    );
}
