import t, { type Test } from 'tap';
import type {
  AnswerCase,
  BookShape,
  ChangeShape,
  CurrentCase,
  ExchangeCase,
  StepCase,
  StepExpectation,
  TerminationShape,
  VersionShape,
} from '../../scripts/spec-vectors/agreement-steps.ts';
import {
  type Book,
  type Change,
  isLower,
  type Version,
  type VersionState,
} from '../../src/protocol/agreement/book.ts';
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
} from '../../src/protocol/agreement/negotiation.ts';
import { currentVersion, ruleOn, ruleOnNone, versionToName } from '../../src/protocol/agreement/ruling.ts';
import type { AgreementProposeBody } from '../../src/protocol/agreement/terms.ts';
import { findProposalProblem } from '../../src/protocol/agreement/terms-check.ts';
import { sha256 } from '../../src/protocol/digest.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { REFUSALS } from '../../src/protocol/refusal.ts';
import { readVectors } from './read.ts';

type ManifestCase = { name: string; act: string; manifest: string; expect: string; pointer?: string };

const vectors = readVectors<{
  proposer: string;
  recipient: string;
  now: number;
  manifests: ManifestCase[];
  identities: { name: string; manifest: string; id: string }[];
  order: { name: string; lower: string; higher: string }[];
  own: StepCase[];
  peer: StepCase[];
  answers: AnswerCase[];
  exchanges: ExchangeCase[];
  current: CurrentCase[];
  named: CurrentCase[];
}>('agreements');

const ACTS = ['agreement.propose', 'agreement.accept', 'agreement.decline', 'agreement.terminate'];
const DAY_MS = 86_400_000;
const ms = (instant: string) => Date.parse(instant);
const instant = (atMs: number) => new Date(atMs).toISOString();

const versionOf = (shape: VersionShape): Version => ({
  id: shape.id,
  proposer: shape.proposer,
  rev: shape.rev,
  root: shape.agreement,
  replaces: shape.replaces,
  state: shape.state as VersionState,
  expiresAtMs: ms(shape.expiresAt),
  effectiveFromMs: ms(shape.effectiveFrom),
  drainMs: shape.drainDays * DAY_MS,
  noticeMs: shape.noticeDays * DAY_MS,
  agreedAtMs: shape.agreedAt === null ? null : ms(shape.agreedAt),
});

const noticeOf = ({ agreement, noticedAt, endsAt }: TerminationShape) => ({
  root: agreement,
  noticedAtMs: ms(noticedAt),
  endsAtMs: ms(endsAt),
});

const bookOf = ({ versions, terminations }: BookShape): Book => ({
  versions: versions.map(versionOf),
  terminations: terminations.map((one) => ({ ...noticeOf(one), by: one.by })),
});

/** A book and the same in the other order. */
const both = (shape: BookShape): [Book, Book] => {
  const { versions, terminations } = bookOf(shape);
  return [
    { versions, terminations },
    { versions: versions.toReversed(), terminations: terminations.toReversed() },
  ];
};

function shapeOf(change: Change): ChangeShape {
  switch (change.kind) {
    case 'add':
      return { adds: change.version.id };
    case 'state': {
      const { id, state, agreedAtMs } = change;
      return { version: id, state, ...(agreedAtMs !== undefined && { agreedAt: instant(agreedAtMs) }) };
    }
    case 'terminate': {
      const { root, noticedAtMs, endsAtMs } = change.termination;
      return { ends: { agreement: root, noticedAt: instant(noticedAtMs), endsAt: instant(endsAtMs) } };
    }
  }
}

const inOrder = (changes: ChangeShape[]) => changes.map((change) => JSON.stringify(change)).sort();

function compare(t: Test, step: Step<string>, expect: StepExpectation, name: string): void {
  if ('refused' in expect) t.equal(step.ok ? 'taken' : step.code, expect.refused, name);
  else t.same(step.ok ? inOrder(step.changes.map(shapeOf)) : step.code, inOrder(expect.changes), name);
}

t.test('manifests', async (t) => {
  const parties = [vectors.proposer, vectors.recipient] as const;
  const judge = ({ act, manifest }: ManifestCase) => {
    const parsed = parseManifest(Buffer.from(manifest), act);
    if (!parsed.ok) return { expect: parsed.reason, pointer: parsed.detail };
    const body = parsed.manifest.body as unknown as AgreementProposeBody;
    const problem =
      act === 'agreement.propose' ? findProposalProblem(body, parties, vectors.now * 1000) : undefined;
    return problem === undefined
      ? { expect: 'accepted', pointer: undefined }
      : { expect: 'manifest.invalid', pointer: `/body${problem.pointer}` };
  };
  for (const one of vectors.manifests)
    t.same(judge(one), { expect: one.expect, pointer: one.pointer }, `${one.act}: ${one.name}`);
  for (const act of ACTS) {
    const expected = new Set(vectors.manifests.filter((one) => one.act === act).map((one) => one.expect));
    t.same([...expected].sort(), ['accepted', 'manifest.invalid'], act);
  }
});

