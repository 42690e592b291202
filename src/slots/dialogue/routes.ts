import type { FastifyPluginAsync } from 'fastify';
import { type ApiAccess, parseIdempotencyKey } from '../../api-access.ts';
import type { Answering, GivenAnswer } from './answering.ts';
import type { Reply } from './store.ts';

type ById = { Params: { reply: string } };
type ReplyQuery = {
  link?: string;
  peer?: string;
  thread?: string;
  by?: Reply['saidBy'];
  waiting?: boolean;
  cursor?: string;
  limit: number;
};

/** What customers said to this institution, and its answers. */
export function replyRoutes(answering: Answering, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.get<{ Querystring: ReplyQuery }>('/replies', access.operation('listReplies'), async ({ query }) => {
      const { cursor, waiting, ...filter } = query;
      const { replies, next } = await answering.list({
        ...filter,
        ...(waiting === true && { waiting }),
        ...(cursor !== undefined && { before: cursor }),
      });
      return { replies: replies.map(replyShape), next };
    });
    app.get<ById>('/replies/:reply', access.operation('getReply'), async ({ params }) => {
      const { reply, ...written } = await answering.show(params.reply);
      return { ...replyShape(reply), ...written };
    });
    app.post<ById & { Body: GivenAnswer }>(
      '/replies/:reply/answers',
      access.operation('answerReply'),
      async (request, reply) => {
        const key = parseIdempotencyKey(request.headers['idempotency-key']);
        const { subject, issuer } = access.caller(request);
        const caller = `${issuer}:${subject}`;
        const id = await answering.answer(request.params.reply, request.body, caller, key);
        request.exchangeId = id;
        return reply.code(201).send({ id, answers: request.params.reply });
      },
    );
  };
}

/** Absent where there is nothing to say. */
function replyShape(reply: Reply) {
  const { jti, linkId, peer, thread, saidBy, kind, message, answers, handledBy, at, state } = reply;
  const { code, decidedAt, humanAnsweredAt } = reply;
  return {
    id: jti,
    by: saidBy,
    kind,
    peer,
    link: linkId,
    thread,
    at,
    state,
    ...(message !== null && { message }),
    ...(answers !== null && { answers }),
    ...(handledBy !== null && { handledBy }),
    ...(code !== null && { code }),
    ...(decidedAt !== null && { decidedAt }),
    ...(humanAnsweredAt !== null && { humanAnsweredAt }),
  };
}
