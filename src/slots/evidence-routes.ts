import type { FastifyPluginAsync } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import { chainShape } from '../evidence/index.ts';
import type { SlotEvidence } from './evidence.ts';

/** The signed evidence of messages and of what was said about them. */
export function slotEvidenceRoutes(evidence: SlotEvidence, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.get<{ Params: { message: string } }>(
      '/messages/:message/evidence',
      access.operation('getMessageEvidence'),
      async ({ params }) => chainShape(await evidence.message(params.message)),
    );
    app.get<{ Params: { reply: string } }>(
      '/replies/:reply/evidence',
      access.operation('getReplyEvidence'),
      async ({ params }) => chainShape(await evidence.reply(params.reply)),
    );
  };
}
