/** What the institution API refuses of documents, beside the federation's own `content.*` and `link.*`. */
export const documentProblems = {
  'document.unknown': { status: 404, title: 'This node has no such document', retryable: false },
  'upload.order': {
    status: 400,
    title: 'The form has two parts: "metadata" first, then "file"',
    retryable: false,
  },
  'upload.metadata': { status: 400, title: 'The metadata are not acceptable', retryable: false },
  'upload.metadata_too_large': {
    status: 413,
    title: 'The metadata are over their limit of 64 KiB',
    retryable: false,
  },
  'upload.cut': { status: 400, title: 'The form ended before it was complete', retryable: true },
  'upload.size': {
    status: 422,
    title: 'The file has another size than the metadata say',
    retryable: false,
  },
  'upload.digest': {
    status: 422,
    title: 'The file has another SHA-256 than the metadata say',
    retryable: false,
  },
  'document.state': {
    status: 409,
    title: 'The state of the document does not allow this',
    retryable: false,
  },
  'document.erased': { status: 410, title: 'The document was erased', retryable: false },
  'document.damaged': {
    status: 500,
    title: 'The stored document is not the one that was received',
    retryable: false,
  },
  'idempotency.key': {
    status: 400,
    title: 'An Idempotency-Key has 1 to 200 visible ASCII characters',
    retryable: false,
  },
  'idempotency.mismatch': {
    status: 422,
    title: 'This Idempotency-Key came before with another request',
    retryable: false,
  },
  'idempotency.in_progress': {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
    retryable: true,
  },
} as const;