t.test('the identity of a version', async (t) => {
  for (const { name, manifest, id } of vectors.identities) t.equal(sha256(manifest), id, name);
  t.equal(new Set(vectors.identities.map(({ id }) => id)).size, vectors.identities.length);
});

t.test('the lower of two', async (t) => {
  for (const { name, lower, higher } of vectors.order) {
    t.ok(isLower(lower, higher), name);
    t.notOk(isLower(higher, lower), name);
    t.notOk(isLower(lower, lower), name);
  }
});

type Judge = (book: Book, one: StepCase) => Step<string>;

const OWN: Record<string, Judge> = {
  'agreement.propose': (book, one) => propose(book, proposalOf(one), one.declines, ms(one.now)),
  'agreement.accept': (book, one) => accept(book, named(one), ms(one.now)),
  'agreement.decline': (book, one) => decline(book, named(one)),
  'agreement.terminate': (book, one) => terminate(book, endOf(one)),
};
const PEER: Record<string, Judge> = {
  'agreement.propose': (book, one) => takeProposal(book, proposalOf(one), one.declines, ms(one.now)),
  'agreement.accept': (book, one) => takeAcceptance(book, named(one), ms(one.now)),
  'agreement.decline': (book, one) => takeDecline(book, named(one)),
  'agreement.terminate': (book, one) => takeTermination(book, endOf(one), ms(one.now)),
};

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a vector without what its act needs');
  return value;
}
const proposalOf = ({ proposal }: StepCase) => versionOf(present(proposal));
const named = ({ version }: StepCase) => present(version);
const endOf = ({ termination }: StepCase) => noticeOf(present(termination));

for (const [side, judges, cases] of [
  ['own', OWN, vectors.own],
  ['peer', PEER, vectors.peer],
] as const) {
  t.test(`what is said: ${side}`, async (t) => {
    for (const one of cases) {
      const judge = present(judges[one.act]);
      for (const book of both(one.book)) compare(t, judge(book, one), one.expect, `${one.act}: ${one.name}`);
    }
    for (const act of ACTS) {
      const of = cases.filter((one) => one.act === act).map(({ expect }) => expect);
      const taken = of.filter((expect) => 'changes' in expect);
      t.ok(taken.length > 0 && taken.length < of.length, `${act} is taken, and refused`);
    }
    const codes = cases.flatMap(({ expect }) => ('refused' in expect ? [expect.refused] : []));
    const told = codes.filter((code) => !Object.hasOwn(REFUSALS, code));
    t.same(
      [...new Set(told)].sort(),
      side === 'own' ? ['agreement.exists', 'agreement.open'] : [],
      'no code that goes over the wire is another than those of the protocol',
    );
  });
}

t.test('answers to what this side said', async (t) => {
  for (const { name, act, version, agreedAt, state, book, expect } of vectors.answers) {
    for (const given of both(book)) {
      const changes =
        act === 'agreement.accept'
          ? settleAcceptance(given, version, agreedAt === undefined ? undefined : ms(agreedAt))
          : settleProposal(given, version, state as 'crossed' | 'refused' | 'expired');
      compare(t, { ok: true, changes }, expect, `${act}: ${name}`);
    }
  }
});

t.test('the version an exchange is judged under', async (t) => {
  for (const { name, agr, now, book, expect } of vectors.exchanges) {
    for (const given of both(book)) {
      const ruling = agr === null ? ruleOnNone(given, ms(now)) : ruleOn(given, agr, ms(now));
      const result = ruling.ok ? { version: ruling.version?.id ?? null } : { refused: ruling.code };
      t.same(result, expect, name);
    }
  }
});

for (const [title, cases, choose] of [
  ['the version that applies', vectors.current, currentVersion],
  ['the version a side names', vectors.named, versionToName],
] as const) {
  t.test(title, async (t) => {
    for (const { name, now, book, expect } of cases) {
      for (const given of both(book)) t.equal(choose(given, ms(now))?.id ?? null, expect.version, name);
    }
  });
}
