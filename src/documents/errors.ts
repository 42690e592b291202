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
} as const;

export type DocumentProblemCode = keyof typeof documentProblems;
