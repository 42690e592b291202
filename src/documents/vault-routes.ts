import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import { chainShape } from '../evidence/index.ts';
import { isUuid } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { ERASURE_REASONS } from './erasure.ts';
import { REFUSAL_REASONS } from './filing.ts';
import type { InboxContent } from './inbox.ts';
import type { Caller } from './journal.ts';
import { attachmentHeader, isNotModified, rangeHolds, readRange } from './range.ts';
import type { StepResult } from './steps.ts';
import type { Vault } from './vault.ts';
import {
  readBatch,
  readChoice,
  readInboxFilter,
  readInboxPage,
  readJournalQuery,
  readRecall,
} from './vault-query.ts';
import { inboxShape, journalShape, recallShape } from './vault-shapes.ts';

type ById = { Params: { id: string } };

/** Content is shown by nobody: a reader saves it, and a browser that shows it anyway runs nothing of it. */
const CONTENT_SECURITY_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'";

/** The institution API's inbox: what the vault received. */
export function vaultRoutes(vault: Vault, access: ApiAccess): FastifyPluginAsync {
  const { inbox, filing, deletion, erasure, recalls, journal } = vault;
  return async (app: FastifyInstance) => {
    app.get('/inbox', access.operation('listInbox'), async (request) => {
      const filter = readInboxFilter(request.query, ['cursor', 'limit', 'order']);
      const { documents, next } = await inbox.list(filter, readInboxPage(request.query), callerOf(request));
      return { documents: documents.map(inboxShape), next };
    });

    app.get('/inbox/count', access.operation('countInbox'), async (request) => ({
      count: await inbox.count(readInboxFilter(request.query), callerOf(request)),
    }));

    app.post('/inbox/consignments', access.operation('consignDocuments'), async (request) => ({
      results: (await filing.consign(readBatch(request.body), callerOf(request))).map(resultShape),
    }));

    app.post('/inbox/notifications', access.operation('notifyDocuments'), async (request) => ({
      results: (await filing.notified(readBatch(request.body), callerOf(request))).map(resultShape),
    }));

    app.get<ById>('/inbox/:id', access.operation('getInboxDocument'), async (request) =>
      inboxShape(await inbox.get(documentId(request), callerOf(request))),
    );

    app.get<ById>('/inbox/:id/content', access.operation('getInboxContent'), async (request, reply) => {
      const { range } = request.headers;
      const content = await inbox.content(
        documentId(request),
        callerOf(request),
        range === undefined ? undefined : range.slice(0, 64),
      );
      return sendContent(request, reply, content);
    });

    app.get<ById>('/inbox/:id/evidence', access.operation('getInboxEvidence'), async (request) => {
      const document = await inbox.get(documentId(request), callerOf(request));
      return chainShape(await vault.proof({ iss: document.iss, jti: document.jti }));
    });

    app.post<ById>('/inbox/:id/control', access.operation('controlInboxDocument'), async (request) =>
      inbox.control(documentId(request), callerOf(request)),
    );

    app.post<ById>('/inbox/:id/consign', access.operation('consignDocument'), async (request) => {
      const [result] = await filing.consign([documentId(request)], callerOf(request));
      return settled(result);
    });

    app.post<ById>('/inbox/:id/refuse', access.operation('refuseDocument'), async (request) => {
      const reason = readChoice(request.body, 'reason', REFUSAL_REASONS);
      return settled(await filing.refuse(documentId(request), reason, callerOf(request)));
    });

    app.post<ById>('/inbox/:id/notified', access.operation('notifyDocument'), async (request) => {
      const [result] = await filing.notified([documentId(request)], callerOf(request));
      return settled(result);
    });

    app.post<ById>(
      '/inbox/:id/notification-failure',
      access.operation('failNotification'),
      async (request) => {
        const reason = readChoice(request.body, 'reason', REFUSAL_REASONS);
        return settled(await filing.notificationFailed(documentId(request), reason, callerOf(request)));
      },
    );

    app.post<ById>('/inbox/:id/opened', access.operation('openDocument'), async (request) => {
      const how = readChoice(request.body, 'how', ['read', 'download'], 'read');
      return settled(await filing.opened(documentId(request), how, callerOf(request)));
    });

    app.delete<ById>('/inbox/:id', access.operation('deleteInboxDocument'), async (request) => {
      const id = documentId(request);
      const { deletedAt, restorableUntil } = await deletion.remove(id, callerOf(request));
      return { id, deleted: { at: deletedAt.toISOString(), restorableUntil: restorableUntil.toISOString() } };
    });

    app.post<ById>('/inbox/:id/restore', access.operation('restoreInboxDocument'), async (request) => {
      await deletion.restore(documentId(request), callerOf(request));
      return inboxShape(await inbox.get(documentId(request), callerOf(request)));
    });

    app.post<ById>('/inbox/:id/erase', access.operation('eraseInboxDocument'), async (request) => {
      const reason = readChoice(request.body, 'reason', ERASURE_REASONS);
      await erasure.eraseReceived(documentId(request), reason, callerOf(request));
      return { id: documentId(request), erased: { reason: `erasure.${reason}` } };
    });

    app.get<ById>('/inbox/:id/journal', access.operation('getInboxJournal'), async (request) => {
      const { filter, page } = readJournalQuery(request.query, []);
      const { entries, next } = await journal.list({ ...filter, document: documentId(request) }, page);
      return { entries: entries.map(journalShape), next };
    });

    app.post<ById>('/documents/:id/recall', access.operation('recallDocument'), async (request, reply) => {
      const given = readRecall(request.body);
      return reply
        .code(202)
        .send(recallShape(await recalls.recall(documentId(request), given, callerOf(request))));
    });

    app.post<ById>('/documents/:id/erase', access.operation('eraseDocument'), async (request) => {
      const reason = readChoice(request.body, 'reason', ERASURE_REASONS);
      await erasure.eraseSent(documentId(request), reason, callerOf(request));
      return { id: documentId(request), erased: { reason: `erasure.${reason}` } };
    });

    app.get<{ Params: { customer: string } }>(
      '/customers/:customer/journal',
      access.operation('getCustomerJournal'),
      async (request) => {
        const { filter, page } = readJournalQuery(request.query, ['document']);
        const { customer } = request.params;
        if (!isUuid(customer)) throw new Refusal('request.invalid', { in: 'path', pointer: '/customer' });
        await journal.note(callerOf(request), { action: 'journal.read', customer, outcome: 'ok' });
        const { entries, next } = await journal.list({ ...filter, customer }, page);
        return { entries: entries.map(journalShape), next };
      },
    );
  };
}

