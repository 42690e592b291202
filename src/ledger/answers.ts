import type { ActHandler, InboundItem, Verdict } from '../exchange/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { LedgerDeps } from './deps.ts';
import { countMissed, type DisputeReason, insertDisputes } from './dispute-store.ts';
import { readEntriesAt } from './entry-store.ts';
import { fileExchanges } from './file-store.ts';
import { readSequences } from './sequence-store.ts';
import { answerStatements, readStatementsAt } from './statement-store.ts';

type CountersignBody = { agreement: string; number: number; head: string; closing: number };
type DisputeBody = {
  agreement: string;
  items: { seq?: number; exchange: string; reason: DisputeReason }[];
  statement?: { number: number; fault?: string };
};

/** An honest host has none; and nobody fills its tables with what never was. */
const MAX_MISSED = 1_000;

const placeOf = (one: { agreement: string; seq?: number; number?: number }) =>
  `${one.agreement} ${one.seq ?? one.number}`;

/** What guests answer a host: `ledger.countersign` and `ledger.dispute`. Neither moves a unit, so no account is locked. */
export function createAnswerHandlers(deps: LedgerDeps): ActHandler[] {
  const { registry, evidence, onAlarm } = deps;

  const countersigned = (item: InboundItem) => item.manifest.body as unknown as CountersignBody;
  const disputed = (item: InboundItem) => item.manifest.body as unknown as DisputeBody;

  async function recordAll(
    tx: Parameters<ActHandler['apply']>[0],
    answers: readonly { item: InboundItem; agreement: string; number: number; state: string }[],
  ): Promise<void> {
    const host = registry.self.entityId;
    await Promise.all(
      answers.map(({ item, agreement, number, state }) =>
        evidence.record(tx, {
          event: 'LedgerChanged',
          at: item.decidedAt,
          peer: item.iss as EntityId,
          env: { jti: item.claims.jti, iss: item.claims.iss },
          subject: `ledger:${agreement}:${host}:statement:${number}:${state}`,
        }),
      ),
    );
  }

  return [
    {
      act: 'ledger.countersign',
      content: 'none',
      link: 'none',
      async judge(tx, items) {
        const bodies = items.map(countersigned);
        const sequences = await hostedIn(tx, bodies);
        const statements = new Map(
          (await readStatementsAt(tx.client, 'host', bodies)).map((one) => [placeOf(one), one]),
        );
        return items.map((item): Verdict => {
          const { agreement, number, head, closing } = countersigned(item);
          const statement = statements.get(placeOf({ agreement, number }));
          if (statement === undefined || sequences.get(agreement)?.peer !== item.iss)
            return { refusal: 'ledger.unknown' };
          const same = statement.head === head && statement.closing === closing;
          return same ? {} : { refusal: 'ledger.mismatch' };
        });
      },
      async apply(tx, items) {
        const answers = items.map((item) => {
          const { agreement, number } = countersigned(item);
          return { item, agreement, number, state: 'countersigned' as const, at: item.decidedAt };
        });
        await answerStatements(tx, 'host', answers);
        await fileExchanges(tx, items.map(filedOf));
        await recordAll(tx, answers);
      },
    },
    {
      act: 'ledger.dispute',
      content: 'none',
      link: 'none',
      async judge(tx, items) {
        const bodies = items.map(disputed);
        const sequences = await hostedIn(tx, bodies);
        const missed = await countMissed(tx.client, [...sequences.keys()]);
        const named = bodies.flatMap(({ agreement, items: said }) =>
          said.flatMap(({ seq }) => (seq === undefined ? [] : [{ agreement, seq }])),
        );
        const entries = new Map(
          (await readEntriesAt(tx.client, 'host', named)).map((one) => [placeOf(one), one]),
        );
        return items.map((item): Verdict => {
          const { agreement, items: said, statement } = disputed(item);
          const sequence = sequences.get(agreement);
          if (sequence?.peer !== item.iss || (statement?.number ?? 0) > sequence.statements)
            return { refusal: 'ledger.unknown' };
          const ahead = said.some(({ seq }) => (seq ?? 0) > sequence.seq);
          if (ahead) return { refusal: 'ledger.unknown' };
          const wrong = said.some(
            ({ seq, exchange, reason }) =>
              (seq === undefined) !== (reason === 'missing') ||
              (seq !== undefined && entries.get(placeOf({ agreement, seq }))?.exchange !== exchange),
          );
          if (wrong) return { refusal: 'ledger.mismatch' };
          const more = said.filter(({ seq }) => seq === undefined).length;
          return more > 0 && (missed.get(agreement) ?? 0) + more > MAX_MISSED
            ? { refusal: 'rate.limited' }
            : {};
        });
      },
      async apply(tx, items) {
        const at = items[0]?.decidedAt ?? new Date(deps.clock.nowMs());
        const raised = await insertDisputes(
          tx,
          'host',
          items.flatMap((item) => {
            const { agreement, items: said } = disputed(item);
            return said.map(({ seq, exchange, reason }) => ({
              agreement,
              seq: seq ?? null,
              exchange,
              reason,
            }));
          }),
          at,
        );
        const answers = items.flatMap((item) => {
          const { agreement, statement } = disputed(item);
          return statement === undefined
            ? []
            : [{ item, agreement, number: statement.number, state: 'disputed' as const, at: item.decidedAt }];
        });
        await answerStatements(tx, 'host', answers);
        await fileExchanges(tx, items.map(filedOf));
        await recordAll(tx, answers);
        const peerOf = new Map(items.map((item) => [disputed(item).agreement, item.iss]));
        for (const [agreement, ofAgreement] of Map.groupBy(raised, (one) => one.agreement)) {
          const peer = peerOf.get(agreement) as string;
          const alarm = { kind: 'dispute', agreement, peer, items: ofAgreement.length } as const;
          tx.afterCommit(() => onAlarm(alarm));
        }
      },
    },
  ];
}

async function hostedIn(tx: Parameters<ActHandler['apply']>[0], bodies: readonly { agreement: string }[]) {
  const agreements = [...new Set(bodies.map(({ agreement }) => agreement))];
  const sequences = await readSequences(tx.client, { role: 'host', agreements });
  return new Map(sequences.map((one) => [one.agreement, one]));
}

function filedOf(item: InboundItem) {
  const { agreement, number, statement } = item.manifest.body as {
    agreement: string;
    number?: number;
    statement?: { number: number };
  };
  const about = number ?? statement?.number;
  return {
    ...{ iss: item.iss, jti: item.jti, agreement, role: 'host' as const, act: item.claims.act },
    ...{ at: item.decidedAt, ...(about !== undefined && { statement: about }) },
  };
}
