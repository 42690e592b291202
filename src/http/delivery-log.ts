import type { Logger } from 'pino';
import type { Attempt, Leased } from '../outbox/index.ts';

/** Tells of a try that did not settle its exchange: which one, whom it was for, and what stood in the way. */
export function logTry(logger: Logger, leased: Leased, attempt: Attempt): void {
  const { jti: exchangeId, peer, task } = leased;
  const about = { exchangeId, peer, task };
  switch (attempt.kind) {
    case 'settled':
      logger.debug(about, 'settled');
      break;
    case 'hold':
      logger.debug({ ...about, code: attempt.code }, 'held back');
      break;
    case 'retry':
      logger.info({ ...about, code: attempt.code, status: attempt.status }, 'to be tried again');
      break;
    case 'give_up':
      logger.warn({ ...about, code: attempt.reason, status: attempt.status }, 'given up, and being closed');
  }
}
