import type { Contact } from '../../src/protocol/ledger/applying.ts';
import type { BalanceFacts } from '../../src/protocol/ledger/balance.ts';
import { entryHash, entryTime, type LedgerEntry, originOf } from '../../src/protocol/ledger/entry.ts';
import type { LedgerStatement } from '../../src/protocol/ledger/statement.ts';
import { instant } from './agreements.ts';
import { A, B, digest, NOW, uuid } from './fixtures.ts';

const SEQUENCE = { agreement: digest('agreement of the ledger'), host: A, guest: B };
const MINUTE_S = 60;

/** A message of the guest, as it knows it. */
export type ContactShape = Pick<Contact, 'category' | 'weight' | 'state'> & {
  exchange: string;
  /** The second of the receipt. */
  decidedAt?: string;
};

const held = (label: string, minute: number, more: Partial<ContactShape> = {}): ContactShape => ({
  exchange: uuid(label),
  category: 'advice',
  weight: 1,
  state: 'accepted',
  decidedAt: entryTime(NOW + minute * MINUTE_S),
  ...more,
});

export const GUEST_HOLDS: ContactShape[] = [
  held('first', 0),
  held('second', 1),
  held('third', 2),
  held('an offer', 3, { category: 'offer', weight: 3 }),
  held('an edit', 4, { weight: 0 }),
  held('refused', 5, { state: 'refused' }),
  { exchange: uuid('under way'), category: 'advice', weight: 1, state: 'sent' },
];

type Draft = string | ({ label: string } & Partial<LedgerEntry>);

/** Entries chained as they have to be, about what the guest holds but for the changes. */
export function chain(drafts: readonly Draft[]): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const draft of drafts) {
    const { label, ...changes } = typeof draft === 'string' ? { label: draft } : draft;
    const contact = GUEST_HOLDS.find(({ exchange }) => exchange === uuid(label));
    const before = entries.at(-1);
    const kind = changes.kind ?? 'post';
    const weight = changes.weight ?? contact?.weight ?? 1;
    entries.push({
      seq: (before?.seq ?? 0) + 1,
      prev: before === undefined ? originOf(SEQUENCE) : entryHash(before),
      kind,
      exchange: uuid(label),
      category: contact?.category ?? 'advice',
      weight,
      total: (before?.total ?? 0) + (kind === 'post' ? weight : -weight),
      at: contact?.decidedAt ?? entryTime(NOW),
      ...changes,
    });
  }
  return entries;
}

export function hashCases(): { name: string; entry: LedgerEntry; hash: string }[] {
  const back = { label: 'second', kind: 'reverse', of: 2, at: entryTime(NOW + 600) } as const;
  const names = ['the first', 'the one after it', 'a reversal'];
  return chain(['first', 'second', back]).map((entry, at) => ({
    name: names[at] as string,
    entry,
    hash: entryHash(entry),
  }));
}

export type ApplyingCase = {
  name: string;
  exchanges: LedgerEntry[][];
  /** For each exchange: a refusal, or the reasons of its new entries. */
  expect: (string | string[])[];
  counted: number;
  missing: string[];
};

const applying = (
  name: string,
  exchanges: LedgerEntry[][],
  expect: ApplyingCase['expect'],
  counted: number,
  missing: string[] = [],
): ApplyingCase => ({ name, exchanges, expect, counted, missing: missing.map(uuid) });

/** One exchange whose last entry is wrong. */
const wrong = (reason: string, name: string, drafts: Draft[], counted: number) =>
  applying(name, [chain(drafts)], [[...drafts.slice(1).map(() => 'right'), reason]], counted);

export function applyingCases(): ApplyingCase[] {
  const [first, second, third] = chain(['first', 'second', 'third']) as [
    LedgerEntry,
    LedgerEntry,
    LedgerEntry,
  ];
  const back = { kind: 'reverse', of: 1, at: entryTime(NOW + 60) } as const;
  const [, secondFirst] = chain(['second', 'first']) as [LedgerEntry, LedgerEntry];
  const offers = chain(['first', 'an offer']);
  return [
    applying('in order', [[first, second, third]], [['right', 'right', 'right']], 3),
    applying(
      'in two exchanges, the second of which overlaps',
      [
        [first, second],
        [second, third],
      ],
      [['right', 'right'], ['right']],
      3,
    ),
    applying('an edit counts for nothing', [chain(['an offer', 'an edit'])], [['right', 'right']], 3),
    applying('given back', [chain(['first', { label: 'first', ...back }])], [['right', 'right']], 0),
    applying('a number is missing', [[second]], ['ledger.gap'], 0),
    applying('not one after the other', [[first, third]], ['manifest.invalid'], 0),
    applying('in the wrong order', [[second, first]], ['manifest.invalid'], 0),
    applying('a post that names another', [[{ ...first, of: 1 }]], ['manifest.invalid'], 0),
    applying('a receipt that may be on its way', [chain(['first', 'under way'])], ['exchange.unknown'], 0),
    applying('another entry of a known number', [[first], chain(['second'])], [['right'], 'ledger.fork'], 1),
    applying('chained onto another one', [[first], [secondFirst]], [['right'], 'ledger.fork'], 1),
    applying(
      'of another sequence',
      [[{ ...first, prev: originOf({ ...SEQUENCE, host: B, guest: A }) }]],
      ['ledger.fork'],
      0,
    ),
    wrong('unknown', 'a message nobody sent', ['first', 'nobody sent it'], 1),
    wrong('refused', 'a message that the host refused', ['first', 'refused'], 1),
    wrong('duplicate', 'a message posted twice', ['first', 'first'], 1),
    wrong(
      'duplicate',
      'a message posted again after it was given back',
      ['first', { label: 'first', ...back }, { label: 'first', at: entryTime(NOW) }],
      0,
    ),
    wrong('category', 'another category', [{ label: 'first', category: 'survey' }], 0),
    wrong('weight', 'heavier than agreed', ['first', { label: 'second', weight: 2 }], 1),
    wrong('weight', 'an edit that counts', [{ label: 'an edit', weight: 1 }], 0),
    wrong('time', 'dated back', [{ label: 'second', at: entryTime(NOW) }], 0),
    wrong('time', 'dated forward', [{ label: 'first', at: entryTime(NOW + 1) }], 0),
    wrong('reversal', 'a reversal of another message', ['first', { label: 'second', ...back }], 1),
    wrong(
      'reversal',
      'a reversal of more than was posted',
      ['first', { label: 'first', ...back, weight: 2, total: 0 }],
      1,
    ),
    wrong(
      'reversal',
      'given back twice',
      ['first', { label: 'first', ...back }, { label: 'first', ...back, total: 0 }],
      0,
    ),
    applying('out of the order of time', [chain(['third', 'first'])], [['right', 'order']], 1),
    applying('out of the order of time by a minute', [chain(['second', 'first'])], [['right', 'right']], 2),
    wrong('total', 'added up wrong', ['first', { label: 'second', total: 3 }], 1),
    applying(
      'a wrong one, given back',
      [
        chain([
          { label: 'first', weight: 5 },
          { label: 'first', ...back, weight: 5 },
        ]),
      ],
      [['weight', 'right']],
      0,
    ),
    applying('one left out, and the time for it over', [offers], [['right', 'right']], 4, ['second']),
  ];
}