/**
 * Answers with a content, or the part of it that was asked for. The first bytes are unsealed before the answer begins,
 * so that damage is a problem and not a broken download wherever that can be known in time.
 */
async function sendContent(
  request: FastifyRequest,
  reply: FastifyReply,
  content: InboxContent,
): Promise<FastifyReply> {
  const { manifest } = content.document;
  const etag = `"${content.sha256}"`;
  const { headers } = request;
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-store',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
  });
  if (isNotModified(headers['if-none-match'], etag)) return reply.code(304).send();
  const wanted = rangeHolds(single(headers['if-range']), etag)
    ? readRange(headers.range, content.size)
    : ({ kind: 'whole' } as const);
  if (wanted.kind === 'unsatisfiable') {
    throw new Refusal('range.unsatisfiable', { headers: { 'content-range': `bytes */${content.size}` } });
  }
  const { from, to } = wanted.kind === 'part' ? wanted.range : { from: 0, to: content.size };
  reply.headers({
    'content-type': content.document.contentType,
    'content-length': to - from,
    'content-disposition': attachmentHeader(manifest.content?.name ?? 'document'),
  });
  if (wanted.kind === 'part') {
    reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${content.size}`);
  }
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  return reply.send(Readable.from(await begun(content.read(from, to)), { objectMode: false }));
}

/** The same parts, the first of them read already. */
async function begun(parts: AsyncGenerator<Buffer>): Promise<AsyncGenerator<Buffer>> {
  let first: IteratorResult<Buffer>;
  try {
    first = await parts.next();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'body.damaged') throw new Refusal('document.damaged');
    throw error;
  }
  return (async function* () {
    if (first.done !== true) yield first.value;
    yield* parts;
  })();
}

function settled(result: StepResult | undefined) {
  if (result === undefined) throw new Error('a step without a result');
  if (!result.ok) throw new Refusal(result.code);
  return resultShape(result);
}

function resultShape(result: StepResult) {
  return result.ok
    ? { id: result.id, ok: true, state: result.state }
    : { id: result.id, ok: false, code: result.code };
}

function callerOf(request: FastifyRequest): Caller {
  if (request.principal === undefined) throw new Error('an operation without a caller');
  return request.principal;
}

function documentId(request: FastifyRequest<ById>): string {
  if (!isUuid(request.params.id)) throw new Refusal('document.unknown');
  return request.params.id;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
