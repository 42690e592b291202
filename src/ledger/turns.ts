import type { Tx } from '../db/index.ts';

/**
 * One exchange changes a guest's sequence in a transaction, be it with entries or with a statement: what it changes decides
 * on the next, which waits for another transaction.
 */
export type Turns = {
  /** False where another exchange of this transaction has it. */
  take(tx: Tx, agreement: string): boolean;
};

export function createTurns(): Turns {
  const taken = new WeakMap<Tx, Set<string>>();
  return {
    take(tx, agreement) {
      const known = taken.get(tx) ?? new Set();
      taken.set(tx, known);
      if (known.has(agreement)) return false;
      known.add(agreement);
      return true;
    },
  };
}
