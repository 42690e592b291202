// A host that writes what is not so, entry by entry: what the guest makes of it.
import t from 'tap';
import type { Contact, EntryFault } from '../../../src/protocol/ledger/applying.ts';
import { entryHash, entryTime, type LedgerEntry, originOf } from '../../../src/protocol/ledger/entry.ts';
import { isMissing, isUnreversed, type Withdrawn } from '../../../src/protocol/ledger/overdue.ts';
import { appendEntries, emptyHead } from '../../../src/protocol/ledger/sequence.ts';
import {
  emptyInstitution,
  type Institution,
  makeStatement,
  sequenceOf,
  take,
  takeStatement,
} from './world.ts';

const NOW_S = Date.UTC(2026, 10, 1) / 1000;
const HOST = 1;

/** A guest that holds receipts for these messages, a minute apart; each of category advice and weight 2. */
function guestWith(...exchanges: string[]): Institution {
  const me = emptyInstitution(0);
  for (const [at, exchange] of exchanges.entries()) {
    me.contacts.set(exchange, {
      ...{ category: 'advice', weight: 2, state: 'accepted', decidedS: NOW_S + at * 60 },
      ...{ postedSeq: undefined, withdrawnS: undefined, eligibleByS: undefined, reversedSeq: undefined },
      replaced: false,
    });
  }
  return me;
}

type Draft = Partial<LedgerEntry> & { exchange: string };

/** Entries chained as they have to be, whatever they say. */
function chain(...drafts: Draft[]): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const [at, draft] of drafts.entries()) {
    const before = entries.at(-1);
    const entry: LedgerEntry = {
      seq: at + 1,
      prev: before === undefined ? originOf(sequenceOf(HOST)) : entryHash(before),
      ...{ kind: 'post', category: 'advice', weight: 2 },
      total: (before?.total ?? 0) + (draft.kind === 'reverse' ? -1 : 1) * (draft.weight ?? 2),
      at: entryTime(NOW_S + at * 60),
      ...draft,
    };
    entries.push(entry);
  }
  return entries;
}

const faults = (me: Institution) => me.applied.map(({ fault }) => fault ?? 'right');

t.test('each wrong entry is taken, marked, and counts for nothing', async (t) => {
  const cases: [EntryFault, Draft[], counted: number][] = [
    ['unknown', [{ exchange: 'a' }, { exchange: 'nobody sent it' }], 2],
    ['weight', [{ exchange: 'a', weight: 3 }], 0],
    ['category', [{ exchange: 'a', category: 'offer' }], 0],
    ['time', [{ exchange: 'a', at: entryTime(NOW_S - 3_600) }], 0],
    ['time', [{ exchange: 'a', at: entryTime(NOW_S + 1) }], 0],
    ['duplicate', [{ exchange: 'a' }, { exchange: 'a', at: entryTime(NOW_S) }], 2],
    ['total', [{ exchange: 'a', total: 5 }], 0],
    ['reversal', [{ exchange: 'a' }, { exchange: 'b', kind: 'reverse', of: 1 }], 2],
    ['reversal', [{ exchange: 'a' }, { exchange: 'a', kind: 'reverse', of: 1, weight: 1 }], 2],
  ];
  for (const [fault, drafts, counted] of cases) {
    const me = guestWith('a', 'b');
    t.equal(take(me, chain(...drafts)), undefined, `${fault}: the sequence goes on`);
    t.equal(faults(me).at(-1), fault);
    t.equal(me.granted.counted, counted, `${fault}: counted`);
  }
  const rejected = guestWith('a');
  (rejected.contacts.get('a') as { state: string }).state = 'refused';
  take(rejected, chain({ exchange: 'a' }));
  t.same(faults(rejected), ['refused'], 'its own receipt says otherwise');
});

t.test('given back twice, or after it was marked', async (t) => {
  const me = guestWith('a', 'b');
  const back = { kind: 'reverse', of: 1 } as const;
  take(me, chain({ exchange: 'a' }, { exchange: 'a', ...back }, { exchange: 'a', ...back }));
  t.same(faults(me), ['right', 'right', 'reversal']);
  t.equal(me.granted.counted, 0);

  const mended = guestWith('a');
  take(mended, chain({ exchange: 'a', weight: 7 }, { exchange: 'a', ...back, weight: 7 }));
  t.same(faults(mended), ['weight', 'right'], 'a reversal mends what was disputed');
  t.equal(mended.granted.counted, 0);
  t.equal(mended.granted.total, 0);
});

t.test('entries in another order', async (t) => {
  const told = chain({ exchange: 'a' }, { exchange: 'b' });
  const [first, second] = told as [LedgerEntry, LedgerEntry];
  t.equal(take(guestWith('a', 'b'), [second, first]), 'manifest.invalid', 'the chain shows it');
  t.equal(take(guestWith('a', 'b'), [second]), 'ledger.gap');
  const late = guestWith('a', 'b', 'c');
  const shuffled = [
    { exchange: 'c', at: entryTime(NOW_S + 120) },
    { exchange: 'a', at: entryTime(NOW_S) },
  ];
  take(late, chain(...shuffled));
  t.same(faults(late), ['right', 'order'], 'chained anew, the times show it');
});