export type BalanceCase = {
  name: string;
  imbalance: BalanceFacts['imbalance'];
  balance: number;
  weight: number;
  category: 'service' | 'advice';
  serviceThisMonth: number;
  /** When a message last passed the tolerance. */
  lastPast?: string;
  now: string;
  expect: 'taken' | 'ledger.throttled' | 'ledger.paused';
  nextEligibleAt?: string;
};

export function balanceCases(): BalanceCase[] {
  const base = {
    imbalance: { tolerance: 10, policy: 'pause', serviceFloorPerMonth: 2 },
    balance: 10,
    weight: 1,
    category: 'advice',
    serviceThisMonth: 0,
    now: instant(NOW),
    expect: 'taken',
  } as const;
  const throttle = { ...base, imbalance: { ...base.imbalance, policy: 'throttle' } } as const;
  const service = { ...base, category: 'service' } as const;
  const lastPast = instant(NOW - 1800);
  return [
    { ...base, name: 'up to the tolerance', balance: 9 },
    { ...base, name: 'past it', expect: 'ledger.paused' },
    { ...base, name: 'past it by one heavy message', balance: 0, weight: 11, expect: 'ledger.paused' },
    { ...base, name: 'worth nothing', balance: 50, weight: 0 },
    { ...base, name: 'behind', balance: -50, weight: 60 },
    { ...base, name: 'where it only warns', imbalance: { ...base.imbalance, policy: 'warn' } },
    { ...service, name: 'the last service message of the floor', serviceThisMonth: 1 },
    { ...service, name: 'a service message past the floor', serviceThisMonth: 2, expect: 'ledger.paused' },
    { ...throttle, name: 'the first past the tolerance' },
    {
      ...{ ...throttle, name: 'the second within the hour', lastPast, expect: 'ledger.throttled' as const },
      nextEligibleAt: instant(NOW + 1800),
    },
    { ...throttle, name: 'the second an hour later', lastPast: instant(NOW - 3600) },
  ];
}

export type StatementCase = {
  name: string;
  entries: LedgerEntry[];
  /** What the statement before closed. */
  closed: { seq: number; until?: string };
  statement: LedgerStatement;
  now: string;
  expect: string | null;
};

export function statementOf(entries: readonly LedgerEntry[]): LedgerStatement {
  const last = entries.at(-1) as LedgerEntry;
  return {
    ...{ number: 1, first: 1, last: last.seq, head: entryHash(last), opening: 0, closing: last.total },
    counts: [{ category: 'advice', weight: 1, posted: entries.length, reversed: 0 }],
    until: entryTime(NOW + 600),
  };
}

export function statementCases(): StatementCase[] {
  const entries = chain(['first', 'second']);
  const right = statementOf(entries);
  const now = instant(NOW + 600);
  const one = (
    name: string,
    expect: string | null,
    changes: Partial<LedgerStatement> = {},
  ): StatementCase => ({
    ...{ name, entries, closed: { seq: 0 }, statement: { ...right, ...changes }, now, expect },
  });
  const more = chain(['first', 'second', 'third']);
  return [
    one('as it is', null),
    one('a range that leaves one out', 'range', { first: 2 }),
    one('a time to come', 'until', { until: entryTime(NOW + 661) }),
    one('another opening', 'opening', { opening: 1 }),
    one('another closing', 'closing', { closing: 3 }),
    one('counts that come to something else', 'closing', {
      counts: [{ category: 'advice', weight: 1, posted: 3, reversed: 0 }],
    }),
    one('counts of entries that are not there', 'counts', {
      counts: [{ category: 'advice', weight: 1, posted: 3, reversed: 1 }],
    }),
    { ...one('an entry after it that is older', 'until'), entries: more },
    {
      ...one('a second one', null, {
        number: 2,
        first: 3,
        last: 3,
        head: entryHash(more[2] as LedgerEntry),
        opening: 2,
        closing: 3,
        counts: [{ category: 'advice', weight: 1, posted: 1, reversed: 0 }],
      }),
      ...{ entries: more, closed: { seq: 2, until: entryTime(NOW + 120) } },
    },
  ];
}
