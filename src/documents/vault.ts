import type { Clock } from '../clock.ts';
import { createSweeper, type Database, type Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type {
  ActHandler,
  BodyStore,
  ExchangeService,
  LinkGate,
  OutcomeListener,
  Proof,
} from '../exchange/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { createDeletion, type Deletion } from './deletion.ts';
import { createErasure, type Erasure } from './erasure.ts';
import { createFiling, type Filing } from './filing.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createJournal, type Journal } from './journal.ts';
import { createJournalSeal } from './journal-seal.ts';
import { createRecallHandler, createRecalls, type Recalls } from './recall.ts';
import { settleSent } from './sent-state-store.ts';
import { createStatusHandler, createStatusReporter } from './status.ts';
import { createSteps, NODE_CALLER } from './steps.ts';

export type VaultOptions = {
  deliveryWindowS: number;
  deleteGraceMs: number;
  bodyRetentionMs: number;
  /** Acts whose bodies the retention leaves alone. */
  lastingActs: readonly string[];
  /** Between two looks of each sweep. */
  sweepIntervalMs?: number;
};

/** The vault's side of documents: what was received, what became of it, and what of that travels back. */
export type Vault = {
  readonly inbox: Inbox;
  readonly filing: Filing;
  readonly deletion: Deletion;
  readonly erasure: Erasure;
  readonly recalls: Pick<Recalls, 'recall'>;
  readonly journal: Journal;
  /** All that proves how a document came here. */
  proof(exchange: { iss: string; jti: string }): Promise<Proof>;
  /** The acts this room owns beside `document.push`. */
  readonly handlers: readonly ActHandler[];
  /** What became of what this room sent, `document.push` among it. */
  readonly listeners: readonly OutcomeListener[];
  /** Consigns in the accepting transaction: for a node that is itself the vault's store. */
  consignOnArrival(tx: Tx, ids: readonly string[]): Promise<void>;
  /** Begins the sweeps: reports, deletions, retention, the journal's seal. */
  start(): void;
  stop(): Promise<void>;
};

const SWEEP_INTERVAL_MS = 30_000;

export function createVault(deps: {
  db: Database;
  clock: Clock;
  evidence: Evidence;
  links: LinkGate;
  bodyStore: Pick<BodyStore, 'erase'>;
  outbox: Pick<Outbox, 'cancel'>;
  self: () => string;
  peerState: (peer: string) => string | undefined;
  /** Asked when it is used: the exchange needs this room's acts before it exists. */
  exchange: () => ExchangeService;
  options: VaultOptions;
  onError: (error: unknown) => void;
}): Vault {
  const { db, clock, evidence, links, exchange, options, onError } = deps;
  const windowS = options.deliveryWindowS;
  const intervalMs = options.sweepIntervalMs ?? SWEEP_INTERVAL_MS;
  const journal = createJournal({ db });
  const inbox = createInbox({ db, bodies: { open: (ids) => exchange().bodies.open(ids) }, journal });
  const reporter = createStatusReporter({
    db,
    clock,
    links,
    self: deps.self,
    peerState: deps.peerState,
    exchange,
    windowS,
    intervalMs,
    onError,
  });
  const steps = createSteps({ db, evidence, reports: reporter });
  const recalls = createRecalls({ db, clock, outbox: deps.outbox, exchange, windowS });
  const erasure = createErasure({
    db,
    clock,
    evidence,
    bodies: deps.bodyStore,
    self: deps.self,
    retentionMs: options.bodyRetentionMs,
    lastingActs: options.lastingActs,
  });

  const sweepers = [
    reporter.sweeper,
    ...[erasure.sweepDeleted, erasure.sweepRetention, createJournalSeal({ db, evidence })].map((round) =>
      createSweeper({ intervalMs, round, onError }),
    ),
  ];

  return {
    inbox,
    filing: createFiling({ db, evidence, inbox, steps }),
    deletion: createDeletion({ db, evidence, graceMs: options.deleteGraceMs }),
    erasure,
    recalls,
    journal,
    proof: (id) => exchange().proof(id),
    handlers: [createStatusHandler(), createRecallHandler()],
    listeners: [
      {
        act: 'document.push',
        async settled(tx, items) {
          const recalled = await settleSent(tx, items);
          if (recalled.length > 0) await recalls.pushSettled(tx, recalled);
        },
      },
      recalls.outcome,
      reporter.outcome,
    ],
    async consignOnArrival(tx, ids) {
      await steps.takeIn(tx, ids, { step: 'consigned' }, NODE_CALLER);
    },
    start() {
      for (const sweeper of sweepers) sweeper.start();
    },
    async stop() {
      await Promise.all(sweepers.map((sweeper) => sweeper.stop()));
    },
  };
}
