import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { readTuples } from './copy-binary.ts';
import { classify, isSerializationConflict } from './errors.ts';
import type { Pools } from './pool.ts';
import type { Tables } from './tables.ts';

/** Reads only. Stores take this for queries outside a transaction. */
export type Reader = Pick<Kysely<Tables>, 'selectFrom' | 'with' | 'selectNoFrom'>;

/** What only {@link Database.transact} hands out; every write asks for one. */
export type Tx = {
  readonly kysely: Kysely<Tables>;
  /** For the few statements that are prepared by name. */
  readonly client: pg.ClientBase;
  /** Runs once the commit is durable; never on rollback. Must not throw. */
  afterCommit(callback: () => void): void;
};

export type Database = {
  readonly read: Reader;
  /** One connection for reads prepared by name. */
  withClient<T>(use: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /**
   * The rows of a select by COPY in binary: for bytes, which every other query brings as text, that is as garbage for the
   * collector. The select has no parameters, and is held in memory whole.
   */
  copyOut(select: string): Promise<(Buffer | null)[][]>;
  /**
   * Runs `work` in one transaction and resolves after its durable commit. On a serialization conflict or a
   * deadlock the whole of `work` runs again, so it must have no effect outside the transaction.
   */
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

const MAX_CONFLICT_RETRIES = 5;

/** Prepared, so that they leave with the statements beside them; see coalescing-socket. */
const BEGIN = { name: 'begin', text: 'begin' };
const COMMIT = { name: 'commit', text: 'commit' };

/** Kysely over one pinned connection, or over a pool that gives one for each query. */
function kyselyOver(
  acquire: () => Promise<pg.ClientBase>,
  release: (client: pg.ClientBase) => void,
): Kysely<Tables> {
  const open = (client: pg.ClientBase) => ({
    client,
    async executeQuery<R>(compiled: {
      sql: string;
      parameters: readonly unknown[];
    }): Promise<QueryResult<R>> {
      const result = await client
        .query(compiled.sql, compiled.parameters as unknown[])
        .catch((error: unknown) => Promise.reject(classify(error)));
      return result.command === 'SELECT'
        ? { rows: result.rows }
        : { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) };
    },
    streamQuery(): never {
      throw new Error('streamQuery is not offered; page instead');
    },
  });
  const refuse = async () => {
    throw new Error('transactions begin in Database.transact');
  };
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createDriver: () => ({
        init: async () => {},
        acquireConnection: async () => open(await acquire()),
        releaseConnection: async (connection) => release((connection as ReturnType<typeof open>).client),
        beginTransaction: refuse,
        commitTransaction: refuse,
        rollbackTransaction: refuse,
        destroy: async () => {},
      }),
    },
  });
}

export function createDatabase({ statements, copies }: Pools): Database {
  const read = kyselyOver(
    () => connect(),
    (client) => (client as pg.PoolClient).release(),
  );
  const pinned = new WeakMap<pg.ClientBase, Kysely<Tables>>();

  function kyselyFor(client: pg.ClientBase): Kysely<Tables> {
    let kysely = pinned.get(client);
    if (kysely === undefined) {
      kysely = kyselyOver(
        async () => client,
        () => {},
      );
      pinned.set(client, kysely);
    }
    return kysely;
  }

  async function connect(from: pg.Pool = statements): Promise<pg.PoolClient> {
    try {
      return await from.connect();
    } catch (error) {
      throw classify(error);
    }
  }

  /** A connection whose server failed, or broke the line, is not given back. */
  async function withConnection<T>(from: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await connect(from);
    let broken: Error | undefined;
    try {
      return await use(client);
    } catch (error) {
      const named = classify(error);
      if (named !== error) broken = error as Error;
      throw named;
    } finally {
      client.release(broken);
    }
  }

  async function attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await connect();
    const callbacks: (() => void)[] = [];
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    try {
      // Not waited for: the first statement of the work leaves with it. Its failure shows in theirs, and at the commit.
      const begun = client.query(BEGIN);
      begun.catch(() => {});
      const result = await work({
        kysely: kyselyFor(client),
        client,
        afterCommit: (callback) => callbacks.push(callback),
      });
      await begun;
      // A transaction that failed half way answers COMMIT with ROLLBACK, and nothing was kept.
      const ended = await client.query(COMMIT);
      if (ended.command !== 'COMMIT') throw new Error(`the transaction ended with ${ended.command}`);
      for (const callback of callbacks) callback();
      return result;
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken ??= failure;
      });
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  return {
    read,
    withClient: (use) => withConnection(statements, use),
    copyOut: (select) =>
      withConnection(copies, async (client) => {
        const stream = client.query(copyTo(`copy (${select}) to stdout (format binary)`));
        return readTuples(Buffer.concat(await stream.toArray()));
      }),
    async transact(work) {
      for (let conflicts = 0; ; conflicts++) {
        try {
          return await attempt(work);
        } catch (error) {
          if (!isSerializationConflict(error) || conflicts >= MAX_CONFLICT_RETRIES) throw classify(error);
        }
      }
    },
    async close() {
      await Promise.all([statements.end(), copies.end()]);
    },
  };
}
