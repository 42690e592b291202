import fc from 'fast-check';
import t from 'tap';
import { judgeStep, STEPS, type Standing, type VaultState } from '../../src/documents/life.ts';

const NEW: Standing = {
  state: 'received',
  notifiedAt: null,
  openedAt: null,
  handedOverAt: null,
  deletedAt: null,
  erasedAt: null,
};
const ORDER: VaultState[] = ['received', 'refused', 'consigned', 'notified', 'opened'];
const AT = new Date(0);

t.test('whatever is said in whatever order, a state only moves on, and nothing is taken twice', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...STEPS), { maxLength: 20 }), (steps) => {
      let document = NEW;
      const taken = new Set<string>();
      for (const step of steps) {
        const verdict = judgeStep(document, step);
        if (verdict.kind !== 'take') continue;
        if (taken.has(step)) return false;
        taken.add(step);
        if (ORDER.indexOf(verdict.state) < ORDER.indexOf(document.state)) return false;
        document = {
          ...document,
          state: verdict.state,
          ...(step === 'notified' && { notifiedAt: AT }),
          ...(step === 'opened' && { openedAt: AT }),
          ...(step === 'handedOver' && { handedOverAt: AT, openedAt: document.openedAt ?? AT }),
        };
      }
      return !(taken.has('refused') && taken.size > 1);
    }),
  );
});

t.test('what was deleted or erased takes no step', async (t) => {
  for (const step of STEPS) {
    t.same(judgeStep({ ...NEW, deletedAt: AT }, step), { kind: 'refuse', code: 'document.deleted' });
    t.same(judgeStep({ ...NEW, deletedAt: AT, erasedAt: AT }, step), {
      kind: 'refuse',
      code: 'document.erased',
    });
  }
});
