import { createSweeper, type Sweeper } from '../db/index.ts';
import type { ActHandler, FullProof, OutcomeListener } from '../exchange/index.ts';
import { Refusal } from '../protocol/refusal.ts';
import { accountOf, type LedgerAccount, readImbalances } from './accounts.ts';
import { createAnswering } from './answering.ts';
import { createAnswerHandlers } from './answers.ts';
import type { LedgerDeps } from './deps.ts';
import { countOpen, readDisputes, type StoredDispute } from './dispute-store.ts';
import { readEntriesAfter, readEntriesAt, type StoredEntry, sumUnits } from './entry-store.ts';
import { type FileEntry, readEntryFile, readForkFile, readStatementFile } from './file-store.ts';
import { type GuestLedger, guestLedger } from './guesting.ts';
import { createHostLedger, type HostLedger } from './posting.ts';
import { type Reconciliation, reconcile } from './reconcile.ts';
import { createReversing } from './reversing.ts';
import { type Role, readSequences, type Sequence, suspend } from './sequence-store.ts';
import { readStatements, type StoredStatement } from './statement-store.ts';
import { createStating } from './stating.ts';
import { createEntriesHandler } from './taking.ts';
import { createTeller } from './telling.ts';
import { readTold } from './telling-store.ts';
import { createTurns } from './turns.ts';

/** `hosted`: what this node writes. `granted`: what the peer does, and this node checks. */
export type LedgerSide = 'hosted' | 'granted';

export const roleOf = (side: LedgerSide): Role => (side === 'hosted' ? 'host' : 'guest');

/** One exchange with all that proves it. */
export type LedgerProof = FileEntry & FullProof;

type Page<Item> = { items: Item[]; next: number | null };

export type Reciprocity = { hosted: number; granted: number; balance: number; tolerance: number | undefined };

/** Reciprocity accounts, as the institution's people use them. Every call refuses with a Refusal of `ledgerProblems`. */
export type LedgerService = {
  accounts(filter: { peer?: string }): Promise<LedgerAccount[]>;
  /** @throws Refusal `ledger.account_not_found` */
  account(agreement: string): Promise<LedgerAccount>;
  reconcile(agreement: string): Promise<Reconciliation>;
  /** Units moved with a peer between two times, each way, and the balance now; undefined where there is no account. */
  reciprocity(span: { peer: string; from: Date; until: Date }): Promise<Reciprocity | undefined>;
  /** The oldest first; `next` continues. */
  entries(
    agreement: string,
    page: { side: LedgerSide; faulty?: boolean; after: number; limit: number },
  ): Promise<Page<StoredEntry>>;
  entryEvidence(agreement: string, side: LedgerSide, seq: number): Promise<LedgerProof[]>;
  /** The newest first. */
  statements(
    agreement: string,
    page: { side: LedgerSide; before?: number; limit: number },
  ): Promise<Page<StoredStatement>>;
  statement(agreement: string, side: LedgerSide, number: number): Promise<StoredStatement>;
  statementEvidence(agreement: string, side: LedgerSide, number: number): Promise<LedgerProof[]>;
  disputes(
    agreement: string,
    page: { open?: boolean; after: number; limit: number },
  ): Promise<Page<StoredDispute>>;
  /** Both histories that a peer told, each with its signature. */
  forkEvidence(agreement: string): Promise<LedgerProof[]>;
  /** Takes an own post back. Returns the number of the reversal. @throws Refusal `ledger.entry_not_found`, `ledger.reversed` */
  reverse(agreement: string, seq: number): Promise<number>;
  /** States an own account up to now. @throws Refusal `ledger.nothing_new` */
  state(agreement: string): Promise<number>;
  /** States what periods have closed; done by a sweeper as well. */
  sweepStatements(): Promise<void>;
  /** Settles what the node disputed. @throws Refusal `ledger.statement_not_found` */
  countersign(agreement: string, number: number): Promise<void>;
  /** Lets messages go on after a fork. @throws Refusal `ledger.not_suspended` */
  resume(agreement: string): Promise<void>;
  /** What the slots room writes with its messages. */
  readonly host: HostLedger & { giveBack: ReturnType<typeof createReversing>['owe'] };
  readonly guest: GuestLedger;
  readonly sweepers: readonly Sweeper[];
  readonly handlers: readonly ActHandler[];
  readonly listeners: readonly OutcomeListener[];
};

const REVERSE_INTERVAL_MS = 15_000;
const STATE_INTERVAL_MS = 5 * 60_000;

