import { createGroupCommit, type Database, type Tx } from '../db/index.ts';
import { insertJournal, type JournalFilter, type JournalRow, readJournal } from './journal-store.ts';

/** Who asks, as the token says. */
export type Caller = { subject: string; role: string };

export type JournalEntry = {
  action: string;
  document?: string | null;
  customer?: string | null;
  /** `ok`, or the code of the refusal. */
  outcome: string;
  detail?: string;
};

export type Journal = {
  /** Notes an access or an attempt; durable before it resolves. */
  note(caller: Caller, entry: JournalEntry): Promise<void>;
  /** The same in the transaction of what was done. */
  noteIn(tx: Tx, caller: Caller, entry: JournalEntry): Promise<void>;
  list(
    filter: JournalFilter,
    page: { before?: number; limit: number },
  ): Promise<{ entries: JournalView[]; next: string | null }>;
};

export type JournalView = {
  at: Date;
  actor: string;
  role: string;
  action: string;
  document: string | null;
  outcome: string;
  detail: string | null;
};

const MAX_BATCH = 256;

/** The journal of accesses and attempts. Reads are many, so those at one time share a commit. */
export function createJournal(deps: { db: Database }): Journal {
  const { db } = deps;
  const commits = createGroupCommit<JournalRow, undefined>({
    maxBatch: MAX_BATCH,
    async commit(rows) {
      await db.transact((tx) => insertJournal(tx, rows));
      return rows.map(() => undefined);
    },
  });

  return {
    note: (caller, entry) => commits.add(rowOf(caller, entry)),
    noteIn: (tx, caller, entry) => insertJournal(tx, [rowOf(caller, entry)]),

    async list(filter, page) {
      const rows = await readJournal(db.read, filter, page);
      const last = rows.length === page.limit ? rows.at(-1) : undefined;
      return {
        entries: rows.map((row) => ({
          at: row.at,
          actor: row.actor,
          role: row.role,
          action: row.action,
          document: row.document_id,
          outcome: row.outcome,
          detail: row.detail,
        })),
        next: last === undefined ? null : String(last.id),
      };
    },
  };
}

function rowOf(caller: Caller, entry: JournalEntry): JournalRow {
  return {
    actor: caller.subject,
    role: caller.role,
    action: entry.action,
    documentId: entry.document ?? null,
    customerId: entry.customer ?? null,
    outcome: entry.outcome,
    detail: entry.detail ?? null,
  };
}
