/** The database could not be asked, or could not say whether it committed. Nothing may be concluded; try again. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  readonly code = 'database.unavailable';
}

/** The database refused to store more (SQLSTATE class 53: disk full, out of memory). */
export class DatabaseExhausted extends Error {
  override readonly name = 'DatabaseExhausted';
  readonly code = 'database.exhausted';
}

function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Two transactions stood in each other's way: the same work succeeds when run again. */
export function isSerializationConflict(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

/** Connections that broke, were ended, or are too many (53300); statements cancelled or out of time. */
const UNAVAILABLE = /^(?:08...|57P0[1-5]|57014|25P03|53300)$/;

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Names what a caller can act on; anything else passes through unchanged. */
export function classify(error: unknown): unknown {
  const state = sqlState(error);
  if (state !== undefined && UNAVAILABLE.test(state)) {
    return new DatabaseUnavailable(`SQLSTATE ${state}`, { cause: error });
  }
  if (state?.startsWith('53')) return new DatabaseExhausted(`SQLSTATE ${state}`, { cause: error });
  const code = (error as { code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : '';
  if (
    (typeof code === 'string' && CONNECTION_CODES.has(code)) ||
    /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error/i.test(
      message,
    )
  ) {
    return new DatabaseUnavailable(message, { cause: error });
  }
  return error;
}
