import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { FastifyPluginAsync } from 'fastify';

const FILE = path.join(import.meta.dirname, '..', '..', 'web', 'intervault-slot.js');
const MAX_AGE_S = 300;

/**
 * The component that a vault's page loads, at `/web/intervault-slot.js`: the same for everybody, so that any page may load
 * it, without credentials and with `integrity` if it likes. Compressed once, when the node starts.
 */
export function webModuleRoutes(): FastifyPluginAsync {
  const plain = readFileSync(FILE);
  const bodies = { br: brotliCompressSync(plain), gzip: gzipSync(plain, { level: 9 }), identity: plain };
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 27)}"`;
  const headers = {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': `public, max-age=${MAX_AGE_S}`,
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'accept-encoding',
  };
  return async (app) => {
    app.get('/web/intervault-slot.js', (request, reply) => {
      const accepted = request.headers['accept-encoding'] ?? '';
      const coding = accepts(accepted, 'br') ? 'br' : accepts(accepted, 'gzip') ? 'gzip' : 'identity';
      // Weak: the same module, whatever its coding.
      reply.headers({ ...headers, etag: `W/${etag}` });
      if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send();
      if (coding !== 'identity') reply.header('content-encoding', coding);
      return reply.send(bodies[coding]);
    });
  };
}

function accepts(accepted: string, coding: string): boolean {
  return accepted.split(',').some((entry) => {
    const [name, ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
