import { createHash } from 'node:crypto';
import type { Database } from '../db/index.ts';
import { BodyDamaged, type BodyReader, type OpenBody } from '../exchange/index.ts';
import { decodeManifest, type Manifest } from '../protocol/manifest.ts';
import { Refusal } from '../protocol/refusal.ts';
import {
  countInbox,
  type InboxFilter,
  type InboxPage,
  type InboxRow,
  listInbox,
  readInbox,
} from './inbox-store.ts';
import type { Caller, Journal } from './journal.ts';

/** A received document as the vault sees it. `manifest` is absent once erased, and where it can't be read any more. */
export type InboxDocument = InboxRow & {
  manifest?: Manifest;
  recallNote?: string;
  damaged: boolean;
};

/** A content ready to be read: its whole is known, none of it is in memory. */
export type InboxContent = {
  document: InboxDocument & { manifest: Manifest };
  /** Bytes `from` to `to` (excluded); the whole without arguments. */
  read(from?: number, to?: number): AsyncGenerator<Buffer>;
  size: number;
  sha256: string;
};

export type ControlResult = { ok: true } | { ok: false; reason: 'body.damaged' | 'content.digest' };

export type Inbox = {
  list(
    filter: InboxFilter,
    page: InboxPage,
    caller: Caller,
  ): Promise<{ documents: InboxDocument[]; next: string | null }>;
  count(filter: InboxFilter, caller: Caller): Promise<number>;
  /** @throws Refusal `document.unknown` */
  get(id: string, caller: Caller): Promise<InboxDocument>;
  /** @throws Refusal `document.unknown`, `document.deleted`, `document.erased`, `document.damaged` */
  content(id: string, caller: Caller, detail?: string): Promise<InboxContent>;
  /** Reads everything that is stored and holds it against the manifest. */
  control(id: string, caller: Caller): Promise<ControlResult>;
  /** The same for several, at most a few at a time; absent where the document is unknown or erased. */
  check(
    rows: readonly Pick<InboxRow, 'id' | 'bodyId' | 'contentSize'>[],
  ): Promise<Map<string, ControlResult>>;
};

/** Contents read at once to be checked. */
const CHECKS_AT_ONCE = 4;

