import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { ActHandler, ExchangeService, LinkGate, OutcomeListener } from '../exchange/index.ts';
import { createFiling, type Filing } from './filing.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createJournal, type Journal } from './journal.ts';
import { createStatusHandler, createStatusReporter } from './status.ts';
import { createSteps, NODE_CALLER } from './steps.ts';

/** The vault's side of documents: what was received, what became of it, and what of that travels back. */
export type Vault = {
  readonly inbox: Inbox;
  readonly filing: Filing;
  readonly journal: Journal;
  /** The acts this room owns beside `document.push`. */
  readonly handlers: readonly ActHandler[];
  readonly listeners: readonly OutcomeListener[];
  /** Consigns in the accepting transaction: for a node that is itself the vault's store. */
  consignOnArrival(tx: Tx, ids: readonly string[]): Promise<void>;
};

export function createVault(deps: {
  db: Database;
  clock: Clock;
  evidence: Evidence;
  links: LinkGate;
  self: () => string;
  peerState: (peer: string) => string | undefined;
  /** Asked when it is used: the exchange needs this room's acts before it exists. */
  exchange: () => ExchangeService;
  options: { deliveryWindowS: number };
  onError: (error: unknown) => void;
}): Vault {
  const { db, clock, evidence, links, exchange, options, onError } = deps;
  const journal = createJournal({ db });
  const inbox = createInbox({ db, bodies: { open: (ids) => exchange().bodies.open(ids) }, journal });
  const reporter = createStatusReporter({
    db,
    clock,
    links,
    self: deps.self,
    peerState: deps.peerState,
    exchange,
    windowS: options.deliveryWindowS,
    onError,
  });
  const steps = createSteps({ db, evidence, reports: reporter });
  const filing = createFiling({ db, evidence, inbox, steps });

  return {
    inbox,
    filing,
    journal,
    handlers: [createStatusHandler()],
    listeners: [reporter.outcome],
    async consignOnArrival(tx, ids) {
      await steps.takeIn(tx, ids, { step: 'consigned' }, NODE_CALLER);
    },
  };
}
