import fc from 'fast-check';
import t from 'tap';
import { FIGURES, type Figure, tellOfGroup as tell } from '../../../src/protocol/slot/engagement.ts';

const K = 20;

/** By the groups themselves: what a host reads of them is how they differ. */
function tellOfGroup(given: {
  k: number;
  group: Set<string>;
  told: Set<string>[];
  did: Record<Figure, number>;
}) {
  const { k, group, told, did } = given;
  const without = (a: Set<string>, b: Set<string>) => [...a].filter((member) => !b.has(member)).length;
  const differences = told.map((before) => ({ came: without(group, before), went: without(before, group) }));
  return tell({ k, customers: group.size, differences, did });
}

const people = (from: number, to: number) =>
  new Set(Array.from({ length: to - from }, (_, index) => `person ${from + index}`));
const counts = (figures: Partial<Record<Figure, number>> = {}) =>
  ({ ...Object.fromEntries(FIGURES.map((figure) => [figure, 0])), ...figures }) as Record<Figure, number>;

t.test('a group below the size is told nothing of', async (t) => {
  const did = counts({ displayed: 19 });
  t.same(tellOfGroup({ k: K, group: people(0, 19), told: [], did }), {});
  t.same(tellOfGroup({ k: K, group: people(0, 20), told: [], did }), { customers: 20, figures: {} });
});

t.test('a figure is told where enough did it, and enough did not', async (t) => {
  const figure = (displayed: number) =>
    tellOfGroup({ k: K, group: people(0, 60), told: [], did: counts({ displayed }) }).figures;
  for (const hidden of [0, 1, 19, 41, 59, 60]) t.same(figure(hidden), {}, `${hidden} of 60`);
  for (const told of [20, 30, 40]) t.same(figure(told), { displayed: told }, `${told} of 60`);
});

t.test('two months that differ by few are not both told', async (t) => {
  const did = counts({ opened: 30 });
  const first = people(0, 60);
  const tells = (group: Set<string>, ...told: Set<string>[]) =>
    tellOfGroup({ k: K, group, told, did }).customers !== undefined;
  t.ok(tells(first), 'nothing to compare with');
  t.ok(tells(people(0, 60), first), 'the same customers');
  t.notOk(tells(people(0, 61), first), 'one more');
  t.notOk(tells(people(1, 60), first), 'one less');
  t.notOk(tells(people(1, 61), first), 'one for another');
  t.notOk(tells(people(0, 79), first), '19 more');
  t.ok(tells(people(0, 80), first), '20 more');
  t.ok(tells(people(20, 60), first), '20 less');
  t.notOk(tells(people(0, 80), first, people(0, 81)), 'near to any that was told, not only to the last');
});

t.test('no difference of two answers is about fewer than k', async () => {
  // A guest that chooses month by month whom it writes to, and compares whatever it is told.
  const months = fc.array(fc.array(fc.boolean(), { minLength: 70, maxLength: 70 }), {
    minLength: 2,
    maxLength: 8,
  });
  fc.assert(
    fc.property(months, fc.integer({ min: 2, max: 30 }), (chosen, k) => {
      const told: Set<string>[] = [];
      for (const month of chosen) {
        const group = new Set(month.flatMap((written, index) => (written ? [`person ${index}`] : [])));
        const said = tellOfGroup({ k, group, told, did: counts({ displayed: Math.floor(group.size / 2) }) });
        if (said.customers === undefined) continue;
        told.push(group);
        for (const figure of Object.values(said.figures ?? {}))
          if (figure < k || group.size - figure < k) return false;
      }
      return told.every((a) =>
        told.every((b) => {
          const only = [...a].filter((member) => !b.has(member)).length;
          return only === 0 || only >= k;
        }),
      );
    }),
    { numRuns: 2000 },
  );
});
