import { Readable } from 'node:stream';
import fastifyMultipart from '@fastify/multipart';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type ApiAccess, parseIdempotencyKey } from '../api-access.ts';
import { chainShape } from '../evidence/index.ts';
import { keepPace, type PaceLimits } from '../pace.ts';
import type { ExchangeId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { DOCUMENT_TYPES } from '../protocol/schemas/document.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { type FormParts, METADATA_MAX_BYTES, takeFile, takeMetadata, tooSlow } from './form.ts';
import type { SentFilter } from './list-store.ts';
import { type GivenMetadata, readMetadata } from './metadata.ts';
import type { DocumentService } from './service.ts';
import { documentShape, draftShape, metadataShape } from './shapes.ts';

/** One more than the form has, so that a third is seen and refused. */
const MAX_PARTS = 3;
const MAX_HEADERS_PER_PART = 16;
const JSON_TYPE = 'application/json; charset=utf-8';

type ById = { Params: { id: string } };
type Page = { cursor?: string; limit: number };
type ListQuery = Page &
  Omit<SentFilter, 'state' | 'since' | 'until'> & {
    state?: NonNullable<SentFilter['state']> | 'draft';
    since?: string;
    until?: string;
  };

/** The institution API's documents, as the side that sends them. */
export function documentRoutes(
  service: DocumentService,
  pace: PaceLimits,
  access: ApiAccess,
): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    await app.register(submissionRoutes(service, pace, access));
    await app.register(contentRoutes(service, pace, access));

    app.get('/document-types', access.operation('listDocumentTypes'), async () => ({
      types: Object.entries(DOCUMENT_TYPES).map(([code, names]) => ({ code, names })),
    }));

    app.get<{ Querystring: ListQuery }>('/documents', access.operation('listDocuments'), (request) =>
      listPage(service, request.query),
    );

    app.get<ById>('/documents/:id', access.operation('getDocument'), ({ params }) =>
      show(service, params.id),
    );

    app.get<ById>('/documents/:id/evidence', access.operation('getDocumentEvidence'), async ({ params }) => {
      const [document, records] = await Promise.all([service.sent(params.id), service.evidence(params.id)]);
      if (document === undefined) throw new Refusal('document.unknown');
      return chainShape({ envelope: document.envelope, records });
    });

    for (const [action, operationId] of [
      ['retry', 'retryDocument'],
      ['cancel', 'cancelDocument'],
    ] as const) {
      app.post<ById>(`/documents/:id/${action}`, access.operation(operationId), async (request) => {
        const { id } = request.params;
        await access.requireMatch(request, () => show(service, id));
        if ((await service.sent(id)) === undefined) throw new Refusal('document.unknown');
        await service[action](id);
        return show(service, id);
      });
    }
  };
}

/** Metadata as JSON, for a file that follows; or both in one form. */
function submissionRoutes(service: DocumentService, pace: PaceLimits, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    await app.register(fastifyMultipart, {
      throwFileSizeLimit: false,
      limits: {
        parts: MAX_PARTS,
        headerPairs: MAX_HEADERS_PER_PART,
        fieldNameSize: 32,
        // Both parts are counted where they are read.
        fileSize: Number.POSITIVE_INFINITY,
      },
    });

    app.post(
      '/documents',
      { ...access.operation('submitDocument'), bodyLimit: METADATA_MAX_BYTES },
      async (request, reply) => {
        const { id, answer } = request.isMultipart()
          ? await submitForm(service, pace, access, request)
          : await createDraft(service, access, request);
        request.exchangeId = id;
        return created(reply, id, answer);
      },
    );
  };
}

async function submitForm(
  service: DocumentService,
  pace: PaceLimits,
  access: ApiAccess,
  request: FastifyRequest,
) {
  const idempotency = idempotencyOf(access, request, 'submitDocument');
  const parts = request.parts({ isPartAFile: () => true }) as unknown as FormParts;
  const given = await takeMetadata(parts, pace);
  access.check('DocumentSubmission', given);
  const { name, contentType, chunks } = await takeFile(parts, pace);
  const metadata = readMetadata(
    given as GivenMetadata,
    { name, contentType },
    access.caller(request).subject,
  );
  return service.submit(metadata, chunks, {
    ...(idempotency && { idempotency: { key: idempotency, given: given as GivenMetadata } }),
  });
}

