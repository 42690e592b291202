/** What the institution API refuses of ledgers. */
export const ledgerProblems = {
  'ledger.account_not_found': {
    status: 404,
    title: 'This node keeps no account under this agreement',
    retryable: false,
  },
  'ledger.entry_not_found': { status: 404, title: 'The account has no such post', retryable: false },
  'ledger.reversed': { status: 409, title: 'The post was reversed before', retryable: false },
  'ledger.statement_not_found': {
    status: 404,
    title: 'The account has no such statement',
    retryable: false,
  },
  'ledger.nothing_new': {
    status: 409,
    title: 'There is nothing that a statement has not covered',
    retryable: false,
  },
  'ledger.not_suspended': {
    status: 409,
    title: 'Messages under this agreement are not suspended',
    retryable: false,
  },
  'ledger.input': { status: 400, title: 'A field of the request is not acceptable', retryable: false },
} as const;

export type LedgerProblemCode = keyof typeof ledgerProblems;
