import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { BodyReader } from '../exchange/index.ts';
import { readReceived, readSent } from './store.ts';
import { createSubmitter, type Submitter } from './submit.ts';

export type DocumentService = Submitter & {
  sent: (id: string) => ReturnType<typeof readSent>;
  received: (id: string) => ReturnType<typeof readReceived>;
};

export function createDocumentService(
  deps: Parameters<typeof createSubmitter>[0] & { db: Database; evidence: Evidence; bodies: BodyReader },
): DocumentService {
  return {
    ...createSubmitter(deps),
    sent: (id) => readSent(deps.db.read, id),
    received: (id) => readReceived(deps.db.read, id),
  };
}
