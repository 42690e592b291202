import { readNow, type Tx } from '../db/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { entryTime } from '../protocol/ledger/entry.ts';
import { periodBegin } from '../protocol/ledger/period.ts';
import { orderCounts } from '../protocol/ledger/statement.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { LedgerDeps } from './deps.ts';
import { readEntriesAt } from './entry-store.ts';
import type { Reversing } from './reversing.ts';
import { lockSequences, readSequences, writeSequences } from './sequence-store.ts';
import {
  countRange,
  insertStatement,
  readLastBefore,
  readStatementsAt,
  readUnstated,
} from './statement-store.ts';
import { insertSaying } from './telling-store.ts';

/** After the end of a period: what was decided in its last moments is written by then. */
const GRACE_MS = 60_000;

export type Stating = {
  /**
   * States an account of this node's up to now. Returns the statement's number.
   *
   * @throws Refusal `ledger.account_not_found`, `ledger.nothing_new`
   */
  state(agreement: string): Promise<number>;
  /** States what periods have closed. */
  sweep(): Promise<void>;
};

/** The host's statements: a range of a sequence, closed under its lock, so that nothing can be written into it later. */
export function createStating(deps: LedgerDeps, reversing: Reversing, wake: () => void): Stating {
  const { db, registry, evidence } = deps;

  /** `until`: the end of a period; absent for all there is. */
  async function issue(tx: Tx, agreement: string, until?: Date): Promise<number | undefined> {
    const [known] = await readSequences(tx.client, { role: 'host', agreements: [agreement] });
    if (known === undefined) throw new Refusal('ledger.account_not_found');
    const locked = (await lockSequences(tx, 'host', [known])).get(agreement) ?? known;
    const sequence = await reversing.giveBack(tx, locked);
    const now = await readNow(tx);
    const untilS = Math.floor((until ?? now).getTime() / 1000);
    if (untilS < sequence.closedS) return undefined;
    const [before] = await readStatementsAt(tx.client, 'host', [{ agreement, number: sequence.statements }]);
    const first = (before?.last ?? 0) + 1;
    const last = until === undefined ? sequence.seq : await readLastBefore(tx.client, agreement, until);
    if (last < first) return undefined;
    const [entry] = await readEntriesAt(tx.client, 'host', [{ agreement, seq: last }]);
    if (entry === undefined) throw new Error('a sequence without its entry');
    const number = sequence.statements + 1;
    const statement = {
      number,
      first,
      last,
      head: entry.hash,
      opening: before?.closing ?? 0,
      closing: entry.total,
      counts: orderCounts(await countRange(tx.client, sequence, { first, last })),
      until: entryTime(untilS),
    };
    const state = { state: 'open' as const, fault: null, statedAt: now, answeredAt: null };
    await insertStatement(tx, { ...statement, ...state, agreement, role: 'host' });
    await writeSequences(tx, [{ ...sequence, statements: number, closedS: untilS }]);
    const { peer } = sequence;
    await insertSaying(tx, { agreement, peer, act: 'ledger.statement', body: { agreement, ...statement } });
    await evidence.record(tx, {
      event: 'LedgerChanged',
      at: now,
      peer: peer as EntityId,
      subject: `ledger:${agreement}:${registry.self.entityId}:statement:${number}:stated`,
    });
    tx.afterCommit(wake);
    return number;
  }

  return {
    async state(agreement) {
      const number = await db.transact((tx) => issue(tx, agreement));
      if (number === undefined) throw new Refusal('ledger.nothing_new');
      return number;
    },
    async sweep() {
      const nowMs = deps.clock.nowMs();
      const due = await db.transact(async (tx) => {
        const unstated = await readUnstated(tx.client);
        const terms = await deps.agreements.terms(
          tx,
          unstated.map(({ version }) => version),
        );
        return unstated.flatMap(({ agreement, version, closedS }) => {
          const period = terms.get(version)?.statement.period ?? 'month';
          const until = periodBegin(period, nowMs - GRACE_MS);
          return closedS * 1000 < until ? [{ agreement, until: new Date(until) }] : [];
        });
      });
      for (const { agreement, until } of due) await db.transact((tx) => issue(tx, agreement, until));
    },
  };
}
