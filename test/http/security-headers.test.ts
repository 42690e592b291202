import fastifyHelmet from '@fastify/helmet';
import { fastify } from 'fastify';
import t from 'tap';
import { securityHeaders } from '../../src/http/security-headers.ts';

/** Headers of helmet that mean nothing to an API, or to any browser of today. */
const LEFT_OUT = [
  'origin-agent-cluster',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];

t.test('the headers are those of helmet, set for an API', async (t) => {
  for (const strictTransport of [true, false]) {
    const app = fastify();
    await app.register(fastifyHelmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      frameguard: { action: 'deny' },
      strictTransportSecurity: strictTransport ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    });
    app.get('/', (_request, reply) => reply.code(204).send());
    const { headers } = await app.inject('/');
    for (const name of [...LEFT_OUT, 'date', 'connection']) delete headers[name];
    t.same(headers, securityHeaders(strictTransport));
  }
});
