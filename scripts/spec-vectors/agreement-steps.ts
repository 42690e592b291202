import { DAY_S, NOW } from './fixtures.ts';

/** What agreements.json says of a version, of what was said to end an agreement, and of both together. */
export type VersionShape = {
  id: string;
  proposer: 'self' | 'peer';
  rev: number;
  agreement: string;
  replaces: string | null;
  state: string;
  expiresAt: string;
  effectiveFrom: string;
  drainDays: number;
  noticeDays: number;
  agreedAt: string | null;
};
export type TerminationShape = { agreement: string; noticedAt: string; endsAt: string };
export type BookShape = {
  versions: VersionShape[];
  terminations: (TerminationShape & { by: 'self' | 'peer' })[];
};
export type ChangeShape =
  | { adds: string }
  | { version: string; state: string; agreedAt?: string }
  | { ends: TerminationShape };

/** The version proposed, one that is named, or an end. */
export type StepShape = {
  act: string;
  proposal?: VersionShape;
  declines?: string;
  version?: string;
  termination?: TerminationShape;
};
export type AnswerShape = { act: string; version: string; agreedAt?: string; state?: string };

export type StepExpectation = { refused: string } | { changes: ChangeShape[] };
type Case<Of> = { name: string; now: string; book: BookShape } & Of;
export type StepCase = Case<StepShape & { expect: StepExpectation }>;
export type AnswerCase = Case<AnswerShape & { expect: StepExpectation }>;
export type ExchangeCase = Case<{
  agr: string | null;
  expect: { refused: string } | { version: string | null };
}>;
export type CurrentCase = Case<{ expect: { version: string | null } }>;

const DAY_MS = DAY_S * 1000;
const at = (ms: number) => new Date(NOW * 1000 + ms).toISOString();
const days = (count: number) => at(count * DAY_MS);
const MINUTE_MS = 60_000;

/** `a` is lower than `b`, and so on. */
const idOf = (letter: string) => Buffer.alloc(32, letter).toString('base64url');

/** Proposed by this side two days ago, open for another day, to begin at once. */
function version(letter: string, changes: Partial<VersionShape> = {}): VersionShape {
  return {
    id: idOf(letter),
    proposer: 'self',
    rev: letter.charCodeAt(0),
    agreement: idOf(letter),
    replaces: null,
    state: 'open',
    expiresAt: days(1),
    effectiveFrom: days(0),
    drainDays: 10,
    noticeDays: 30,
    agreedAt: changes.state === 'agreed' ? days(-1) : null,
    ...changes,
  };
}
const theirs = (letter: string, changes: Partial<VersionShape> = {}) =>
  version(letter, { proposer: 'peer', ...changes });

const book = (...versions: VersionShape[]): BookShape => ({ versions, terminations: [] });
const none = book();
const FIRST = idOf('B');
/** An agreement in force. */
const first = version('B', { state: 'agreed' });
const amending = { agreement: FIRST, replaces: FIRST };
/** Its first amendment. */
const second = theirs('C', { ...amending, state: 'agreed' });

const notice = (endsInDays: number, noticedInDays = 0): TerminationShape => ({
  agreement: FIRST,
  noticedAt: days(noticedInDays),
  endsAt: days(endsInDays),
});
const ended = (given: BookShape, by: 'self' | 'peer', endsInDays: number): BookShape => ({
  ...given,
  terminations: [...given.terminations, { ...notice(endsInDays, -30), by }],
});

const refused = (code: string) => ({ refused: code });
const changes = (...of: ChangeShape[]) => ({ changes: of });
const becomes = (letter: string, state: string): ChangeShape => ({ version: idOf(letter), state });
const agreedAt = (letter: string, ms: number): ChangeShape => ({
  version: idOf(letter),
  state: 'agreed',
  agreedAt: at(ms),
});
const nothing = changes();

type Options = { declines?: string; now?: string };

const proposes = (
  name: string,
  given: BookShape,
  proposal: VersionShape,
  expect: StepExpectation,
  { declines, now = days(0) }: Options = {},
): StepCase => ({
  name,
  act: 'agreement.propose',
  now,
  proposal,
  ...(declines !== undefined && { declines }),
  book: given,
  expect,
});

const names =
  (act: string) =>
  (name: string, given: BookShape, letter: string, expect: StepExpectation, now = days(0)): StepCase => ({
    name,
    act,
    now,
    version: idOf(letter),
    book: given,
    expect,
  });
