import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problem } from './problem.ts';
import { createProblemError } from './problem-error.ts';

/**
 * Entity tags of JSON representations (RFC 9110 section 8.8.3): a digest of the representation itself, so that they
 * need nothing stored and are the same on every replica.
 */
export function etagOf(representation: string): string {
  return `"${createHash('sha256').update(representation).digest('base64url').slice(0, 27)}"`;
}

/** Every JSON answer to a GET has a tag, and is not sent again to who shows it (section 13.1.2). */
export function installEtags(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
    const etag = etagOf(payload);
    reply.header('etag', etag).header('cache-control', 'private, no-cache');
    if (!isListed(request.headers['if-none-match'], etag, { weak: true })) return payload;
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    return null;
  });
}

/**
 * Holds a change to the state its caller saw: with If-Match, only where the representation that GET would give now has
 * that tag (section 13.1.1). Throws the problem `request.precondition`.
 */
export async function requireMatch(request: FastifyRequest, current: () => Promise<unknown>): Promise<void> {
  const given = request.headers['if-match'];
  if (given === undefined) return;
  const etag = etagOf(JSON.stringify(await current()));
  if (!isListed(given, etag, { weak: false })) throw createProblemError(problem('request.precondition'));
}

function isListed(header: string | undefined, etag: string, { weak }: { weak: boolean }): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((entry) => {
    const tag = entry.trim();
    return tag === etag || (weak && tag === `W/${etag}`);
  });
}
