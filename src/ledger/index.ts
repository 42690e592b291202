export type { LedgerAccount } from './accounts.ts';
export type { LedgerAlarm, LedgerDeps } from './deps.ts';
export { type LedgerProblemCode, ledgerProblems } from './errors.ts';
export type { OpenBooks, Placement } from './posting.ts';
export type { Reconciliation } from './reconcile.ts';
export { ledgerRoutes } from './routes.ts';
export { createLedgerService, type LedgerService } from './service.ts';
export { LEDGER_ACTS } from './telling.ts';
