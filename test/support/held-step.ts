import { eventually } from './node.ts';
import type { ProcessNode } from './process-node.ts';

/**
 * A point in a node's work at which a test may make it wait. `statement`: right after it wrote the table, with nothing
 * committed. `commit`: inside its COMMIT, which ends well once let go, whether or not the node still lives to hear it.
 */
export type Step = {
  name: string;
  table: string;
  event: 'insert' | 'update';
  at: 'statement' | 'commit';
  /** SQL over `old` and `new`. */
  when?: string;
};

export type HeldStep = {
  /** Resolves once a transaction of the node waits there; rejects after `timeoutMs`. */
  reached(timeoutMs?: number): Promise<void>;
  /** Lets what waits go on; `abort` ends those transactions instead. Also after the server died. */
  release(how?: 'continue' | 'abort'): Promise<void>;
};

/** Any numbers will do that no product code uses. */
const FIRST_LOCK = 771_144_000;

const LEASING = 'old.lease_owner is null and new.lease_owner is not null';

/** A sender's life of a document, in its order. */
export const SENDER_STEPS = [
  { name: 'upload streaming in', table: 'body_segments', event: 'insert', at: 'statement' },
  { name: 'submission written', table: 'outbound_exchanges', event: 'insert', at: 'statement' },
  { name: 'submission committing', table: 'outbound_exchanges', event: 'insert', at: 'commit' },
  { name: 'submitted, leasing', table: 'deliveries', event: 'update', at: 'statement', when: LEASING },
  { name: 'lease committing', table: 'deliveries', event: 'update', at: 'commit', when: LEASING },
  {
    name: 'receipt in hand',
    table: 'evidence_records',
    event: 'insert',
    at: 'statement',
    when: `new.event = 'ReceiptStored'`,
  },
  {
    name: 'receipt committing',
    table: 'evidence_records',
    event: 'insert',
    at: 'commit',
    when: `new.event = 'ReceiptStored'`,
  },
] as const satisfies readonly Step[];

/** The same at the recipient. */
export const RECIPIENT_STEPS = [
  { name: 'body streaming in', table: 'body_segments', event: 'insert', at: 'statement' },
  { name: 'body stored, accepting', table: 'inbound_exchanges', event: 'insert', at: 'statement' },
  { name: 'accepted, before the commit', table: 'received_documents', event: 'insert', at: 'statement' },
  { name: 'acceptance committing', table: 'inbound_exchanges', event: 'insert', at: 'commit' },
] as const satisfies readonly Step[];

/**
 * Puts the steps into a node's database as triggers that wait for an advisory lock, which nobody holds until
 * {@link holdStep}. The node runs the code it always runs.
 */
export async function installSteps(node: ProcessNode, steps: readonly Step[]): Promise<void> {
  for (const [index, { table, event, at, when }] of steps.entries()) {
    const name = `test_step_${index}`;
    await node.query(`
      create function ${name}() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock_shared(${FIRST_LOCK + index}); return null; end $$`);
    await node.query(`
      create ${at === 'commit' ? 'constraint' : ''} trigger ${name} after ${event} on ${table}
        ${at === 'commit' ? 'deferrable initially deferred' : ''} for each row
        ${when === undefined ? '' : `when (${when})`} execute function ${name}()`);
  }
}

/** From now on the node waits at this step, until released. */
export async function holdStep(node: ProcessNode, steps: readonly Step[], name: string): Promise<HeldStep> {
  const index = steps.findIndex((step) => step.name === name);
  if (index < 0) throw new Error(`no step is called ${name}`);
  const lock = FIRST_LOCK + index;
  const client = await node.connect();
  await client.query('select pg_advisory_lock($1)', [lock]);

  async function waiting(): Promise<number[]> {
    const { rows } = await client.query(
      `select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted
         and database = (select oid from pg_database where datname = current_database())`,
      [lock],
    );
    return rows.map((row) => row.pid as number);
  }

  return {
    async reached(timeoutMs = 20_000) {
      await eventually(async () => (await waiting()).length > 0, timeoutMs);
    },
    async release(how = 'continue') {
      try {
        if (how === 'abort') {
          for (const pid of await waiting())
            await client.query('select pg_terminate_backend($1, 5000)', [pid]);
        }
        await client.query('select pg_advisory_unlock($1)', [lock]);
      } catch {
        // The server is gone, and the lock with it.
      } finally {
        await client.end().catch(() => {});
      }
    },
  };
}
