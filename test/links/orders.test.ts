import fc from 'fast-check';
import t from 'tap';
import type { LinkChange } from '../../src/links/index.ts';
import {
  A,
  B,
  CONSENT,
  deliver,
  drain,
  type InFlight,
  linkUp,
  redeemAt,
  SCOPES,
  type Side,
  startAt,
  twoSides,
} from './sides.ts';

const change: fc.Arbitrary<LinkChange> = fc.oneof(
  fc.constantFrom<LinkChange>({ kind: 'pause' }, { kind: 'resume' }, { kind: 'revoke' }, { kind: 'restore' }),
  fc.constantFrom<LinkChange>(
    { kind: 'scopes', scopes: { [A]: { documents: ['other'] } } },
    { kind: 'scopes', scopes: SCOPES, consent: CONSENT },
    { kind: 'scopes', scopes: { [B]: { documents: ['tax.notice'] } }, consent: CONSENT },
  ),
);

const step = fc.record({
  side: fc.constantFrom<'a' | 'b'>('a', 'b'),
  change,
  /** How many of what is on its way arrive before the next step, and which. */
  deliveries: fc.array(fc.nat(), { maxLength: 2 }),
  again: fc.boolean(),
});

const said = async (side: Side, linkId: string) => {
  const { state, scopes, self, other } = await side.links.show(linkId);
  return { state, scopes, self, other };
};

t.test(
  'halves that cross arrive in any order, some twice, and both sides end up saying the same',
  async (t) => {
    const { a, b } = await twoSides(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.nat(), async (steps, order) => {
        run++;
        const linkId = await linkUp(a, b, { at: `a-${run}`, there: `b-${run}` });
        const delivered: InFlight[] = [];
        for (const { side, change: said, deliveries, again } of steps) {
          const who = side === 'a' ? a : b;
          await who.links.change(linkId, said).catch((error: { name: string }) => {
            if (error.name !== 'Refusal') throw error;
          });
          await who.settled();
          for (const nth of deliveries) {
            const waiting = [...a.sent, ...b.sent];
            const flight = waiting[nth % Math.max(1, waiting.length)];
            if (flight === undefined) continue;
            await deliver(flight, flight.from === a ? b : a);
            delivered.push(flight);
          }
          const old = again ? delivered[order % Math.max(1, delivered.length)] : undefined;
          if (old !== undefined) await deliver(old, old.from === a ? b : a, { reply: false });
        }
        await drain(a, b, (count) => order % count);
        const [atA, atB] = [await said(a, linkId), await said(b, linkId)];
        t.equal(atA.state, atB.state);
        t.same(atA.scopes, atB.scopes);
        t.equal(atA.self?.rev, atB.other?.rev);
        t.equal(atB.self?.rev, atA.other?.rev);
        t.ok(
          atA.self?.acknowledged && atB.self?.acknowledged,
          'each knows that the other has its newest half',
        );
      }),
      { numRuns: 25 },
    );
  },
);

t.test('links started from both sides at once leave one, the same, whatever crosses', async (t) => {
  const { a, b } = await twoSides(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.boolean(), fc.nat(), async (aFirst, completeFirst, order) => {
      run++;
      const names = { [A]: `a-${run}`, [B]: `b-${run}` };
      const nameAt = (side: Side) => names[side.entityId] as string;
      const [first, second] = aFirst ? [a, b] : [b, a];
      const one = { by: first, ...(await startAt(first, second, nameAt(first))) };
      const two = { by: second, ...(await startAt(second, first, nameAt(second))) };
      const codes = [
        await redeemAt(second, first, one.token, nameAt(second)),
        await redeemAt(first, second, two.token, nameAt(first)),
      ];
      const completions = [one, two].map((link, at) => async () => {
        const customer = nameAt(link.by);
        const { linkId } = link;
        await link.by.links.complete({ linkId, customer, session: 'session-1', code: codes[at] as string });
      });
      for (const complete of completeFirst ? completions : completions.reverse()) await complete();
      await drain(a, b, (count) => order % count);
      for (const side of [a, b]) {
        t.equal((await side.links.show(one.linkId)).state, 'active', 'the lower id');
        t.equal((await side.links.show(two.linkId)).state, 'revoked', 'the higher id');
      }
    }),
    { numRuns: 12 },
  );
});