async function createDraft(service: DocumentService, access: ApiAccess, request: FastifyRequest) {
  // A request without a body has no media type to be refused for before.
  if (request.body === undefined) throw new Refusal('request.media_type');
  const idempotency = idempotencyOf(access, request, 'submitDocument');
  const given = request.body as GivenMetadata;
  const metadata = readMetadata(
    given,
    { name: undefined, contentType: undefined },
    access.caller(request).subject,
  );
  return service.drafts.create(metadata, idempotency && { key: idempotency, given });
}

function idempotencyOf(access: ApiAccess, request: FastifyRequest, operation: string) {
  const key = parseIdempotencyKey(request.headers['idempotency-key']);
  if (key === undefined) return undefined;
  const { issuer, subject } = access.caller(request);
  return { caller: `${issuer}:${subject}`, operation, key };
}

/** The answer as it was stored, byte for byte. */
function created(reply: FastifyReply, id: string, answer: string): FastifyReply {
  return reply
    .code(201)
    .header('location', `/v1/documents/${id}`)
    .header('content-type', JSON_TYPE)
    .send(Buffer.from(answer));
}

/** The file itself, in and out. */
function contentRoutes(service: DocumentService, pace: PaceLimits, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

    app.put<ById>('/documents/:id/content', access.operation('putDocumentContent'), async (request) => {
      const { id } = request.params;
      const submitted = await service.complete(
        id as ExchangeId,
        keepPace((request.body as AsyncIterable<Buffer> | undefined) ?? noBytes(), pace, tooSlow),
      );
      if (submitted === undefined) throw new Refusal('document.unknown');
      request.exchangeId = submitted.id;
      return show(service, id);
    });

    app.get<ById>(
      '/documents/:id/content',
      access.operation('getDocumentContent'),
      async (request, reply) => {
        const document = await service.sent(request.params.id);
        if (document === undefined) throw new Refusal('document.unknown');
        const body = await service.body(document.body_id);
        if (body === undefined) throw new Refusal('document.erased');
        const { file } = metadataShape(body);
        reply
          .header('content-type', document.content_type)
          .header('content-length', document.content_size)
          .header('content-disposition', disposition(String(file?.['name'] ?? 'document')))
          .header('cache-control', 'private, no-store')
          .header('etag', `"${file?.['sha256']}"`);
        return reply.send(Readable.from(body.content()));
      },
    );
  };
}

async function* noBytes(): AsyncGenerator<Buffer> {}

/** RFC 6266, with the name in UTF-8 (RFC 8187). */
function disposition(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}

/** A document or a draft with what was sealed with it. */
async function show(service: DocumentService, id: string) {
  const document = await service.sent(id);
  if (document !== undefined) {
    const body = await service.body(document.body_id);
    return { ...documentShape(document), ...(body && metadataShape(body)) };
  }
  const draft = await service.drafts.read(id);
  if (draft === undefined) throw new Refusal('document.unknown');
  return draftShape(draft);
}

async function listPage(service: DocumentService, query: ListQuery) {
  const { cursor, limit, state, since, until, ...rest } = query;
  // One more than asked for tells whether there is a next page.
  const page = { before: decodeCursor(cursor), limit: limit + 1 };
  const found =
    state === 'draft'
      ? (await service.listDrafts(page)).map(draftShape)
      : (
          await service.list(
            {
              ...rest,
              ...(state !== undefined && { state }),
              ...(since !== undefined && { since: new Date(since) }),
              ...(until !== undefined && { until: new Date(until) }),
            },
            page,
          )
        ).map(documentShape);
  const documents = found.slice(0, limit);
  const last = found.length > limit ? documents.at(-1) : undefined;
  return { documents, next: last === undefined ? null : encodeCursor(last.id) };
}
