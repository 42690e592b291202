import pg from 'pg';
import { CoalescingSocket } from './coalescing-socket.ts';

/** Where a PostgreSQL listens: a URL, or the socket folder of the embedded server. */
export type Connection =
  | { connectionString: string }
  | { host: string; user: string; database: string; port?: number };

export type PoolOptions = {
  connection: Connection;
  /** Most connections this process opens. */
  size: number;
  /** Told of a connection that broke while idle; the pool replaces it. */
  onIdleError?: (error: Error) => void;
};

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 60_000;
/** A new connection prepares its statements anew, which costs more than keeping it over a quiet spell. */
const IDLE_TIMEOUT_MS = 300_000;

/** int8 as number: every int8 here is a count, a size or a Unix time, all far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8
      ? (text: string) => Number(text)
      : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};

/** Connections whose statements leave together, instead of waiting for one answer each. */
export function createPool(options: PoolOptions): pg.Pool {
  return poolOf(options, { pipeline: true, stream: () => new CoalescingSocket() });
}

/** What a database works with: most of its connections, and some for COPY, which pipelined ones can't. */
export type Pools = { statements: pg.Pool; copies: pg.Pool };

/** Shares `size` connections out: a fifth for COPY, at least one for each. */
export function createPools(options: PoolOptions): Pools {
  const copies = Math.ceil(options.size / 5);
  return {
    statements: createPool({ ...options, size: Math.max(1, options.size - copies) }),
    copies: poolOf({ ...options, size: copies }, {}),
  };
}

function poolOf(options: PoolOptions, how: Pick<pg.PoolConfig, 'pipeline' | 'stream'>): pg.Pool {
  const pool = new pg.Pool({
    ...options.connection,
    ...how,
    max: options.size,
    types,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'intervault',
  });
  // Without a listener an idle connection's error would end the process.
  pool.on('error', (error) => {
    // Of a pool that closes, the server may be first to hang up.
    if (!pool.ending) options.onIdleError?.(error);
  });
  // So would that of one in use, between two statements: whoever uses it learns of it from the next one.
  pool.on('connect', (client) => {
    client.on('error', () => {});
    // Statements prepared while a table is empty keep their plan while it fills: it had better use the index.
    client.query('set enable_seqscan = off; set jit = off').catch(() => {});
  });
  return pool;
}
