import type { Tx } from '../db/index.ts';
import type { DisputeItem } from './dispute-store.ts';
import { insertSaying } from './telling-store.ts';

/** Objections in one exchange, as its schema says. */
const MAX_ITEMS = 500;

/** Tells a host what the guest objects to: all of it, in as many exchanges as it takes. */
export async function sayDispute(
  tx: Tx,
  to: { agreement: string; peer: string },
  items: readonly DisputeItem[],
  statement?: { number: number; fault?: string },
): Promise<void> {
  const told = items.map(({ seq, exchange, reason }) => ({
    ...(seq !== null && { seq }),
    exchange,
    reason,
  }));
  for (let from = 0; from < Math.max(told.length, 1); from += MAX_ITEMS) {
    const last = from + MAX_ITEMS >= told.length;
    const body = {
      agreement: to.agreement,
      items: told.slice(from, from + MAX_ITEMS),
      ...(last && statement !== undefined && { statement }),
    };
    await insertSaying(tx, { ...to, act: 'ledger.dispute', body });
  }
}
