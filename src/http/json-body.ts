import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problem } from './problem.ts';
import { createProblemError, type ProblemError } from './problem-error.ts';

/** `reason` is a stable code of the parser's own, such as `json.duplicate_key`. */
export type ParseJson = (bytes: Uint8Array) => { ok: true; value: unknown } | { ok: false; reason: string };

export type JsonBodyOptions = Readonly<{
  parseJson: ParseJson;
  /** Time from the first look at a body to its last byte. */
  bodyTimeoutMs: number;
}>;

/** Makes JSON the one body that a route takes unless it adds a parser: Fastify's own are removed. */
export function acceptJsonBodies(app: FastifyInstance, { parseJson, bodyTimeoutMs }: JsonBodyOptions): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest, body: IncomingMessage) => {
    if (!isUtf8Charset(request.headers['content-type'] ?? ''))
      throw createProblemError(problem('request.media_type', { detail: 'JSON is UTF-8 (RFC 8259)' }));
    const bytes = await readBody(body, request.routeOptions.bodyLimit, bodyTimeoutMs);
    const parsed = parseJson(bytes);
    if (!parsed.ok) throw createProblemError(problem('request.json', { reason: parsed.reason }));
    return parsed.value;
  });
}

/** Fastify enforces no limit on a parser that takes the stream, so bytes and time are counted here. */
function readBody(body: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge = () =>
      fail(createProblemError(problem('request.too_large', { detail: `at most ${maxBytes} bytes` })));
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) tooLarge();
      else chunks.push(chunk);
    };
    const onEnd = () => {
      forget();
      resolve(Buffer.concat(chunks, size));
    };
    const onCut = () => fail(createProblemError(problem('request.body_cut')));
    const timer = setTimeout(() => fail(createProblemError(problem('request.timeout'))), timeoutMs);
    const forget = () => {
      clearTimeout(timer);
      body.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
    };
    const fail = (error: ProblemError) => {
      forget();
      // An error without a listener would end the process, and the rest of the body may still bring one.
      body.on('error', () => undefined);
      reject(error);
    };
    if (Number(body.headers['content-length'] ?? 0) > maxBytes) return tooLarge();
    body.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

function isUtf8Charset(contentType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8';
}
