import t from 'tap';
import { applyChanges, type Book, endOf, type Version } from '../../../src/protocol/agreement/book.ts';
import {
  accept,
  decline,
  propose,
  type Step,
  settleAcceptance,
  settleProposal,
  takeAcceptance,
  takeDecline,
  takeProposal,
  takeTermination,
  terminate,
} from '../../../src/protocol/agreement/negotiation.ts';
import { currentVersion, ruleOn, ruleOnNone, versionToName } from '../../../src/protocol/agreement/ruling.ts';

const NOW = Date.UTC(2026, 10, 1);
const MINUTE = 60_000;
const DAY = 86_400_000;

/** `a` is lower than `b`, and so on. */
const idOf = (letter: string) => Buffer.alloc(32, letter).toString('base64url');

function version(letter: string, given: Partial<Version> = {}): Version {
  return {
    id: idOf(letter),
    proposer: 'self',
    rev: letter.charCodeAt(0),
    root: idOf(letter),
    replaces: null,
    state: 'open',
    expiresAtMs: NOW + DAY,
    effectiveFromMs: NOW,
    drainMs: DAY,
    noticeMs: 30 * DAY,
    agreedAtMs: given.state === 'agreed' ? NOW : null,
    ...given,
  };
}

const book = (...versions: Version[]): Book => ({ versions, terminations: [] });
const first = version('m', { state: 'agreed' });
const amending = { root: first.id, replaces: first.id };

const codeOf = (step: Step<string>) => (step.ok ? 'ok' : step.code);
const after = (given: Book, step: Step<string>) =>
  step.ok ? applyChanges(given, step.changes).versions.map(({ state }) => state) : step.code;

t.test('proposing', async (t) => {
  const own = version('a');
  const theirs = version('b', { proposer: 'peer' });
  t.strictSame(after(book(), propose(book(), own, undefined, NOW)), ['open']);
  t.equal(codeOf(propose(book(own), version('c'), undefined, NOW)), 'agreement.open');
  t.equal(codeOf(propose(book(theirs), own, undefined, NOW)), 'agreement.open', 'theirs has to be answered');
  t.strictSame(after(book(theirs), propose(book(theirs), own, theirs.id, NOW)), ['declined', 'open']);
  t.equal(codeOf(propose(book(), own, theirs.id, NOW)), 'agreement.closed');
  const accepting = version('b', { proposer: 'peer', state: 'accepting' });
  t.equal(codeOf(propose(book(accepting), own, undefined, NOW)), 'agreement.pending');
  t.equal(codeOf(propose(book(first), own, undefined, NOW)), 'agreement.exists');
  t.strictSame(after(book(first), propose(book(first), version('a', amending), undefined, NOW)), [
    'agreed',
    'open',
  ]);
  const second = version('n', { ...amending, state: 'agreed' });
  t.equal(codeOf(propose(book(first, second), version('a', amending), undefined, NOW)), 'agreement.outdated');
  const lapsed = NOW + 2 * DAY;
  t.strictSame(
    after(book(own), propose(book(own), version('c', { expiresAtMs: lapsed + DAY }), undefined, lapsed)),
    ['expired', 'open'],
    'what has expired is in nobody’s way, and is written down as such',
  );
});

