import fc from 'fast-check';
import t from 'tap';
import { CONTACT_CATEGORIES } from '../../../src/protocol/agreement/terms.ts';
import { entryHash, originOf, unitsOf } from '../../../src/protocol/ledger/entry.ts';
import { isMissing, isUnreversed } from '../../../src/protocol/ledger/overdue.ts';
import {
  balanceAt,
  createWorld,
  type Institution,
  other,
  type Side,
  sequenceOf,
  type World,
} from './world.ts';

const START_S = Date.UTC(2026, 10, 1) / 1000;

const side = fc.constantFrom<Side>(0, 1);
/** Mostly something recent. */
const pick = fc.oneof({ weight: 3, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(1_000) });

type Move = (world: World) => void;
const move = (weight: number, arbitrary: fc.Arbitrary<Move>) => ({ weight, arbitrary });
const moves = fc.oneof(
  move(
    8,
    fc
      .record({
        side,
        category: fc.constantFrom(...CONTACT_CATEGORIES),
        edit: fc.nat(9).map((n) => n === 0),
        eligibleInS: fc.constantFrom(0, 0, 1_800, 7_200, 86_400),
      })
      .map(
        ({ side, ...wish }) =>
          (world) =>
            void world.message(side, wish),
      ),
  ),
  move(
    3,
    fc.tuple(side, pick).map(
      ([s, n]) =>
        (world) =>
          world.withdraw(s, n),
    ),
  ),
  move(
    14,
    fc.tuple(pick, fc.constantFrom(0, 0, 0, 5, 59, 61, 400)).map(
      ([n, lateS]) =>
        (world) =>
          world.deliver(n, lateS),
    ),
  ),
  move(
    2,
    pick.map((n) => (world) => world.crashWhileDeciding(n)),
  ),
  move(
    9,
    pick.map((n) => (world) => world.answer(n)),
  ),
  move(
    1,
    pick.map((n) => (world) => world.close(n)),
  ),
  move(
    6,
    side.map((s) => (world) => world.tell(s)),
  ),
  move(
    1,
    side.map((s) => (world) => world.tellAgain(s)),
  ),
  move(
    2,
    side.map((s) => (world) => world.giveBack(s)),
  ),
  move(
    2,
    side.map((s) => (world) => world.state(s)),
  ),
  move(
    1,
    fc.constant((world) => world.amend()),
  ),
  move(
    1,
    fc.constant((world) => void world.quiesce()),
  ),
  move(
    4,
    fc
      .oneof(fc.nat(90), fc.integer({ min: 0, max: 40 * 86_400 }))
      .map((seconds) => (world) => world.advance(seconds)),
  ),
);