const accepts = names('agreement.accept');
const declines = names('agreement.decline');

const terminates = (
  name: string,
  given: BookShape,
  termination: TerminationShape,
  expect: StepExpectation,
): StepCase => ({ name, act: 'agreement.terminate', now: days(0), termination, book: given, expect });

function ownProposals(): StepCase[] {
  const own = version('F');
  const amendment = version('F', amending);
  const lapsed = { now: days(2) };
  const later = { expiresAt: days(5) };
  return [
    proposes('a first agreement', none, own, changes({ adds: own.id })),
    proposes('beside an own open proposal', book(version('E')), own, refused('agreement.open')),
    proposes('beside an open one of the peer', book(theirs('E')), own, refused('agreement.open')),
    proposes(
      'a counter-proposal',
      book(theirs('E')),
      own,
      changes(becomes('E', 'declined'), { adds: own.id }),
      {
        declines: idOf('E'),
      },
    ),
    proposes('a counter-proposal to nothing', none, own, refused('agreement.closed'), {
      declines: idOf('E'),
    }),
    proposes(
      'while an own acceptance is under way',
      book(theirs('E', { state: 'accepting' })),
      own,
      refused('agreement.pending'),
    ),
    proposes('a second first one', book(first), own, refused('agreement.exists')),
    proposes('an amendment', book(first), amendment, changes({ adds: own.id })),
    proposes(
      'an amendment of what was replaced',
      book(first, second),
      amendment,
      refused('agreement.outdated'),
    ),
    proposes(
      'an amendment of what is being ended',
      ended(book(first), 'peer', 20),
      amendment,
      refused('agreement.ended'),
    ),
    proposes(
      'a new agreement while the other one ends',
      ended(book(first), 'peer', 20),
      own,
      changes({ adds: own.id }),
    ),
    proposes(
      'after an own one that has expired',
      book(version('E')),
      version('F', later),
      changes(becomes('E', 'expired'), { adds: own.id }),
      lapsed,
    ),
    proposes(
      'after one of the peer that has expired',
      book(theirs('E')),
      version('F', later),
      changes(becomes('E', 'expired'), { adds: own.id }),
      lapsed,
    ),
  ];
}

function peerProposals(): StepCase[] {
  const asked = theirs('F');
  const amendment = theirs('F', amending);
  const adds: ChangeShape = { adds: asked.id };
  const based = (state: string, proposer: 'self' | 'peer' = 'self') =>
    book({ ...first, state, proposer, rev: 1 });
  return [
    proposes('a first agreement', none, asked, changes(adds)),
    proposes('the same again', book(asked), asked, nothing),
    proposes('the same again, once declined', book({ ...asked, state: 'declined' }), asked, nothing),
    proposes('what this side proposed', book(version('F')), asked, refused('agreement.closed')),
    proposes('a second before it expires', none, asked, changes(adds), { now: at(DAY_MS - 1000) }),
    proposes('when it has expired', none, asked, refused('agreement.expired'), { now: days(1) }),
    proposes('crossed, the own one being lower', book(version('E')), asked, refused('agreement.crossed')),
    proposes(
      'crossed, the own one being higher',
      book(version('G')),
      asked,
      changes(becomes('G', 'crossed'), adds),
    ),
    proposes(
      'crossed by an own one that has expired',
      book(version('E', { expiresAt: days(-1) })),
      asked,
      changes(becomes('E', 'expired'), adds),
    ),
    proposes(
      'a counter-proposal, the own one being lower',
      book(version('E')),
      asked,
      changes(becomes('E', 'declined'), adds),
      {
        declines: idOf('E'),
      },
    ),
    proposes(
      'crossed, answering another than the open one',
      book(version('E')),
      asked,
      refused('agreement.crossed'),
      {
        declines: idOf('D'),
      },
    ),
    proposes('a newer one', book(theirs('E')), asked, changes(becomes('E', 'superseded'), adds)),
    proposes('an older one, late', book(theirs('G')), asked, refused('agreement.closed')),
    proposes(
      'another of the same revision',
      book(theirs('E', { rev: asked.rev })),
      asked,
      refused('agreement.closed'),
    ),
    proposes(
      'an older one than what was declined',
      book(theirs('G', { state: 'declined' })),
      asked,
      refused('agreement.closed'),
    ),
    proposes(
      'a lower revision than an own one',
      book(version('G', { state: 'withdrawn' })),
      asked,
      changes(adds),
    ),
    proposes('a second first one', book(first), asked, refused('agreement.outdated')),
    proposes(
      'a first one while an own acceptance is under way',
      based('accepting', 'peer'),
      asked,
      changes(adds),
    ),
    proposes('an amendment', book(first), amendment, changes(adds)),
    proposes('an amendment of nothing known', none, amendment, refused('agreement.unknown')),
    proposes(
      'an amendment of what this side has accepted',
      based('accepting', 'peer'),
      amendment,
      changes(adds),
    ),
    proposes('an amendment of what is still open', based('open'), amendment, refused('agreement.pending')),
    proposes('an amendment of what was declined', based('declined'), amendment, refused('agreement.closed')),
    proposes(
      'an amendment of what was replaced',
      book(first, second),
      amendment,
      refused('agreement.outdated'),
    ),
    proposes(
      'an amendment of what is being ended',
      ended(book(first), 'self', 20),
      amendment,
      refused('agreement.ended'),
    ),
    proposes(
      'a new agreement while the other one ends',
      ended(book(first), 'self', 20),
      asked,
      changes(adds),
    ),
  ];
}

