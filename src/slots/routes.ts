import type { FastifyPluginAsync } from 'fastify';
import { type ApiAccess, parseIdempotencyKey, peerIdOf } from '../api-access.ts';
import type { Clock } from '../clock.ts';
import type { GivenMessage } from './check.ts';
import type { ContactWishes } from './contact-store.ts';
import type { EngagementEvent } from './engagement.ts';
import type { FeedItem } from './feed.ts';
import type { SentMessageState } from './sending-store.ts';
import type { SlotService } from './service.ts';
import { contactShape, messageShape, slotShape } from './shapes.ts';
import type { SlotView } from './slots.ts';

type ById = { Params: { message: string } };
type BySlot = { Params: { peer: string; slot: string } };
type ByCustomer = { Params: { customer: string } };
type MessageQuery = {
  link?: string;
  peer?: string;
  state?: SentMessageState;
  thread?: string;
  cursor?: string;
  limit: number;
};

type FeedQuery = { placement?: FeedItem['placement']; locale?: string; limit: number };
type GivenEvent = Omit<EngagementEvent, 'at'> & { at: string };

/** The institution API's slots and messages. */
export function slotRoutes(service: SlotService, clock: Clock, access: ApiAccess): FastifyPluginAsync {
  const { slots, messages, contact, preflight, feed, engagements } = service;
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
      async ({ params, body }) =>
        slotShape(await slots.pause({ peer: peerIdOf(params.peer), slot: params.slot }, body.reason)),
    );
    app.post<BySlot>('/slots/:peer/:slot/resume', access.operation('resumeSlot'), async ({ params }) =>
      slotShape(await slots.resume({ peer: peerIdOf(params.peer), slot: params.slot })),
    );

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
    app.get<ById>('/messages/:message', access.operation('getMessage'), ({ params }) => show(params.message));
    app.post<ById>('/messages/:message/withdraw', access.operation('withdrawMessage'), async ({ params }) => {
      await messages.withdraw(params.message);
      return show(params.message);
    });

    app.get<ByCustomer & { Querystring: FeedQuery }>(
      '/customers/:customer/feed',
      access.operation('getFeed'),
      ({ params, query }) => feed.read(params.customer, query),
    );
    app.post<ByCustomer & { Body: { events: GivenEvent[] } }>(
      '/customers/:customer/engagement',
      access.operation('recordEngagement'),
      ({ params, body }) =>
        engagements.record(
          params.customer,
          body.events.map((event) => ({ ...event, at: new Date(event.at) })),
        ),
    );

    app.get<ByCustomer>(
      '/customers/:customer/contact',
      access.operation('getCustomerContact'),
      async ({ params }) => contactShape(await contact.show(params.customer)),
    );
    app.put<ByCustomer & { Body: ContactWishes }>(
      '/customers/:customer/contact',
      access.operation('setCustomerContact'),
      async (request) => {
        const { customer } = request.params;
        await access.requireMatch(request, async () => contactShape(await contact.show(customer)));
        await contact.set(customer, request.body);
        return contactShape(await contact.show(customer));
      },
    );
    app.post<ByCustomer & { Body: { peer: string; until?: string } }>(
      '/customers/:customer/mute',
      access.operation('muteGuest'),
      async ({ params, body }) => {
        await contact.mute(
          params.customer,
          body.peer,
          body.until === undefined ? null : new Date(body.until),
        );
        return contactShape(await contact.show(params.customer));
      },
    );
    app.post<ByCustomer & { Body: { peer: string } }>(
      '/customers/:customer/unmute',
      access.operation('unmuteGuest'),
      async ({ params, body }) => {
        await contact.mute(params.customer, body.peer, undefined);
        return contactShape(await contact.show(params.customer));
      },
    );
  };
}
