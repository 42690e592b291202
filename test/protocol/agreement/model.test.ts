import fc from 'fast-check';
import t from 'tap';
import { type Book, endOf, findVersion, replacedAt } from '../../../src/protocol/agreement/book.ts';
import { currentVersion } from '../../../src/protocol/agreement/ruling.ts';
import { createWorld, DAY, MINUTE, type World } from './world.ts';

const START = Date.UTC(2026, 10, 1);

const side = fc.constantFrom(0 as const, 1 as const);
/** Mostly something recent. */
const pick = fc.oneof({ weight: 3, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(1_000) });
const days = (max: number) => fc.integer({ min: 0, max: max * 4 }).map((quarters) => (quarters * DAY) / 4);

type Move = { weight: number; arbitrary: fc.Arbitrary<(world: World) => void> };
const moves: Move[] = [
  {
    weight: 4,
    arbitrary: fc
      .record({
        side,
        effectiveInMs: days(3),
        drainMs: fc.integer({ min: 1, max: 3 }).map((n) => n * DAY),
        noticeMs: days(2),
        lifeMs: fc.integer({ min: 1, max: 14 * 24 }).map((hours) => hours * 60 * MINUTE),
      })
      .map(
        ({ side, ...wish }) =>
          (world) =>
            world.propose(side, wish),
      ),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(side, pick).map(
      ([s, n]) =>
        (world) =>
          world.accept(s, n),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(side, pick).map(
      ([s, n]) =>
        (world) =>
          world.decline(s, n),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(side, days(3)).map(
      ([s, ms]) =>
        (world) =>
          world.terminate(s, ms),
    ),
  },
  { weight: 4, arbitrary: side.map((s) => (world) => world.message(s)) },
  { weight: 12, arbitrary: pick.map((n) => (world) => world.deliver(n)) },
  { weight: 8, arbitrary: pick.map((n) => (world) => world.answer(n)) },
  { weight: 1, arbitrary: pick.map((n) => (world) => world.close(n)) },
  { weight: 1, arbitrary: pick.map((n) => (world) => world.sayAgain(n)) },
  { weight: 3, arbitrary: fc.constant((world: World) => void world.quiesce()) },
  {
    weight: 4,
    arbitrary: fc
      .oneof(fc.integer({ min: 0, max: 5 * MINUTE }), days(3))
      .map((ms) => (world) => world.advance(ms)),
  },
];
const move = fc.oneof(...moves);

const OPEN_STATES: readonly string[] = ['open', 'accepting', 'agreed'];

const agreedOf = (book: Book) => book.versions.filter((one) => one.state === 'agreed').map((one) => one.id);

/** `ended`: what was over before this step, by side and id. */
function checkAlways(world: World, ended: Map<string, string>): void {
  for (const [side, { book }] of world.sides.entries()) {
    for (const { id, state, root } of book.versions) {
      const before = ended.get(`${side} ${id}`);
      if (before !== undefined && before !== state) throw new Error(`what was ${before} became ${state}`);
      if (!OPEN_STATES.includes(state)) ended.set(`${side} ${id}`, state);
      if (state === 'open' && endOf(book, root) !== undefined)
        throw new Error('a terminated agreement is being amended');
    }
    for (const by of ['self', 'peer'] as const) {
      const open = book.versions.filter((one) => one.state === 'open' && one.proposer === by);
      if (open.length > 1) throw new Error('a proposer has two open proposals');
    }
    if (book.versions.filter((one) => one.state === 'accepting').length > 1)
      throw new Error('two acceptances are under way');
    const replaced = book.versions.filter((one) => one.state === 'agreed' && one.replaces !== null);
    if (new Set(replaced.map((one) => one.replaces)).size !== replaced.length)
      throw new Error('one version was replaced twice');
  }
  const [a, b] = world.sides.map(({ book }) => new Set(agreedOf(book)));
  const signedByOne = [...(a ?? [])]
    .filter((id) => !b?.has(id))
    .concat([...(b ?? [])].filter((id) => !a?.has(id)));
  for (const id of signedByOne) {
    const states = world.sides.map(({ book }) => book.versions.find((one) => one.id === id)?.state);
    if (!states.includes('accepting')) throw new Error(`agreed on one side alone: ${states.join(', ')}`);
  }
}

/** The network has healed and everything is said. */
function checkQuiet(world: World): void {
  const [a, b] = world.sides.map(({ book }) => book) as [Book, Book];
  if (JSON.stringify(agreedOf(a).sort()) !== JSON.stringify(agreedOf(b).sort()))
    throw new Error('the books hold other versions');
  for (const book of [a, b])
    if (book.versions.some((one) => one.state === 'accepting'))
      throw new Error('an acceptance has no answer');
  for (const { root } of a.versions) {
    if (endOf(a, root) !== endOf(b, root)) throw new Error('the books end an agreement at other times');
  }
  for (const [mine, theirs] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const { id, state, proposer, expiresAtMs } of mine.versions) {
      const alive = state === 'open' && proposer === 'peer' && expiresAtMs > world.nowMs + MINUTE;
      if (alive && findVersion(theirs, id)?.state !== 'open')
        throw new Error('a proposal looks open that its proposer has ended');
    }
  }
  for (let day = 0; day < 20; day++) {
    // Clocks may name another version within the minute of a change; nothing here changes at this second.
    const at = world.nowMs + day * DAY + 12_345;
    const [ours, theirs] = [a, b].map((book) => currentVersion(book, at)?.id);
    if (ours !== theirs && !isNearChange(a, at)) throw new Error('the sides use other versions');
  }
}

function isNearChange(book: Book, atMs: number): boolean {
  return book.versions.some((one) =>
    [one.effectiveFromMs, one.agreedAtMs ?? 0, endOf(book, one.root) ?? 0].some(
      (time) => Math.abs(time - atMs) < 3 * MINUTE,
    ),
  );
}

/** A message named the version its sender used: it was judged under that, and refused only once the drain was over. */
function checkMessages(world: World): void {
  for (const { from, said, decision } of world.exchanges) {
    if (said.act !== 'message' || decision === undefined || decision.code === 'exchange.closed') continue;
    const { book } = world.sides[from === 0 ? 1 : 0];
    const version = findVersion(book, said.agr);
    const replaced = version && replacedAt(book, version);
    const overAt = (replaced ?? Number.POSITIVE_INFINITY) + (version?.drainMs ?? 0);
    if (decision.code === 'agreement.ended' ? decision.atMs < overAt : decision.code !== undefined)
      throw new Error(`a message under a version of both was refused: ${decision.code}`);
  }
}

t.test('whatever is lost, repeated or late, both sides end under the same version', async (t) => {
  let agreed = 0;
  let amended = 0;
  let crossed = 0;
  let ended = 0;
  const property = fc.property(
    fc.tuple(fc.integer({ min: -30_000, max: 30_000 }), fc.integer({ min: -30_000, max: 30_000 })),
    fc.array(move, { minLength: 20, maxLength: 150, size: 'max' }),
    (offsets, steps) => {
      const world = createWorld(offsets, START);
      const over = new Map<string, string>();
      for (const step of steps) {
        step(world);
        checkAlways(world, over);
      }
      const stuck = world.quiesce();
      if (stuck.length > 0) throw new Error(`never delivered: ${stuck[0]?.said.act}`);
      checkAlways(world, over);
      checkQuiet(world);
      checkMessages(world);
      const { versions, terminations } = world.sides[0].book;
      agreed += versions.some((one) => one.state === 'agreed') ? 1 : 0;
      amended += versions.some((one) => one.state === 'agreed' && one.replaces !== null) ? 1 : 0;
      crossed += versions.some((one) => one.state === 'crossed') ? 1 : 0;
      ended += terminations.length > 0 ? 1 : 0;
    },
  );
  fc.assert(property, { numRuns: 3_000 });
  // The moves lead where it gets interesting: a model that never agrees would prove nothing.
  for (const [what, count] of Object.entries({ agreed, amended, crossed, ended }))
    t.ok(count > 50, `${what}: ${count} of 3000 runs`);
});