function ownAnswers(): StepCase[] {
  const asked = theirs('F');
  const state = (name: string) => book({ ...asked, state: name });
  return [
    accepts('an open proposal', book(asked), 'F', changes(becomes('F', 'accepting'))),
    accepts('again', state('accepting'), 'F', nothing),
    accepts('what is agreed', state('agreed'), 'F', nothing),
    accepts('nothing known', none, 'F', refused('agreement.unknown')),
    accepts('an own proposal', book(version('F')), 'F', refused('agreement.unknown')),
    accepts('what was withdrawn', state('withdrawn'), 'F', refused('agreement.closed')),
    accepts('what has expired', book(asked), 'F', refused('agreement.expired'), days(1)),
    accepts('beside an own open proposal', book(asked, version('G')), 'F', refused('agreement.open')),
    accepts(
      'while another acceptance is under way',
      book(theirs('E', { state: 'accepting' }), asked),
      'F',
      refused('agreement.pending'),
    ),
    accepts('a second first one', book(first, asked), 'F', refused('agreement.outdated')),
    declines('what the peer proposed', book(asked), 'F', changes(becomes('F', 'declined'))),
    declines('what this side proposed', book(version('F')), 'F', changes(becomes('F', 'withdrawn'))),
    declines('again', state('declined'), 'F', nothing),
    declines('nothing known', none, 'F', refused('agreement.unknown')),
    declines('what this side has accepted', state('accepting'), 'F', refused('agreement.pending')),
    declines('what is agreed', book(first), 'B', refused('agreement.closed')),
  ];
}

function peerAnswers(): StepCase[] {
  const own = version('F');
  const state = (name: string) => book({ ...own, state: name });
  return [
    accepts('an open proposal', book(own), 'F', changes(agreedAt('F', 5_000)), at(5_000)),
    accepts('an amendment', book(first, version('F', amending)), 'F', changes(agreedAt('F', 0))),
    accepts('again, later', state('agreed'), 'F', nothing, days(20)),
    accepts('nothing known', none, 'F', refused('agreement.unknown')),
    accepts('what it proposed itself', book(theirs('F')), 'F', refused('agreement.unknown')),
    accepts(
      'a second before it expires',
      book(own),
      'F',
      changes(agreedAt('F', DAY_MS - 1000)),
      at(DAY_MS - 1000),
    ),
    accepts('when it has expired: there is no skew', book(own), 'F', refused('agreement.expired'), days(1)),
    accepts('what was stored as expired', state('expired'), 'F', refused('agreement.expired')),
    accepts('what was withdrawn', state('withdrawn'), 'F', refused('agreement.closed')),
    accepts('what gave way to its own', state('crossed'), 'F', refused('agreement.closed')),
    accepts('what it declined', state('declined'), 'F', refused('agreement.closed')),
    accepts(
      'an amendment that ended with its agreement',
      ended(book(first, version('F', { ...amending, state: 'terminated' })), 'self', 20),
      'F',
      refused('agreement.closed'),
    ),
    declines('what this side proposed', book(own), 'F', changes(becomes('F', 'declined'))),
    declines('what it proposed itself', book(theirs('F')), 'F', changes(becomes('F', 'withdrawn'))),
    declines('again', state('declined'), 'F', nothing),
    declines('what is agreed', book(first), 'B', nothing),
    declines(
      'what this side has accepted: the acceptance has an answer of its own',
      book(theirs('F', { state: 'accepting' })),
      'F',
      nothing,
    ),
    declines('nothing known', none, 'F', refused('agreement.unknown')),
  ];
}

