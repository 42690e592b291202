import { Counter, Histogram, type Registry } from 'prom-client';
import type { Evidence } from '../evidence/index.ts';
import type { ExchangeService } from '../exchange/index.ts';
import type { LedgerAlarm } from '../ledger/index.ts';
import type { Attempt } from '../outbox/index.ts';
import { parseReceipt } from '../protocol/receipt.ts';
import { REFUSALS } from '../protocol/refusal.ts';
import { isBoundedCode } from './metric-labels.ts';

/** Shared commits: what was committed together. */
export type CommitWork = 'receive' | 'settle' | 'submit';

/**
 * What the rooms do, counted where the composition root wires them: no room knows of metrics. Labels take values from
 * closed lists only, since each value is a series that lives as long as the process.
 */
export type RoomMetrics = Readonly<{
  /** The service, its receptions counted by outcome and code. */
  countExchanges: (service: ExchangeService) => ExchangeService;
  /** A try of the outbox, counted by result and timed. */
  tried: (attempt: Attempt, ms: number) => void;
  /** The service, its records counted once they are durable. */
  countEvidence: (evidence: Evidence) => Evidence;
  committed: (work: CommitWork, items: number) => void;
  uploadsSwept: (count: number) => void;
  ledgerAlarm: (alarm: Pick<LedgerAlarm, 'kind'>) => void;
}>;

const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128];
const DELIVERY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const RESULTS: Readonly<Record<Attempt['kind'], string>> = {
  settled: 'settled',
  retry: 'retry',
  hold: 'held',
  give_up: 'gave_up',
};

export function createRoomMetrics(registry: Registry): RoomMetrics {
  const registers = [registry];
  const exchanges = new Counter({
    name: 'intervault_exchanges_received_total',
    help: 'Exchanges received from peers, by what became of them; code is empty unless refused or rejected',
    labelNames: ['outcome', 'code'] as const,
    registers,
  });
  const deliveries = new Counter({
    name: 'intervault_delivery_tries_total',
    help: 'Tries to deliver an exchange to a peer, by result; code is empty where it settled',
    labelNames: ['result', 'code'] as const,
    registers,
  });
  const deliverySeconds = new Histogram({
    name: 'intervault_delivery_try_duration_seconds',
    help: 'Time of one try that asked the peer, from its start to its stored result',
    buckets: DELIVERY_SECONDS,
    registers,
  });
  const evidenceRecords = new Counter({
    name: 'intervault_evidence_records_total',
    help: 'Signed records stored, ours and the receipts of peers, by event',
    labelNames: ['event'] as const,
    registers,
  });
  const batches = new Histogram({
    name: 'intervault_commit_batch_items',
    help: 'Items that shared one durable commit, by the work that was committed',
    labelNames: ['work'] as const,
    buckets: BATCH_SIZES,
    registers,
  });
  const swept = new Counter({
    name: 'intervault_uploads_swept_total',
    help: 'Uploads removed whose request died with its process',
    registers,
  });

  const ledgerAlarms = new Counter({
    name: 'intervault_ledger_alarms_total',
    help: 'What operators ought to look at in ledgers: messages past a tolerance, disputes, forks',
    labelNames: ['kind'] as const,
    registers,
  });

  return Object.freeze({
    countExchanges: (service) => ({
      ...service,
      async receive(arrival) {
        const answer = await service.receive(arrival);
        if (answer.kind === 'refused') exchanges.inc({ outcome: 'refused', code: labelOf(answer.code) });
        else if (answer.replayed) exchanges.inc({ outcome: 'replayed', code: '' });
        else {
          const code = answer.outcome === 'rejected' ? labelOf(reasonOf(answer.receipt)) : '';
          exchanges.inc({ outcome: answer.outcome, code });
        }
        return answer;
      },
    }),
    tried(attempt, ms) {
      if (attempt.kind !== 'hold') deliverySeconds.observe(ms / 1000);
      deliveries.inc({ result: RESULTS[attempt.kind], code: labelOf(codeOf(attempt)) });
    },
    countEvidence: (evidence) => ({
      ...evidence,
      async store(tx, rows) {
        await evidence.store(tx, rows);
        tx.afterCommit(() => {
          for (const { event } of rows) evidenceRecords.inc({ event });
        });
      },
      async record(tx, draft) {
        await evidence.record(tx, draft);
        tx.afterCommit(() => evidenceRecords.inc({ event: draft.event }));
      },
    }),
    committed: (work, items) => batches.observe({ work }, items),
    uploadsSwept: (count) => swept.inc(count),
    ledgerAlarm: ({ kind }) => ledgerAlarms.inc({ kind }),
  } satisfies RoomMetrics);
}

function codeOf(attempt: Attempt): string {
  switch (attempt.kind) {
    case 'settled':
      return '';
    case 'give_up':
      return attempt.reason;
    default:
      return attempt.code;
  }
}

/** A peer's answer names a code of its choosing: only known ones become a series. */
function labelOf(code: string): string {
  return code === '' || Object.hasOwn(REFUSALS, code) || isBoundedCode(code) ? code : 'other';
}

/** Why this node rejected, as its own receipt says. */
function reasonOf(receipt: string): string {
  const parsed = parseReceipt(receipt);
  const reason = parsed.ok ? parsed.jws.claims['reason'] : undefined;
  return typeof reason === 'string' ? reason : '';
}