export function createInbox(deps: { db: Database; bodies: BodyReader; journal: Journal }): Inbox {
  const { db, bodies, journal } = deps;

  async function openOne(bodyId: string): Promise<OpenBody | undefined> {
    return (await bodies.open([bodyId])).get(bodyId);
  }

  /** Bodies of a page. One that is damaged hides none of the others. */
  async function openAll(rows: readonly InboxRow[]): Promise<Map<string, OpenBody | 'damaged'>> {
    const ids = rows.filter((row) => row.erasedAt === null).flatMap(bodiesOf);
    try {
      return await bodies.open(ids);
    } catch (error) {
      if (!(error instanceof BodyDamaged)) throw error;
    }
    const opened = new Map<string, OpenBody | 'damaged'>();
    for (const id of ids) {
      try {
        const body = await openOne(id);
        if (body !== undefined) opened.set(id, body);
      } catch (error) {
        if (!(error instanceof BodyDamaged)) throw error;
        opened.set(id, 'damaged');
      }
    }
    return opened;
  }

  async function withManifests(rows: readonly InboxRow[]): Promise<InboxDocument[]> {
    const opened = await openAll(rows);
    return rows.map((row): InboxDocument => {
      if (row.erasedAt !== null) return { ...row, damaged: false };
      const manifest = manifestOf(opened.get(row.bodyId));
      const recall = row.recallBodyId === null ? undefined : manifestOf(opened.get(row.recallBodyId));
      const note = recall?.body['note'];
      return {
        ...row,
        damaged: manifest === undefined,
        ...(manifest !== undefined && { manifest }),
        ...(typeof note === 'string' && { recallNote: note }),
      };
    });
  }

  async function one(id: string): Promise<InboxDocument | undefined> {
    const row = (await readInbox(db.read, [id])).get(id);
    return row === undefined ? undefined : (await withManifests([row]))[0];
  }

  async function checkOne(row: Pick<InboxRow, 'bodyId' | 'contentSize'>): Promise<ControlResult | undefined> {
    try {
      const body = await openOne(row.bodyId);
      if (body === undefined) return undefined;
      const { content } = decodeManifest(body.manifest());
      const digest = createHash('sha256');
      let size = 0;
      for await (const part of body.content()) {
        digest.update(part);
        size += part.length;
      }
      const same = digest.digest('base64url') === content?.sha256 && size === content.size;
      return same && size === row.contentSize ? { ok: true } : { ok: false, reason: 'content.digest' };
    } catch (error) {
      if (error instanceof BodyDamaged) return { ok: false, reason: 'body.damaged' };
      throw error;
    }
  }

  async function check(rows: readonly Pick<InboxRow, 'id' | 'bodyId' | 'contentSize'>[]) {
    const results = new Map<string, ControlResult>();
    const waiting = [...rows];
    const work = async () => {
      for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
        const result = await checkOne(row);
        if (result !== undefined) results.set(row.id, result);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CHECKS_AT_ONCE, rows.length) }, work));
    return results;
  }

  /** Notes the attempt, then refuses. */
  async function refuse(
    code: string,
    action: string,
    caller: Caller,
    id: string,
    customer: string | null = null,
  ): Promise<never> {
    await journal.note(caller, { action, document: id, customer, outcome: code });
    throw new Refusal(code);
  }

  return {
    check,

    async list(filter, page, caller) {
      const rows = await listInbox(db.read, filter, page);
      await journal.note(caller, {
        action: 'inbox.list',
        customer: filter.customer ?? null,
        outcome: 'ok',
        detail: `${rows.length} documents`,
      });
      return {
        documents: await withManifests(rows),
        next: rows.length === page.limit ? (rows.at(-1)?.id ?? null) : null,
      };
    },

    async count(filter, caller) {
      const count = await countInbox(db.read, filter);
      await journal.note(caller, {
        action: 'inbox.count',
        customer: filter.customer ?? null,
        outcome: 'ok',
      });
      return count;
    },

    async get(id, caller) {
      const action = 'document.read';
      const document = await one(id);
      if (document === undefined) return refuse('document.unknown', action, caller, id);
      await journal.note(caller, {
        action,
        document: id,
        customer: document.customerId,
        outcome: 'ok',
      });
      return document;
    },

    async content(id, caller, detail) {
      const action = 'document.content';
      const document = await one(id);
      if (document === undefined) return refuse('document.unknown', action, caller, id);
      const customer = document.customerId;
      if (document.erasedAt !== null) return refuse('document.erased', action, caller, id, customer);
      if (document.deletedAt !== null) return refuse('document.deleted', action, caller, id, customer);
      const { manifest } = document;
      const body = manifest === undefined ? undefined : await openOne(document.bodyId);
      if (manifest?.content === undefined || body === undefined) {
        return refuse('document.damaged', action, caller, id, customer);
      }
      await journal.note(caller, {
        action,
        document: id,
        customer,
        outcome: 'ok',
        ...(detail !== undefined && { detail }),
      });
      return {
        document: { ...document, manifest },
        read: (from, to) => body.content(from, to),
        size: manifest.content.size,
        sha256: manifest.content.sha256,
      };
    },

    async control(id, caller) {
      const action = 'document.control';
      const row = (await readInbox(db.read, [id])).get(id);
      if (row === undefined) return refuse('document.unknown', action, caller, id);
      const result = (await check([row])).get(id);
      if (result === undefined) return refuse('document.erased', action, caller, id, row.customerId);
      await journal.note(caller, {
        action,
        document: id,
        customer: row.customerId,
        outcome: result.ok ? 'ok' : result.reason,
      });
      return result;
    },
  };
}

function bodiesOf(row: InboxRow): string[] {
  return row.recallBodyId === null ? [row.bodyId] : [row.bodyId, row.recallBodyId];
}

function manifestOf(body: OpenBody | 'damaged' | undefined): Manifest | undefined {
  if (body === undefined || body === 'damaged') return undefined;
  try {
    return decodeManifest(body.manifest());
  } catch (error) {
    if (error instanceof BodyDamaged) return undefined;
    throw error;
  }
}