/** The same whoever says it: `amendment` is one that the other side proposed. */
function terminations(by: 'self' | 'peer'): StepCase[] {
  const ends = (endsInDays: number): ChangeShape => ({ ends: notice(endsInDays) });
  const amendment = version('F', { ...amending, proposer: by === 'self' ? 'peer' : 'self' });
  return [
    terminates('at the end of its notice', book(first), notice(30), changes(ends(30))),
    terminates('a day too soon', book(first), notice(29), refused('agreement.notice')),
    terminates(
      'when an amendment asks for more notice',
      book(first, { ...second, noticeDays: 60 }),
      notice(59),
      refused('agreement.notice'),
    ),
    terminates(
      'with an open amendment',
      book(first, amendment),
      notice(30),
      changes(becomes('F', 'terminated'), ends(30)),
    ),
    terminates('an agreement that was amended', book(first, second), notice(30), changes(ends(30))),
    terminates('nothing known', none, notice(30), refused('agreement.unknown')),
    terminates(
      'by its second version',
      book(first, second),
      { ...notice(30), agreement: second.id },
      refused('manifest.invalid'),
    ),
    terminates('again', ended(book(first), by, 40), { ...notice(40, -30) }, nothing),
    terminates('again, for later', ended(book(first), by, 40), notice(50), nothing),
    terminates('again, for sooner', ended(book(first), by, 40), notice(35), changes(ends(35))),
    terminates(
      'what the other side has ended',
      ended(book(first), by === 'self' ? 'peer' : 'self', 40),
      notice(35),
      changes(ends(35)),
    ),
  ];
}

function ownTerminations(): StepCase[] {
  const stricter = theirs('F', { ...amending, state: 'accepting', noticeDays: 90 });
  return [
    ...terminations('self'),
    terminates('a proposal', book(version('B')), notice(30), refused('agreement.unknown')),
    terminates(
      'what this side has only just accepted',
      book(theirs('B', { state: 'accepting' })),
      notice(30),
      refused('agreement.pending'),
    ),
    terminates(
      'held to what this side has signed',
      book(first, stricter),
      notice(60),
      refused('agreement.notice'),
    ),
  ];
}

function peerTerminations(): StepCase[] {
  const stricter = theirs('F', { ...amending, state: 'accepting', noticeDays: 90 });
  return [
    ...terminations('peer'),
    terminates('a proposal', book(version('B')), notice(30), refused('agreement.pending')),
    terminates('noticed 30 days ago', book(first), notice(30, -30), changes({ ends: notice(30, -30) })),
    terminates('noticed 31 days ago', book(first), notice(30, -31), refused('agreement.notice')),
    terminates('noticed tomorrow', book(first), notice(60, 1), refused('manifest.invalid')),
    terminates(
      'what this side has accepted and the peer has taken',
      book(theirs('B', { state: 'accepting' })),
      notice(30),
      changes({ ends: notice(30) }),
    ),
    terminates(
      'held only to what both surely know',
      book(first, stricter),
      notice(30),
      changes({ ends: notice(30) }),
    ),
  ];
}

function answers(): AnswerCase[] {
  const answer = (
    name: string,
    act: string,
    given: BookShape,
    { expect, ...told }: { agreedAt?: string; state?: string; expect: StepExpectation },
  ): AnswerCase => ({ name, act, now: days(0), version: idOf('F'), ...told, book: given, expect });
  const accept = 'agreement.accept';
  const propose = 'agreement.propose';
  const accepting = book(theirs('F', { state: 'accepting' }));
  const agreed = book(theirs('F', { state: 'agreed', agreedAt: at(-9000) }));
  const own = book(version('F'));
  return [
    answer('taken', accept, accepting, { agreedAt: at(-5000), expect: changes(agreedAt('F', -5000)) }),
    answer('refused', accept, accepting, { expect: changes(becomes('F', 'refused')) }),
    answer('taken twice: the earlier receipt counts', accept, agreed, {
      agreedAt: at(-10_000),
      expect: changes(agreedAt('F', -10_000)),
    }),
    answer('taken twice, the later receipt', accept, agreed, { agreedAt: at(-5000), expect: nothing }),
    answer('refused, once taken', accept, agreed, { expect: nothing }),
    answer('refused, as crossed', propose, own, {
      state: 'crossed',
      expect: changes(becomes('F', 'crossed')),
    }),
    answer('refused', propose, own, { state: 'refused', expect: changes(becomes('F', 'refused')) }),
    answer('closed before it arrived', propose, own, {
      state: 'expired',
      expect: changes(becomes('F', 'expired')),
    }),
    answer('refused, once it was withdrawn', propose, book(version('F', { state: 'withdrawn' })), {
      state: 'refused',
      expect: nothing,
    }),
  ];
}

