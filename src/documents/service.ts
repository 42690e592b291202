import { createHash } from 'node:crypto';
import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { BodyReader, BodyStore, OpenBody } from '../exchange/index.ts';
import type { Outbox } from '../outbox/index.ts';
import type { ExchangeId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { listDrafts } from './draft-store.ts';
import { createDrafts, type Drafts } from './drafts.ts';
import { listSent, type SentFilter } from './list-store.ts';
import { metadataShape } from './shapes.ts';
import { readReceived, readSent, type SentDocument } from './store.ts';
import { bounded, createSubmitter, type Submitter } from './submit.ts';

export type DocumentService = Submitter & {
  readonly drafts: Drafts;
  /**
   * Gives a draft its file. Repeating it with the same file changes nothing; another file is refused with
   * `document.state`. As `submit`; undefined for an unknown id.
   */
  complete(id: ExchangeId, file: AsyncIterable<Buffer>): Promise<SentDocument | undefined>;
  sent(id: string): Promise<SentDocument | undefined>;
  received(id: string): ReturnType<typeof readReceived>;
  list(filter: SentFilter, page: { before: string | undefined; limit: number }): ReturnType<typeof listSent>;
  listDrafts(page: { before: string | undefined; limit: number }): ReturnType<typeof listDrafts>;
  /** What lies sealed; undefined once it was erased. */
  body(bodyId: string): Promise<OpenBody | undefined>;
  /** The signed records about a document this node sent. */
  evidence(id: string): ReturnType<Evidence['chain']>;
  /** Tries the delivery now. Throws Refusal `document.state` where none is waiting. */
  retry(id: string): Promise<void>;
  /** Gives the delivery up: it is closed with the peer, which may turn out to have accepted it. `document.state`. */
  cancel(id: string): Promise<void>;
};

export function createDocumentService(
  deps: Parameters<typeof createSubmitter>[0] & {
    db: Database;
    evidence: Evidence;
    bodies: BodyReader;
    bodyStore: Pick<BodyStore, 'keep' | 'erase'>;
    outbox: Pick<Outbox, 'retryNow' | 'cancel'>;
    self: () => string;
  },
): DocumentService {
  const { db, evidence, bodies, outbox } = deps;
  const submitter = createSubmitter(deps);

  const drafts = createDrafts({ ...deps, submitter });

  async function contentDigest(document: SentDocument): Promise<string | undefined> {
    const body = (await bodies.open([document.body_id])).get(document.body_id);
    return body && (metadataShape(body).file?.['sha256'] as string | undefined);
  }

  /** Of a file that was kept before, hex; bounded as the first one was. */
  async function digestOf(file: AsyncIterable<Buffer>): Promise<string> {
    const digest = createHash('sha256');
    for await (const chunk of bounded(file, deps.maxContentBytes)) digest.update(chunk);
    return digest.digest('hex');
  }

  async function waiting(moved: Promise<boolean>): Promise<void> {
    if (!(await moved)) throw new Refusal('document.state');
  }

  return {
    ...submitter,
    drafts,
    async complete(id, file) {
      if ((await drafts.complete(id, file)) !== undefined) return readSent(db.read, id);
      const document = await readSent(db.read, id);
      if (document === undefined) return undefined;
      if ((await contentDigest(document)) !== (await digestOf(file))) throw new Refusal('document.state');
      return document;
    },
    sent: (id) => readSent(db.read, id),
    received: (id) => readReceived(db.read, id),
    list: (filter, page) => listSent(db.read, filter, page),
    listDrafts: (page) => listDrafts(db, page),
    body: async (bodyId) => (await bodies.open([bodyId])).get(bodyId),
    evidence: (id) => evidence.chain({ iss: deps.self(), jti: id }),
    retry: (id) => waiting(outbox.retryNow(id)),
    cancel: (id) => waiting(outbox.cancel(id)),
  };
}