t.test("the peer's proposal", async (t) => {
  const theirs = version('b', { proposer: 'peer' });
  t.strictSame(after(book(), takeProposal(book(), theirs, undefined, NOW)), ['open']);
  t.strictSame(
    after(book(theirs), takeProposal(book(theirs), theirs, undefined, NOW)),
    ['open'],
    'said again',
  );
  t.equal(codeOf(takeProposal(book(), theirs, undefined, theirs.expiresAtMs)), 'agreement.expired');

  const lower = version('a');
  const higher = version('c');
  t.equal(codeOf(takeProposal(book(lower), theirs, undefined, NOW)), 'agreement.crossed');
  t.strictSame(after(book(higher), takeProposal(book(higher), theirs, undefined, NOW)), ['crossed', 'open']);
  t.strictSame(after(book(lower), takeProposal(book(lower), theirs, lower.id, NOW)), ['declined', 'open']);

  const later = version('c', { proposer: 'peer' });
  t.strictSame(after(book(theirs), takeProposal(book(theirs), later, undefined, NOW)), [
    'superseded',
    'open',
  ]);
  t.equal(
    codeOf(takeProposal(book(later), theirs, undefined, NOW)),
    'agreement.closed',
    'in the other order',
  );

  const amendment = { ...theirs, ...amending };
  const base = (state: Version['state'], proposer: Version['proposer'] = 'peer') =>
    book({ ...first, rev: 1, proposer, state });
  t.equal(codeOf(takeProposal(book(), amendment, undefined, NOW)), 'agreement.unknown');
  t.equal(codeOf(takeProposal(base('accepting'), amendment, undefined, NOW)), 'ok');
  t.equal(codeOf(takeProposal(base('open', 'self'), amendment, undefined, NOW)), 'agreement.pending');
  t.equal(codeOf(takeProposal(base('declined'), amendment, undefined, NOW)), 'agreement.closed');
  t.equal(
    codeOf(takeProposal(base('agreed'), theirs, undefined, NOW)),
    'agreement.outdated',
    'a second first one',
  );
  t.equal(
    codeOf(takeProposal(base('accepting'), theirs, undefined, NOW)),
    'ok',
    'that one may come to nothing',
  );
  const second = version('a', { ...amending, state: 'agreed', proposer: 'self' });
  t.equal(
    codeOf(takeProposal(book({ ...first, rev: 1 }, second), amendment, undefined, NOW)),
    'agreement.outdated',
  );
  const ended = { ...base('agreed'), terminations: [notice('peer', 30)] };
  t.equal(codeOf(takeProposal(ended, amendment, undefined, NOW)), 'agreement.ended');
  t.equal(codeOf(takeProposal(ended, theirs, undefined, NOW)), 'ok', 'a new agreement may follow');
});

t.test('accepting', async (t) => {
  const theirs = version('b', { proposer: 'peer' });
  t.strictSame(after(book(theirs), accept(book(theirs), theirs.id, NOW)), ['accepting']);
  t.equal(codeOf(accept(book(), theirs.id, NOW)), 'agreement.unknown');
  t.equal(
    codeOf(accept(book(version('a')), idOf('a'), NOW)),
    'agreement.unknown',
    'nobody accepts their own',
  );
  t.equal(codeOf(accept(book({ ...theirs, state: 'withdrawn' }), theirs.id, NOW)), 'agreement.closed');
  t.equal(codeOf(accept(book(theirs), theirs.id, theirs.expiresAtMs)), 'agreement.expired');
  t.equal(codeOf(accept(book(theirs, version('a')), theirs.id, NOW)), 'agreement.open');
  const other = version('c', { proposer: 'peer', state: 'accepting' });
  t.equal(codeOf(accept(book(theirs, other), theirs.id, NOW)), 'agreement.pending');
  t.equal(codeOf(accept(book(other), other.id, NOW)), 'ok', 'again');
  t.equal(codeOf(accept(book(first, theirs), theirs.id, NOW)), 'agreement.outdated');

  const accepting = book({ ...theirs, state: 'accepting' });
  t.strictSame(after(accepting, { ok: true, changes: settleAcceptance(accepting, theirs.id, NOW + 5) }), [
    'agreed',
  ]);
  t.strictSame(after(accepting, { ok: true, changes: settleAcceptance(accepting, theirs.id, undefined) }), [
    'refused',
  ]);
  const agreed = book({ ...theirs, state: 'agreed', agreedAtMs: NOW + 9_000 });
  const [earlier] = settleAcceptance(agreed, theirs.id, NOW);
  t.match(earlier, { state: 'agreed', agreedAtMs: NOW }, 'the earliest receipt counts');
  t.strictSame(settleAcceptance(agreed, theirs.id, NOW + 10_000), []);
  t.strictSame(settleAcceptance(agreed, theirs.id, undefined), []);
});