/** In force for a hundred days; an amendment begins in five; and the agreement may end in thirty. */
const inForce = { ...first, effectiveFrom: days(-100), agreedAt: days(-110) };
const amendedSoon = book(inForce, { ...second, effectiveFrom: days(5) });
const endsSoon: BookShape = {
  versions: amendedSoon.versions,
  terminations: [{ ...notice(30), by: 'peer' }],
};

function exchanges(): ExchangeCase[] {
  const exchange = (
    name: string,
    given: BookShape,
    agr: string | null,
    expect: ExchangeCase['expect'],
    now = days(0),
  ): ExchangeCase => ({ name, now, agr: agr === null ? null : idOf(agr), book: given, expect });
  const under = (letter: string) => ({ version: idOf(letter) });
  const passes = { version: null };
  const later = (inDays: number, ms = 0) => at(inDays * DAY_MS + ms);
  const next = book({ ...first, effectiveFrom: days(1) });
  const late = book({ ...first, effectiveFrom: days(-50), agreedAt: days(2) });
  const begun = book({ ...first, effectiveFrom: days(-50), agreedAt: days(0) });
  return [
    exchange('a version in force', book(inForce), 'B', under('B')),
    exchange('one nobody knows', none, 'B', refused('agreement.unknown')),
    exchange('an open proposal', book(version('B')), 'B', refused('agreement.pending')),
    exchange('one this side has signed', book(theirs('B', { state: 'accepting' })), 'B', under('B')),
    ...['declined', 'withdrawn', 'crossed', 'superseded', 'expired', 'refused', 'terminated'].map((state) =>
      exchange(`one that was ${state}`, book(version('B', { state })), 'B', refused('agreement.closed')),
    ),
    exchange(
      'over 60 s before it begins',
      next,
      'B',
      refused('agreement.not_effective'),
      later(1, -MINUTE_MS - 1000),
    ),
    exchange('60 s before it begins', next, 'B', under('B'), later(1, -MINUTE_MS)),
    exchange('one that was to begin before it was agreed', late, 'B', refused('agreement.not_effective')),
    exchange('the earlier version before the amendment begins', amendedSoon, 'B', under('B'), later(4)),
    exchange(
      'the amendment before it begins',
      amendedSoon,
      'C',
      refused('agreement.not_effective'),
      later(4),
    ),
    exchange('the earlier version during its drain', amendedSoon, 'B', under('B'), later(15)),
    exchange(
      'the earlier version 59 s after its drain',
      amendedSoon,
      'B',
      under('B'),
      later(15, MINUTE_MS - 1000),
    ),
    exchange(
      'the earlier version 60 s after its drain',
      amendedSoon,
      'B',
      refused('agreement.ended'),
      later(15, MINUTE_MS),
    ),
    exchange(
      'the amendment after the earlier one’s drain',
      amendedSoon,
      'C',
      under('C'),
      later(15, MINUTE_MS),
    ),
    exchange('after the end, during the drain', endsSoon, 'C', under('C'), later(40)),
    exchange(
      '60 s after the drain of the end',
      endsSoon,
      'C',
      refused('agreement.ended'),
      later(40, MINUTE_MS),
    ),
    exchange(
      'the earlier of two ends counts',
      ended(endsSoon, 'self', 20),
      'C',
      refused('agreement.ended'),
      later(30, MINUTE_MS),
    ),
    exchange(
      'the end of an agreement that another one has followed',
      { ...ended(book(inForce, theirs('D', { state: 'agreed' })), 'self', -20) },
      'D',
      under('D'),
    ),
    exchange('none, where there is no agreement', none, null, passes),
    exchange(
      'none, where there is a proposal',
      book(version('B', { expiresAt: days(5) })),
      null,
      passes,
      later(2),
    ),
    exchange(
      'none, within the drain after the first beginning',
      begun,
      null,
      passes,
      later(10, MINUTE_MS - 1000),
    ),
    exchange('none, after it', begun, null, refused('agreement.missing'), later(10, MINUTE_MS)),
    exchange(
      'none, just after an amendment has begun',
      amendedSoon,
      null,
      refused('agreement.missing'),
      later(6),
    ),
    exchange(
      'none, whose grace is the first version’s drain',
      { ...begun, versions: [...begun.versions, { ...second, effectiveFrom: days(1), drainDays: 1 }] },
      null,
      passes,
      later(5),
    ),
    exchange('none, before the end', endsSoon, null, refused('agreement.missing'), later(29)),
    exchange('none, after the end and the drain', endsSoon, null, passes, later(41)),
  ];
}