t.test('entries that were dropped', async (t) => {
  const me = guestWith('a', 'b', 'c');
  const [first, , third] = chain({ exchange: 'a' }, { exchange: 'b' }, { exchange: 'c' });
  t.equal(take(me, [first, third] as LedgerEntry[]), 'manifest.invalid', 'out of the middle');
  t.equal(take(me, [first] as LedgerEntry[]), undefined);
  t.equal(take(me, [third] as LedgerEntry[]), 'ledger.gap', 'so that a number is missing');

  const silent = guestWith('a', 'b', 'c');
  const missing = () =>
    [...silent.contacts].filter(([, one]) => isMissing(silent.granted, one)).map(([exchange]) => exchange);
  take(silent, chain({ exchange: 'b', at: entryTime(NOW_S + 60) }));
  t.same(missing(), [], 'it may still come');
  const went = chain(
    { exchange: 'b', at: entryTime(NOW_S + 60) },
    { exchange: 'c', at: entryTime(NOW_S + 120) },
  );
  take(silent, went);
  t.same(missing(), ['a'], 'the sequence has gone past its receipt');
});

t.test('a reversal that was dropped', async (t) => {
  const me = guestWith('a');
  const contact = me.contacts.get('a') as Contact & Withdrawn;
  const HOUR = 3_600;
  Object.assign(contact, { withdrawnS: NOW_S + 60, eligibleByS: NOW_S + 10 * HOUR });
  const entries = chain({ exchange: 'a' });
  take(me, entries);
  t.notOk(isUnreversed(me.granted, contact), 'it may still come');
  const head = entryHash(entries[0] as LedgerEntry);
  const state = (number: number, untilS: number) => makeStatement({ number, entries, head, untilS });
  t.equal(takeStatement(me, state(1, NOW_S + 2 * HOUR), NOW_S + 2 * HOUR), undefined);
  t.ok(isUnreversed(me.granted, contact), 'the time is closed');
  contact.eligibleByS = NOW_S + HOUR;
  t.notOk(isUnreversed(me.granted, contact), 'told to the hour, it may have been shown before');
});

t.test('a second history', async (t) => {
  const told = chain({ exchange: 'a' }, { exchange: 'b' });
  const other = chain({ exchange: 'b', at: entryTime(NOW_S + 60) }, { exchange: 'a' });
  const me = guestWith('a', 'b', 'c');
  t.equal(take(me, told), undefined);
  t.equal(take(me, told), undefined, 'said again, it changes nothing');
  t.equal(me.applied.length, 2);
  t.equal(take(me, other), 'ledger.fork');
  const grown = appendEntries(
    { ...emptyHead(sequenceOf(HOST)), seq: 2, total: 4, hash: entryHash(other[1] as LedgerEntry) },
    [{ kind: 'post', exchange: 'c', category: 'advice', weight: 2, atS: NOW_S + 120 }],
  );
  t.equal(take(me, grown.entries), 'ledger.fork', 'by what it is chained to');
  const elsewhere = chain({ exchange: 'a' });
  (elsewhere[0] as LedgerEntry).prev = originOf(sequenceOf(0));
  t.equal(take(guestWith('a'), elsewhere), 'ledger.fork', 'an entry of another sequence');
});

t.test('what is still on its way waits', async (t) => {
  const me = guestWith('a', 'b');
  Object.assign(me.contacts.get('b') ?? {}, { state: 'sent', decidedS: undefined });
  t.equal(take(me, chain({ exchange: 'a' }, { exchange: 'b' })), 'exchange.unknown');
  t.equal(me.applied.length, 0, 'all or nothing');
});

t.test('a statement that is not so', async (t) => {
  const entries = chain({ exchange: 'a' }, { exchange: 'b' });
  const right = makeStatement({
    ...{ number: 1, entries, head: entryHash(entries[1] as LedgerEntry), untilS: NOW_S + 200 },
  });
  const answer = (more: object) => {
    const me = guestWith('a', 'b');
    take(me, entries);
    return takeStatement(me, { ...right, ...more }, NOW_S + 200);
  };
  t.equal(answer({}), undefined);
  t.equal(answer({ opening: 1 }), 'opening');
  t.equal(answer({ closing: 5 }), 'closing');
  t.equal(answer({ first: 2 }), 'range');
  t.equal(answer({ until: entryTime(NOW_S + 900) }), 'until', 'a time to come');
  const counts = [{ category: 'offer', weight: 2, posted: 2, reversed: 0 }];
  t.equal(answer({ counts }), 'counts');
  t.equal(answer({ counts: [{ category: 'advice', weight: 2, posted: 3, reversed: 1 }] }), 'counts');
  t.equal(answer({ head: right.head.replace(/^./, 'x') }), 'ledger.fork');
  t.equal(answer({ number: 2 }), 'ledger.gap');
  t.equal(answer({ last: 3 }), 'ledger.gap');
  t.equal(
    answer({ last: 1, head: entryHash(entries[0] as LedgerEntry) }),
    'until',
    'an entry after it is older',
  );
});
