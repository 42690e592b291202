import { readFileSync } from 'node:fs';
import type { FastifyPluginAsync } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import type { Config } from '../config.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Which node this is, and who is asking. */
export function nodeRoutes(config: Config, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.get('/node', access.operation('getNode'), async (request) => {
      const { subject, role } = access.caller(request);
      return {
        version,
        ...(config.publicUrl !== undefined && { entityId: config.publicUrl }),
        organizationName: config.organizationName,
        federation: config.federation,
        limits: {
          maxDocumentBytes: config.maxDocumentBytes,
          tokenRatePerMin: config.tokenRatePerMin,
        },
        caller: { subject, role },
      };
    });
  };
}
