import fastifyMultipart from '@fastify/multipart';
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { ApiAccess } from '../http/index.ts';
import { parseUuidV7 } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type FormParts, takeFile, takeMetadata } from './form.ts';
import { type GivenMetadata, readMetadata } from './metadata.ts';
import type { DocumentService } from './service.ts';
import { documentShape } from './shapes.ts';

/** One more than the form has, so that a third is seen and refused. */
const MAX_PARTS = 3;
const MAX_HEADERS_PER_PART = 16;

/** The institution API's documents, as the side that sends them. */
export function documentRoutes(service: DocumentService, access: ApiAccess): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
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

    app.post('/documents', access.operation('submitDocument'), async (request, reply) => {
      const submitted = await submitForm(service, request);
      const document = await service.sent(submitted.id);
      if (document === undefined) throw new Error('a submitted document is not there');
      return reply
        .code(201)
        .header('location', `/v1/documents/${submitted.id}`)
        .send(documentShape(document));
    });

    app.get<{ Params: { id: string } }>(
      '/documents/:id',
      access.operation('getDocument'),
      async (request) => {
        const document = await service.sent(documentId(request.params.id));
        if (document === undefined) throw new Refusal('document.unknown');
        return documentShape(document);
      },
    );
  };
}

async function submitForm(service: DocumentService, request: FastifyRequest) {
  if (!request.isMultipart()) throw new Refusal('request.media_type');
  const parts = request.parts({ isPartAFile: () => true }) as unknown as FormParts;
  const given = (await takeMetadata(parts)) as GivenMetadata;
  const { name, contentType, chunks } = await takeFile(parts);
  return service.submit(readMetadata(given, { name, contentType }, subjectOf(request)), chunks);
}

function subjectOf(request: FastifyRequest): string {
  if (request.principal === undefined) throw new Error('an operation without a caller');
  return request.principal.subject;
}

function documentId(text: string): string {
  const id = parseUuidV7(text);
  if (id === undefined) throw new Refusal('document.unknown');
  return id;
}
