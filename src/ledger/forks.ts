import type { Tx } from '../db/index.ts';
import type { InboundItem, Verdict } from '../exchange/index.ts';
import type { LedgerDeps } from './deps.ts';
import { insertFork } from './file-store.ts';
import { suspend } from './sequence-store.ts';

/** What is done about a second history; {@link refuseFork} is the one way in. */
export type Forks = Pick<LedgerDeps, 'evidence' | 'onAlarm'>;

/**
 * A host told two histories of one sequence. The second is refused and kept with its envelope as the first one is: both
 * are signed by the host. Messages under the agreement wait, both ways, until people have looked.
 */
export async function refuseFork(
  { evidence, onAlarm }: Forks,
  tx: Tx,
  item: InboundItem,
  about: { agreement: string; seq?: number; statement?: number },
): Promise<Verdict> {
  const { agreement, seq, statement } = about;
  const { iss, jti, decidedAt: at } = item;
  const fork = { iss, jti, agreement, seq: seq ?? null, statement: statement ?? null, at };
  if (await insertFork(tx, fork)) {
    await suspend(tx, agreement, at);
    const what = seq === undefined ? `statement:${statement}` : `entry:${seq}`;
    await evidence.record(tx, {
      event: 'LedgerChanged',
      at,
      peer: item.claims.iss,
      env: { jti: item.claims.jti, iss: item.claims.iss },
      subject: `ledger:${agreement}:${what}:forked`,
    });
    const alarm = { kind: 'fork' as const, agreement, peer: iss };
    tx.afterCommit(() =>
      onAlarm({ ...alarm, ...(seq !== undefined && { seq }), ...(statement !== undefined && { statement }) }),
    );
  }
  return { refusal: 'ledger.fork', keep: true };
}
