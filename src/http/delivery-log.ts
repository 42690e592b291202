import type { Logger } from 'pino';
import type { Attempt, Leased, Prepared } from '../outbox/index.ts';

type Prepare = (batch: Leased[]) => Promise<Prepared[]>;

/** Tells of each try that did not settle its exchange: which one, whom it was for, and what stood in the way. */
export function logDeliveries(prepare: Prepare, logger: Logger): Prepare {
  return async (batch) =>
    (await prepare(batch)).map(({ leased, run }) => ({
      leased,
      async run() {
        const attempt = await run();
        note(logger, leased, attempt);
        return attempt;
      },
    }));
}

function note(logger: Logger, leased: Leased, attempt: Attempt): void {
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