t.test("the peer's acceptance", async (t) => {
  const own = version('a');
  const [change] = (takeAcceptance(book(own), own.id, NOW + 7_300) as { changes: unknown[] }).changes;
  t.match(change, { id: own.id, state: 'agreed', agreedAtMs: NOW + 7_000 });
  t.equal(codeOf(takeAcceptance(book(), own.id, NOW)), 'agreement.unknown');
  t.equal(
    codeOf(takeAcceptance(book(version('b', { proposer: 'peer' })), idOf('b'), NOW)),
    'agreement.unknown',
  );
  t.equal(codeOf(takeAcceptance(book({ ...own, state: 'agreed' }), own.id, NOW)), 'ok', 'again');
  t.equal(codeOf(takeAcceptance(book({ ...own, state: 'withdrawn' }), own.id, NOW)), 'agreement.closed');
  t.equal(codeOf(takeAcceptance(book({ ...own, state: 'crossed' }), own.id, NOW)), 'agreement.closed');
  t.equal(codeOf(takeAcceptance(book({ ...own, state: 'expired' }), own.id, NOW)), 'agreement.expired');
  t.equal(codeOf(takeAcceptance(book(own), own.id, own.expiresAtMs)), 'agreement.expired');
  t.equal(codeOf(takeAcceptance(book(first, own), own.id, NOW)), 'agreement.outdated');
});

t.test('declining and withdrawing', async (t) => {
  const own = version('a');
  const theirs = version('b', { proposer: 'peer' });
  t.strictSame(after(book(own), decline(book(own), own.id)), ['withdrawn']);
  t.strictSame(after(book(theirs), decline(book(theirs), theirs.id)), ['declined']);
  t.equal(codeOf(decline(book(), own.id)), 'agreement.unknown');
  t.equal(codeOf(decline(book({ ...theirs, state: 'accepting' }), theirs.id)), 'agreement.pending');
  t.equal(codeOf(decline(book(first), first.id)), 'agreement.closed');
  t.equal(codeOf(decline(book({ ...own, state: 'withdrawn' }), own.id)), 'ok');

  t.strictSame(after(book(own), takeDecline(book(own), own.id)), ['declined']);
  t.strictSame(after(book(theirs), takeDecline(book(theirs), theirs.id)), ['withdrawn']);
  t.equal(codeOf(takeDecline(book(), own.id)), 'agreement.unknown');
  t.strictSame(after(book(first), takeDecline(book(first), first.id)), ['agreed'], 'what is agreed stays');

  t.strictSame(settleProposal(book(own), own.id, 'refused'), [
    { kind: 'state', id: own.id, state: 'refused' },
  ]);
  t.strictSame(settleProposal(book(first), first.id, 'refused'), []);
});

const notice = (by: 'self' | 'peer', days: number) => ({
  root: first.id,
  by,
  noticedAtMs: NOW,
  endsAtMs: NOW + days * DAY,
});

const takeNow = (given: Book, said: ReturnType<typeof notice>) => takeTermination(given, said, NOW);

t.test('terminating', async (t) => {
  for (const [say, by] of [
    [terminate, 'self'],
    [takeNow, 'peer'],
  ] as const) {
    const open = version('n', { ...amending, proposer: by === 'self' ? 'peer' : 'self' });
    const said = say(book(first, open), notice(by, 30));
    t.strictSame(after(book(first, open), said), ['agreed', 'terminated'], `${by}: amendments end with it`);
    t.equal(codeOf(say(book(first), notice(by, 29))), 'agreement.notice');
    t.equal(codeOf(say(book(), notice(by, 30))), 'agreement.unknown');
    const ended = { ...book(first), terminations: [notice(by, 40)] };
    t.strictSame(say(ended, notice(by, 50)), { ok: true, changes: [] }, 'a later end changes nothing');
    const sooner = say(ended, notice(by, 30));
    t.equal(sooner.ok && endOf(applyChanges(ended, sooner.changes), first.id), NOW + 30 * DAY);
  }
  const both = { ...book(first), terminations: [notice('self', 60), notice('peer', 40)] };
  t.equal(endOf(both, first.id), NOW + 40 * DAY, 'the earlier end counts');
  const stricter = version('n', { ...amending, proposer: 'peer', state: 'accepting', noticeMs: 90 * DAY });
  t.equal(
    codeOf(terminate(book(first, stricter), notice('self', 60))),
    'agreement.notice',
    'what this side signed binds it',
  );
  t.equal(codeOf(takeNow(book(first, stricter), notice('peer', 60))), 'ok');
  const signedOnly = book({ ...first, proposer: 'peer', state: 'accepting' });
  t.equal(codeOf(terminate(signedOnly, notice('self', 30))), 'agreement.pending');
  t.equal(codeOf(takeNow(signedOnly, notice('peer', 0))), 'ok', 'the peer knows that it is agreed');
  t.equal(codeOf(takeNow(book({ ...first, state: 'open' }), notice('peer', 30))), 'agreement.pending');
});

