import { readNow, type Tx } from '../db/index.ts';
import type { ActHandler, InboundItem, Verdict } from '../exchange/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { entrySeconds, originOf } from '../protocol/ledger/entry.ts';
import { findStatementFault, type LedgerStatement } from '../protocol/ledger/statement.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { LedgerDeps } from './deps.ts';
import { type DisputeItem, insertDisputes, readOpenDisputes } from './dispute-store.ts';
import { readEntriesAt } from './entry-store.ts';
import { fileExchanges } from './file-store.ts';
import { type Forks, refuseFork } from './forks.ts';
import { findOverdue } from './overdue.ts';
import { sayDispute } from './sayings.ts';
import { lockSequences, readParties, type Sequence, writeSequences } from './sequence-store.ts';
import {
  answerStatements,
  countRange,
  insertStatement,
  readEarliestAfter,
  readStatementsAt,
  type StoredStatement,
} from './statement-store.ts';
import { insertSaying } from './telling-store.ts';
import type { Turns } from './turns.ts';

type StatementBody = LedgerStatement & { agreement: string };
const bodyOf = (item: InboundItem) => item.manifest.body as unknown as StatementBody;

/** More objections than this in one answer help nobody: the others are told all the same, as they are raised. */
const MAX_NAMED = 500;

export type Answering = {
  readonly handler: ActHandler;
  /** People settle what the node disputed. @throws Refusal `ledger.statement_not_found` */
  countersign(agreement: string, number: number): Promise<void>;
};

/**
 * `ledger.statement` at the guest: held against the guest's own book and answered, in the transaction that takes it, with a
 * countersignature or with what is wrong, entry by entry. Statements are few: a transaction takes one.
 */
