/**
 * What the institution API refuses of links, beside the federation's own `link.*` codes (protocol/refusal), which mean
 * the same here: `link.token`, `link.institution`, `link.token_expired`, `link.token_consumed`, `link.exists`,
 * `link.revoked`, `link.restorable`, `link.erased`, `link.pending`.
 */
export const linkProblems = {
  'link.not_found': { status: 404, title: 'This node has no such link', retryable: false },
  'link.peer': { status: 409, title: 'There is no active peer of this id', retryable: false },
  'link.scopes': { status: 400, title: 'The scopes are not acceptable', retryable: false },
  'link.input': { status: 400, title: 'A field of the link is not acceptable', retryable: false },
  'link.consent': {
    status: 400,
    title: 'Widening what a link allows needs the customer’s consent',
    retryable: false,
  },
  'link.audience': {
    status: 400,
    title: 'The link token was made for another institution than this one',
    retryable: false,
  },
  'link.declined': { status: 409, title: 'The customer declined this link', retryable: false },
  'link.session': {
    status: 403,
    title: 'The link belongs to another session of the customer',
    retryable: false,
  },
  'link.customer': { status: 403, title: 'The link was started by another customer', retryable: false },
  'link.not_redeemed': {
    status: 409,
    title: 'The other institution has not confirmed the link yet',
    retryable: true,
  },
  'link.code': { status: 403, title: 'The completion code is wrong', retryable: false },
  'link.codes_exhausted': {
    status: 403,
    title: 'Too many wrong completion codes: the link has to be started again',
    retryable: false,
  },
  'link.lapsed': {
    status: 410,
    title: 'The link was not completed in time and has to be started again',
    retryable: false,
  },
  'link.completed': { status: 409, title: 'The link is complete already', retryable: false },
} as const;

export type LinkProblemCode = keyof typeof linkProblems;