export function createLedgerService(deps: LedgerDeps): LedgerService {
  const { db, registry, onError } = deps;
  const teller = createTeller(deps);
  const { wake } = teller.sweeper;
  const reversing = createReversing(deps, { teller: wake, sweeper: () => reverser.wake() });
  const reverser = createSweeper({ intervalMs: REVERSE_INTERVAL_MS, round: reversing.sweep, onError });
  const stating = createStating(deps, reversing, wake);
  const turns = createTurns();
  const answering = createAnswering(deps, deps, turns, wake);

  async function read(filter: { peer?: string; agreements?: string[] }) {
    return db.transact(async (tx) => {
      const sequences = await readSequences(tx.client, filter);
      const agreements = [...new Set(sequences.map(({ agreement }) => agreement))];
      const told = await readTold(tx.client, agreements);
      const open = await countOpen(tx.client, agreements);
      const imbalances = await readImbalances(tx, deps, sequences);
      return agreements.map((agreement) => {
        const ofRole = (role: Role): Sequence | undefined =>
          sequences.find((one) => one.agreement === agreement && one.role === role);
        const [host, guest] = [ofRole('host'), ofRole('guest')];
        const toldSeq = told.get(agreement) ?? 0;
        const account = accountOf({
          agreement,
          peer: registry.peer(host?.peer ?? guest?.peer ?? ''),
          host,
          guest,
          told: toldSeq,
          openDisputes: open.get(agreement) ?? 0,
          imbalance: imbalances.get(agreement),
        });
        return { account, host, guest, told: toldSeq };
      });
    });
  }

  async function find(agreement: string) {
    const [found] = await read({ agreements: [agreement] });
    if (found === undefined) throw new Refusal('ledger.account_not_found');
    return found;
  }

  async function prove(file: readonly FileEntry[]): Promise<LedgerProof[]> {
    return Promise.all(file.map(async (one) => ({ ...one, ...(await deps.proof(one)) })));
  }

  const service: LedgerService = {
    accounts: async (filter) => (await read(filter)).map(({ account }) => account),
    account: async (agreement) => (await find(agreement)).account,
    async reconcile(agreement) {
      const found = await find(agreement);
      return db.withClient((client) => reconcile(client, { agreement, ...found }));
    },
    async reciprocity({ peer, ...span }) {
      const accounts = await service.accounts({ peer });
      if (accounts.length === 0) return undefined;
      const moved = await db.withClient((client) =>
        sumUnits(
          client,
          accounts.map(({ agreement }) => agreement),
          span,
        ),
      );
      const tolerance = accounts.find((account) => account.tolerance !== undefined)?.tolerance?.tolerance;
      return { ...moved, balance: accounts.reduce((sum, one) => sum + one.balance, 0), tolerance };
    },
    async entries(agreement, { side, faulty, after, limit }) {
      await find(agreement);
      const range = { after, ...(faulty !== undefined && { faulty }) };
      const key = { agreement, role: roleOf(side) };
      const items = await db.withClient((client) => readEntriesAfter(client, key, range, limit));
      return { items, next: items.length === limit ? (items.at(-1)?.seq ?? null) : null };
    },
    async entryEvidence(agreement, side, seq) {
      const key = { agreement, role: roleOf(side) };
      const file = await db.withClient(async (client) => {
        const [entry] = await readEntriesAt(client, key.role, [{ agreement, seq }]);
        if (entry === undefined) throw new Refusal('ledger.entry_not_found');
        const { self } = registry;
        const peer = (await readSequences(client, { agreements: [agreement] }))[0]?.peer ?? '';
        const iss = side === 'hosted' ? peer : self.entityId;
        const message = { iss, jti: entry.exchange, act: 'slot.message' };
        return [message, ...(await readEntryFile(client, key, seq))];
      });
      return prove(file);
    },
    async statements(agreement, { side, before, limit }) {
      await find(agreement);
      const filter = { agreements: [agreement], role: roleOf(side) };
      const items = await db.withClient((client) =>
        readStatements(client, { ...filter, ...(before !== undefined && { before }) }, limit),
      );
      return { items, next: items.length === limit ? (items.at(-1)?.number ?? null) : null };
    },
    async statement(agreement, side, number) {
      const filter = { agreements: [agreement], role: roleOf(side), number };
      const [statement] = await db.withClient((client) => readStatements(client, filter, 1));
      if (statement === undefined) throw new Refusal('ledger.statement_not_found');
      return statement;
    },
    async statementEvidence(agreement, side, number) {
      await service.statement(agreement, side, number);
      const key = { agreement, role: roleOf(side) };
      return prove(await db.withClient((client) => readStatementFile(client, key, number)));
    },
    async disputes(agreement, { open, after, limit }) {
      await find(agreement);
      const filter = { agreement, after, ...(open !== undefined && { open }) };
      const items = await db.withClient((client) => readDisputes(client, filter, limit));
      return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
    },
    async forkEvidence(agreement) {
      await find(agreement);
      return prove(await db.withClient((client) => readForkFile(client, agreement)));
    },
    reverse: reversing.reverse,
    state: stating.state,
    sweepStatements: stating.sweep,
    countersign: answering.countersign,
    resume: (agreement) =>
      db.transact(async (tx) => {
        const [granted] = await readSequences(tx.client, { role: 'guest', agreements: [agreement] });
        if (granted === undefined) throw new Refusal('ledger.account_not_found');
        if (!(await suspend(tx, agreement, null))) throw new Refusal('ledger.not_suspended');
        await deps.evidence.record(tx, {
          event: 'LedgerChanged',
          peer: granted.peer as never,
          subject: `ledger:${agreement}:messages:resumed`,
        });
      }),
    host: { ...createHostLedger(deps, wake), giveBack: reversing.owe },
    guest: guestLedger,
    sweepers: [
      teller.sweeper,
      reverser,
      createSweeper({
        intervalMs: STATE_INTERVAL_MS,
        round: async () => {
          await stating.sweep();
          return false;
        },
        onError,
      }),
    ],
    handlers: [
      createEntriesHandler(deps, deps, turns, wake),
      answering.handler,
      ...createAnswerHandlers(deps),
    ],
    listeners: teller.listeners,
  };
  return service;
}