export function createAnswering(deps: LedgerDeps, forks: Forks, turns: Turns, wake: () => void): Answering {
  const { db, registry, evidence } = deps;
  const judged = new WeakMap<InboundItem, Sequence>();

  async function lock(tx: Tx, agreement: string, peer: string): Promise<Sequence> {
    const head = originOf({ agreement, host: peer, guest: registry.self.entityId });
    const sequences = await lockSequences(tx, 'guest', [{ agreement, role: 'guest', peer, head }]);
    return sequences.get(agreement) as Sequence;
  }

  async function judgeOne(tx: Tx, item: InboundItem): Promise<Verdict> {
    const { agreement, number, last, head } = bodyOf(item);
    const parties = await readParties(tx.client, [agreement]);
    if (parties.get(agreement) !== item.iss) return { refusal: 'agreement.unknown' };
    if (!turns.take(tx, agreement)) return { refusal: 'exchange.in_progress' };
    const sequence = await lock(tx, agreement, item.iss);
    const [known] = await readStatementsAt(tx.client, 'guest', [{ agreement, number }]);
    if (known !== undefined)
      return isSame(known, bodyOf(item)) ? {} : refuseFork(forks, tx, item, { agreement, statement: number });
    if (number > sequence.statements + 1 || last > sequence.seq) return { refusal: 'ledger.gap' };
    const [entry] = await readEntriesAt(tx.client, 'guest', [{ agreement, seq: last }]);
    if (entry?.hash !== head) return refuseFork(forks, tx, item, { agreement, seq: last });
    judged.set(item, sequence);
    return {};
  }

  async function sayCountersigned(tx: Tx, statement: StatementBody, peer: string, at: Date): Promise<void> {
    const { agreement, number, head, closing } = statement;
    const body = { agreement, number, head, closing };
    await insertSaying(tx, { agreement, peer, act: 'ledger.countersign', body });
    await recordAnswer(tx, { agreement, number, peer, state: 'countersigned', at });
  }

  async function recordAnswer(
    tx: Tx,
    given: { agreement: string; number: number; peer: string; state: string; at: Date },
  ): Promise<void> {
    const { agreement, number, peer, state, at } = given;
    await evidence.record(tx, {
      event: 'LedgerChanged',
      at,
      peer: peer as EntityId,
      subject: `ledger:${agreement}:${peer}:statement:${number}:${state}`,
    });
  }

  async function take(tx: Tx, item: InboundItem, sequence: Sequence): Promise<void> {
    const { iss: peer, jti, decidedAt: at } = item;
    const statement = bodyOf(item);
    const { agreement, number, first, last, until } = statement;
    await fileExchanges(tx, [
      { iss: peer, jti, agreement, role: 'guest', act: 'ledger.statement', statement: number, at },
    ]);
    const [before] = await readStatementsAt(tx.client, 'guest', [{ agreement, number: number - 1 }]);
    const ends = [first - 1, last].map((seq) => ({ agreement, seq }));
    const totals = new Map(
      (await readEntriesAt(tx.client, 'guest', ends)).map(({ seq, total }) => [seq, total]),
    );
    const fault = findStatementFault(statement, {
      closedSeq: before?.last ?? 0,
      closedS: sequence.closedS,
      opening: totals.get(first - 1) ?? 0,
      counts: await countRange(tx.client, sequence, { first, last }),
      closing: totals.get(last) ?? 0,
      laterS: await readEarliestAfter(tx.client, sequence, last),
      nowS: Math.floor(at.getTime() / 1000),
    });
    const untilS = fault === 'until' ? sequence.closedS : entrySeconds({ at: until });
    const closed = { ...sequence, statements: number, closedS: Math.max(untilS, sequence.closedS) };
    await writeSequences(tx, [closed]);
    await insertDisputes(tx, 'guest', await findOverdue(tx.client, [closed]), at);
    const from = new Date(sequence.closedS * 1000);
    const range = { first, last, from, until: new Date(closed.closedS * 1000) };
    const open: DisputeItem[] = await readOpenDisputes(tx.client, sequence, range, MAX_NAMED);
    const right = fault === undefined && open.length === 0;
    await insertStatement(tx, {
      ...statement,
      role: 'guest',
      state: right ? 'countersigned' : 'disputed',
      fault: fault ?? null,
      statedAt: at,
      answeredAt: at,
    });
    if (right) await sayCountersigned(tx, statement, peer, at);
    else {
      await sayDispute(tx, { agreement, peer }, open, { number, ...(fault !== undefined && { fault }) });
      await recordAnswer(tx, { agreement, number, peer, state: 'disputed', at });
      tx.afterCommit(() => deps.onAlarm({ kind: 'dispute', agreement, peer, items: open.length }));
    }
    tx.afterCommit(wake);
  }

  return {
    handler: {
      act: 'ledger.statement',
      content: 'none',
      link: 'none',
      async judge(tx, items) {
        const [first] = items;
        const verdict = first === undefined ? {} : await judgeOne(tx, first);
        return items.map((item) => (item === first ? verdict : { refusal: 'exchange.in_progress' }));
      },
      async apply(tx, items) {
        for (const item of items) {
          const sequence = judged.get(item);
          if (sequence !== undefined) await take(tx, item, sequence);
        }
      },
    },
    countersign: (agreement, number) =>
      db.transact(async (tx) => {
        const [statement] = await readStatementsAt(tx.client, 'guest', [{ agreement, number }]);
        const peer = (await readParties(tx.client, [agreement])).get(agreement);
        if (statement === undefined || peer === undefined) throw new Refusal('ledger.statement_not_found');
        await lock(tx, agreement, peer);
        if (statement.state === 'countersigned') return;
        const at = await readNow(tx);
        await answerStatements(tx, 'guest', [{ agreement, number, state: 'countersigned', at }]);
        await sayCountersigned(tx, statement, peer, at);
        tx.afterCommit(wake);
      }),
  };
}

function isSame(known: StoredStatement, said: LedgerStatement): boolean {
  const text = ({ number, first, last, head, opening, closing, until, counts }: LedgerStatement) =>
    JSON.stringify([
      ...[number, first, last, head, opening, closing, until],
      ...counts.map((one) => [one.category, one.weight, one.posted, one.reversed]),
    ]);
  return text(known) === text(said);
}