t.test('judging an exchange under the version it names', async (t) => {
  const rule = (given: Book, nowMs: number, id = first.id) => {
    const ruling = ruleOn(given, id, nowMs);
    return ruling.ok ? ruling.version?.id : ruling.code;
  };
  t.equal(rule(book(first), NOW), first.id);
  t.equal(rule(book(), NOW), 'agreement.unknown');
  t.equal(rule(book({ ...first, state: 'open' }), NOW), 'agreement.pending');
  t.equal(rule(book({ ...first, state: 'accepting', proposer: 'peer' }), NOW), first.id, 'signed is signed');
  t.equal(rule(book({ ...first, state: 'refused' }), NOW), 'agreement.closed');

  const next = { ...first, effectiveFromMs: NOW + DAY };
  t.equal(rule(book(next), NOW + DAY - MINUTE - 1), 'agreement.not_effective');
  t.equal(rule(book(next), NOW + DAY - MINUTE), first.id, 'within the skew');

  const successor = version('n', { ...amending, state: 'agreed', effectiveFromMs: NOW + 5 * DAY });
  const amended = book(first, successor);
  const drained = NOW + 6 * DAY + MINUTE;
  t.equal(rule(amended, drained - 1), first.id);
  t.equal(rule(amended, drained), 'agreement.ended');
  t.equal(rule(amended, drained, successor.id), successor.id);
  t.equal(currentVersion(amended, NOW + 5 * DAY - 1)?.id, first.id);
  t.equal(currentVersion(amended, NOW + 5 * DAY)?.id, successor.id);

  const over = { ...amended, terminations: [notice('peer', 30)] };
  t.equal(rule(over, NOW + 31 * DAY + MINUTE - 1, successor.id), successor.id);
  t.equal(rule(over, NOW + 31 * DAY + MINUTE, successor.id), 'agreement.ended');
  t.equal(currentVersion(over, NOW + 30 * DAY - 1)?.id, successor.id);
  t.equal(currentVersion(over, NOW + 30 * DAY), undefined);
});

t.test('the version to name in what may come under none', async (t) => {
  const over = { ...book(first), terminations: [notice('self', 30)] };
  const named = (given: Book, days: number) => versionToName(given, NOW + days * DAY)?.id;
  t.equal(named(over, 29), first.id);
  t.equal(named(over, 30), first.id, 'the other side may not have heard of the end');
  t.equal(named(over, 31), undefined, 'its drain is over');
  const late = version('n', {
    ...amending,
    state: 'agreed',
    effectiveFromMs: NOW + 30.5 * DAY,
    drainMs: 10 * DAY,
  });
  t.equal(named({ ...over, versions: [first, late] }, 30.7), first.id, 'not one that never applied');
  t.equal(named(book(), 0), undefined);
});

t.test('an exchange that names none', async (t) => {
  const rule = (given: Book, nowMs: number) => {
    const ruling = ruleOnNone(given, nowMs);
    return ruling.ok ? 'ok' : ruling.code;
  };
  t.equal(rule(book(), NOW), 'ok');
  t.equal(rule(book(first), NOW + DAY + MINUTE - 1), 'ok', 'what was sent before it drains');
  t.equal(rule(book(first), NOW + DAY + MINUTE), 'agreement.missing');
  const over = { ...book(first), terminations: [notice('self', 30)] };
  t.equal(rule(over, NOW + 30 * DAY - MINUTE - 1), 'agreement.missing');
  t.equal(rule(over, NOW + 30 * DAY - MINUTE), 'ok', 'its sender may be there already');
  const sooner = version('n', { ...amending, state: 'agreed', effectiveFromMs: NOW - DAY });
  const later = { ...first, effectiveFromMs: NOW + 9 * DAY };
  t.equal(rule(book(later, sooner), NOW + 2 * DAY), 'agreement.missing', 'an amendment may begin first');
  const hasty = { ...sooner, effectiveFromMs: NOW, drainMs: 0 };
  t.equal(rule(book(first, hasty), NOW + DAY), 'ok', 'it is the first version’s drain that counts');
  t.equal(rule(book({ ...first, state: 'open' }), NOW + 2 * DAY), 'ok');
});