const weights = fc.record({
  service: fc.nat(2),
  advice: fc.integer({ min: 1, max: 3 }),
  offer: fc.nat(9),
  survey: fc.nat(4),
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Each invariant by its name. */
const ALWAYS: Record<string, (world: World) => boolean> = {
  /** Double entry: what one account gains the other loses, in each book. */
  'sum zero': ({ sides }) =>
    sides.every((me) => {
      const accounts = { self: 0, peer: 0 };
      for (const entry of me.entries) {
        accounts.self += unitsOf(entry);
        accounts.peer -= unitsOf(entry);
      }
      for (const { entry } of me.applied) {
        accounts.peer += unitsOf(entry);
        accounts.self -= unitsOf(entry);
      }
      return accounts.self + accounts.peer === 0 && accounts.self === balanceAt(me);
    }),
  'no gap': ({ sides }) =>
    sides.every((me, at) => {
      let prev = originOf(sequenceOf(at as Side));
      return me.entries.every((entry, index) => {
        const follows = entry.seq === index + 1 && entry.prev === prev;
        prev = entryHash(entry);
        return follows;
      });
    }),
  'no unit from nothing': (world) =>
    world.sides.every((me, at) => {
      const accepted = new Map(
        world.exchanges.flatMap(({ from, said, decision }) =>
          from !== at && said.act === 'message' && decision !== undefined && decision.code === undefined
            ? [[said.message.exchange, world.weightOf(said.message)] as const]
            : [],
        ),
      );
      const posts = me.entries.filter(({ kind }) => kind === 'post');
      return (
        posts.length === accepted.size &&
        posts.every(({ exchange, weight }) => accepted.get(exchange) === weight) &&
        me.head.total === sum(me.entries.map(unitsOf)) &&
        me.head.total >= 0
      );
    }),
  'nothing given back twice, nor what was shown': ({ sides }) =>
    sides.every((me) => {
      const reversals = me.entries.filter(({ kind }) => kind === 'reverse');
      return (
        new Set(reversals.map(({ of }) => of)).size === reversals.length &&
        reversals.every(({ exchange }) => me.hosted.get(exchange)?.withdrawn === true)
      );
    }),
  'what differs is on its way': (world) =>
    ([0, 1] as const).every((host) => {
      const guest = world.sides[other(host)];
      return (
        world.sides[host].head.total - guest.granted.counted === sum(world.unacknowledged(host).map(unitsOf))
      );
    }),
  'an honest host is never accused': ({ sides }) =>
    sides.every(
      (me) =>
        me.applied.every(({ fault }) => fault === undefined) &&
        [...me.contacts.values()].every(
          (one) => !isMissing(me.granted, one) && !isUnreversed(me.granted, one),
        ),
    ),
};

const QUIET: Record<string, (sides: readonly [Institution, Institution]) => boolean> = {
  'books are exact negations': ([a, b]) => balanceAt(a) + balanceAt(b) === 0,
  'both hold the same entries': ([a, b]) =>
    JSON.stringify(a.entries) === JSON.stringify(b.applied.map(({ entry }) => entry)) &&
    JSON.stringify(b.entries) === JSON.stringify(a.applied.map(({ entry }) => entry)),
  'each statement was taken': ([a, b]) =>
    JSON.stringify([a.statements, b.statements]) === JSON.stringify([b.stated, a.stated]),
  'each accepted message has its entry': (sides) =>
    sides.every((me) =>
      [...me.contacts.values()].every((one) => (one.state === 'accepted') === (one.postedSeq !== undefined)),
    ),
};

t.test('whatever is lost, repeated, late or cut short, the books agree', async (t) => {
  const seen = { posted: 0, reversed: 0, refused: 0, amended: 0, unequal: 0, stated: 0, floor: 0 };
  const property = fc.property(
    fc.record({
      weights: fc.array(weights, { minLength: 1, maxLength: 3 }),
      imbalance: fc.record({
        tolerance: fc.nat(20),
        policy: fc.constantFrom('warn', 'throttle', 'pause'),
        serviceFloorPerMonth: fc.nat(2),
      }),
      batch: fc.integer({ min: 1, max: 5 }),
    }),
    fc.array(moves, { minLength: 20, maxLength: 200, size: 'max' }),
    (rules, steps) => {
      const world = createWorld(rules, START_S);
      const check = () => {
        for (const [name, holds] of Object.entries(ALWAYS)) if (!holds(world)) throw new Error(name);
      };
      for (const step of steps) {
        step(world);
        check();
      }
      world.quiesce();
      check();
      for (const [name, holds] of Object.entries(QUIET)) if (!holds(world.sides)) throw new Error(name);
      const [a, b] = world.sides;
      const entries = [...a.entries, ...b.entries];
      seen.posted += entries.length > 3 ? 1 : 0;
      seen.reversed += entries.some(({ kind }) => kind === 'reverse') ? 1 : 0;
      seen.refused += world.exchanges.some(({ decision }) => decision?.code?.startsWith('ledger.')) ? 1 : 0;
      seen.unequal += balanceAt(a) !== 0 ? 1 : 0;
      seen.stated += b.stated.length > 1 ? 1 : 0;
      seen.floor += a.entries.some(({ category, weight }) => category === 'service' && weight > 0) ? 1 : 0;
      seen.amended += world.exchanges.some(({ said }) => said.act === 'message' && said.message.version > 0)
        ? 1
        : 0;
    },
  );
  fc.assert(property, { numRuns: 4_000 });
  // The moves lead where it gets interesting: a model in which nothing is ever counted would prove nothing.
  for (const [what, count] of Object.entries(seen)) t.ok(count > 200, `${what}: ${count} of 4000 runs`);
});