const chooses = (name: string, given: BookShape, letter: string | null, ms = 0): CurrentCase => ({
  name,
  now: at(ms),
  book: given,
  expect: { version: letter === null ? null : idOf(letter) },
});

function current(): CurrentCase[] {
  return [
    chooses('no agreement', none, null),
    chooses('an agreement in force', book(inForce), 'B'),
    chooses(
      'a version this side has signed and has no receipt for',
      book(theirs('B', { state: 'accepting' })),
      null,
    ),
    chooses('a second before it begins', book({ ...first, effectiveFrom: days(1) }), null, DAY_MS - 1000),
    chooses('when it begins', book({ ...first, effectiveFrom: days(1) }), 'B', DAY_MS),
    chooses('a second before the amendment begins', amendedSoon, 'B', 5 * DAY_MS - 1000),
    chooses('when the amendment begins', amendedSoon, 'C', 5 * DAY_MS),
    chooses('a second before the end', endsSoon, 'C', 30 * DAY_MS - 1000),
    chooses('at the end', endsSoon, null, 30 * DAY_MS),
    chooses(
      'an amendment that would begin after the end',
      ended(book(inForce, { ...second, effectiveFrom: days(40) }), 'self', 30),
      'B',
      29 * DAY_MS,
    ),
    chooses(
      'an agreement that follows one that ended',
      ended(book(inForce, theirs('D', { state: 'agreed' })), 'self', -20),
      'D',
    ),
  ];
}

function named(): CurrentCase[] {
  const next = theirs('D', { state: 'agreed' });
  return [
    chooses('no agreement', none, null),
    chooses('an agreement in force', book(inForce), 'B'),
    chooses('a second before it begins', book({ ...first, effectiveFrom: days(1) }), null, DAY_MS - 1000),
    chooses('when the amendment begins: the earlier version drains', amendedSoon, 'C', 5 * DAY_MS),
    chooses('at the end: its last version drains', endsSoon, 'C', 30 * DAY_MS),
    chooses('a second before the end of the drain', endsSoon, 'C', 40 * DAY_MS - 1000),
    chooses('at the end of the drain', endsSoon, null, 40 * DAY_MS),
    chooses('of two versions that drain the later one', ended(amendedSoon, 'self', 8), 'C', 9 * DAY_MS),
    chooses(
      'the earlier one, where that drains longer',
      ended(
        book({ ...inForce, drainDays: 60 }, { ...second, effectiveFrom: days(5), drainDays: 1 }),
        'self',
        8,
      ),
      'B',
      10 * DAY_MS,
    ),
    chooses(
      'after the end, where the amendment had not begun',
      ended(book(inForce, { ...second, effectiveFrom: days(40) }), 'self', 30),
      'B',
      35 * DAY_MS,
    ),
    chooses('one that applies, while one that ended drains', ended(book(inForce, next), 'self', -5), 'D'),
    chooses(
      'one that drains, before the next one begins',
      ended(book(inForce, { ...next, effectiveFrom: days(1) }), 'self', -5),
      'B',
    ),
    chooses(
      'a version this side has signed and has no receipt for',
      ended(book(theirs('B', { state: 'accepting' })), 'self', -5),
      null,
    ),
  ];
}

/** The negotiation: a book, a step, and what follows. */
export function agreementSteps() {
  return {
    own: [...ownProposals(), ...ownAnswers(), ...ownTerminations()],
    peer: [...peerProposals(), ...peerAnswers(), ...peerTerminations()],
    answers: answers(),
    exchanges: exchanges(),
    current: current(),
    named: named(),
  };
}
