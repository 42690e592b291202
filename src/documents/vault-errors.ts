/** What the institution API refuses of the vault's side. `document.unknown` stands in errors.ts. */
export const vaultProblems = {
  'document.deleted': {
    status: 409,
    title: 'The customer deleted the document: restore it first',
    retryable: false,
  },
  'document.erased': { status: 410, title: 'The document was erased', retryable: false },
  'document.state': { status: 409, title: 'The state of the document does not allow this', retryable: false },
  'document.grace_over': { status: 410, title: 'The time to restore the document is over', retryable: false },
  'document.damaged': {
    status: 500,
    title: 'The stored document is not the one that was received',
    retryable: false,
  },
  'range.unsatisfiable': {
    status: 416,
    title: 'The document has no bytes in this range',
    retryable: false,
  },
  'recall.state': {
    status: 409,
    title: 'Only a document that is on its way or was delivered can be recalled',
    retryable: false,
  },
} as const;

export type VaultProblemCode = keyof typeof vaultProblems;
