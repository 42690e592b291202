import type { FastifyPluginAsync } from 'fastify';
import { type ApiAccess, parseIdempotencyKey, peerIdOf } from '../api-access.ts';
import type { Clock } from '../clock.ts';
import type { GivenMessage } from './check.ts';
import type { SentMessageState } from './sending-store.ts';
import type { SlotService } from './service.ts';
import { messageShape, slotShape } from './shapes.ts';
import type { SlotView } from './slots.ts';

type ById = { Params: { message: string } };
type BySlot = { Params: { peer: string; slot: string } };
type MessageQuery = {
  link?: string;
  peer?: string;
  state?: SentMessageState;
  thread?: string;
  cursor?: string;
  limit: number;
};

/** The institution API's slots and messages. */
export function slotRoutes(service: SlotService, clock: Clock, access: ApiAccess): FastifyPluginAsync {
  const { slots, messages, preflight } = service;
  const show = async (id: string) => messageShape(await messages.show(id), clock.nowMs());

  return async (app) => {
    app.get<{ Querystring: { peer?: string; side?: SlotView['side'] } }>(
      '/slots',
      access.operation('listSlots'),
      async ({ query }) => ({ slots: (await slots.list(query)).map(slotShape) }),
    );
    app.post<BySlot & { Body: { reason: string } }>(
      '/slots/:peer/:slot/pause',
      access.operation('pauseSlot'),
      async (request) => {
        const { params, body } = request;
        const slot = { peer: peerIdOf(params.peer), slot: params.slot };
        return slotShape(await slots.pause(slot, body.reason, access.caller(request)));
      },
    );
    app.post<BySlot>('/slots/:peer/:slot/resume', access.operation('resumeSlot'), async (request) => {
      const slot = { peer: peerIdOf(request.params.peer), slot: request.params.slot };
      return slotShape(await slots.resume(slot, access.caller(request)));
    });

    app.post<{ Body: GivenMessage }>('/messages', access.operation('sendMessage'), async (request, reply) => {
      const key = parseIdempotencyKey(request.headers['idempotency-key']);
      const { subject, issuer } = access.caller(request);
      const id = await messages.send(request.body, `${issuer}:${subject}`, key);
      request.exchangeId = id;
      return reply
        .code(201)
        .header('location', `/v1/messages/${id}`)
        .send(await show(id));
    });
    app.post<{ Body: GivenMessage }>(
      '/messages/preflight',
      access.operation('preflightMessage'),
      ({ body }) => preflight.ask(body),
    );
    app.get<{ Querystring: MessageQuery }>(
      '/messages',
      access.operation('listMessages'),
      async ({ query }) => {
        const { messages: found, next } = await messages.list(query);
        return { messages: found.map((message) => messageShape(message, clock.nowMs())), next };
      },
    );
    app.get<{ Querystring: { peer?: string; since?: string } }>(
      '/engagement',
      access.operation('listEngagement'),
      async ({ query }) => ({ months: await service.receivedMonths(query) }),
    );
    app.get<ById>('/messages/:message', access.operation('getMessage'), ({ params }) => show(params.message));
    app.post<ById>('/messages/:message/withdraw', access.operation('withdrawMessage'), async ({ params }) => {
      await messages.withdraw(params.message);
      return show(params.message);
    });
  };
}
