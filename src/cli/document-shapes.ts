/** What the institution API answers about documents, as far as the commands read it. See openapi.yaml. */

export type SentDocument = {
  id: string;
  state: string;
  code?: string;
  link: string;
  peer: string;
  type?: string;
  contentType?: string;
  contentSize?: number;
  submittedBy: string;
  submittedAt?: string;
  createdAt?: string;
  changedAt?: string;
  expiresAt: string;
  delivery?: {
    attempts: number;
    task: 'send' | 'close';
    nextAttemptAt?: string;
    lastAttemptAt?: string;
    lastCode?: string;
    lastStatus?: number;
  };
  metadata?: { title?: string; issuedAt?: string };
  file?: { name: string; size: number; sha256: string };
};

export type ReceivedDocument = {
  id: string;
  exchange: string;
  peer: string;
  link: string;
  customer?: string;
  state: string;
  type?: string;
  contentType: string;
  contentSize: number;
  receivedAt: string;
  metadata?: { title?: string };
  /** `sha256` in base64url. */
  content?: { name: string; size: number; sha256: string };
  recalled?: { at: string; reason: string };
  deleted?: { at: string };
  erased?: { at: string };
};
