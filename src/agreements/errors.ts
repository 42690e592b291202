/**
 * What the institution API refuses of agreements, beside the federation's own `agreement.*` codes (protocol/refusal),
 * which mean the same here: `.closed`, `.expired`, `.pending`, `.outdated`, `.ended`, `.notice`.
 */
export const agreementProblems = {
  'agreement.not_found': {
    status: 404,
    title: 'This node has no such agreement version',
    retryable: false,
  },
  'agreement.peer': { status: 409, title: 'There is no active peer of this id', retryable: false },
  'agreement.terms': { status: 400, title: 'The terms are not acceptable', retryable: false },
  'agreement.input': { status: 400, title: 'A field of the request is not acceptable', retryable: false },
  'agreement.own': {
    status: 409,
    title: 'This proposal is your own: the peer accepts or declines it',
    retryable: false,
  },
  'agreement.open': {
    status: 409,
    title: 'A proposal is open: withdraw it, or answer it, first',
    retryable: false,
  },
  'agreement.exists': {
    status: 409,
    title: 'There is an agreement with this peer: a proposal has to name the version it replaces',
    retryable: false,
  },
} as const;

export type AgreementProblemCode = keyof typeof agreementProblems;
