import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { type ApiAccess, parseIdempotencyKey } from '../api-access.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { ContactWishes } from './contact-store.ts';
import type { GivenWord } from './dialogue/conversations.ts';
import type { EngagementEvent } from './engagement/events.ts';
import { decodeLearned, encodeLearned } from './engagement/learned-cursor.ts';
import type { FeedItem } from './feed.ts';
import type { SlotService } from './service.ts';
import { contactShape } from './shapes.ts';

type FeedQuery = { placement?: FeedItem['placement']; locale?: string; limit: number };
type GivenEvent = Omit<EngagementEvent, 'at'> & { at: string };
type GivenSession = { origins?: string[]; minutes?: number };

/** What the vault's front end does for a customer: the vault's own back end by id, or the customer's browser in a session. */
export function customerRoutes(
  service: Pick<SlotService, 'contact' | 'feed' | 'engagements' | 'conversations' | 'learned' | 'images'>,
  access: ApiAccess,
): FastifyPluginAsync {
  const { contact, feed, engagements, conversations, learned, images } = service;

  /** @throws Refusal `customer.not_found` */
  const customerOf = (request: FastifyRequest): string => {
    const customer = access.customer(request);
    if (customer === undefined) throw new Refusal('customer.not_found');
    return customer;
  };
  const wishesOf = async (customer: string) => contactShape(await contact.show(customer));

  return async (app) => {
    app.post<{ Body: GivenSession }>(
      '/customers/:customer/sessions',
      access.operation('openCustomerSession'),
      async (request, reply) => {
        const customer = customerOf(request);
        await contact.requireKnown(customer);
        const { origins, minutes = 10 } = request.body;
        const ttlS = minutes * 60;
        return reply
          .code(201)
          .send(await access.openSession({ customer, ttlS, ...(origins !== undefined && { origins }) }));
      },
    );

    app.get<{ Querystring: FeedQuery }>('/customers/:customer/feed', access.operation('getFeed'), (request) =>
      feed.read(customerOf(request), request.query),
    );
    app.get<{ Params: { message: string } }>(
      '/customers/:customer/messages/:message/image',
      access.operation('getFeedImage'),
      async (request, reply) => {
        const { type, content } = await images.read(customerOf(request), request.params.message);
        return reply
          .headers({
            'content-type': type,
            // It never changes, and is nobody else's.
            'cache-control': 'private, max-age=86400, immutable',
            'content-security-policy': "default-src 'none'; sandbox",
          })
          .send(content);
      },
    );
    app.post<{ Body: { events: GivenEvent[] } }>(
      '/customers/:customer/engagement',
      access.operation('recordEngagement'),
      (request) =>
        engagements.record(
          customerOf(request),
          request.body.events.map((event) => ({ ...event, at: new Date(event.at) })),
        ),
    );

    app.post<{ Body: GivenWord }>(
      '/customers/:customer/replies',
      access.operation('sayReply'),
      async (request, reply) => {
        const key = parseIdempotencyKey(request.headers['idempotency-key']);
        const said = await conversations.say(customerOf(request), request.body, key);
        return reply.code(201).send(said);
      },
    );
    app.post<{ Params: { reply: string } }>(
      '/customers/:customer/replies/:reply/undo',
      access.operation('undoReply'),
      async (request, reply) => {
        await conversations.undo(customerOf(request), request.params.reply);
        return reply.code(204).send();
      },
    );
    app.get<{ Querystring: { limit: number } }>(
      '/customers/:customer/threads',
      access.operation('listThreads'),
      async (request) => ({ threads: await conversations.list(customerOf(request), request.query.limit) }),
    );
    app.get<{ Params: { thread: string }; Querystring: { locale?: string } }>(
      '/customers/:customer/threads/:thread',
      access.operation('getThread'),
      (request) => conversations.show(customerOf(request), request.params.thread, request.query.locale),
    );

    app.get<{ Querystring: { cursor?: string; limit: number } }>(
      '/customers/:customer/learned',
      access.operation('listLearned'),
      async (request) => {
        const { cursor, limit } = request.query;
        const page = { limit, ...(cursor !== undefined && { before: decodeLearned(cursor) }) };
        const { events, next } = await learned.list(customerOf(request), page);
        return { events, next: next === null ? null : encodeLearned(next) };
      },
    );

    app.get('/customers/:customer/contact', access.operation('getCustomerContact'), (request) =>
      wishesOf(customerOf(request)),
    );
    app.put<{ Body: ContactWishes }>(
      '/customers/:customer/contact',
      access.operation('setCustomerContact'),
      async (request) => {
        const customer = customerOf(request);
        await access.requireMatch(request, () => wishesOf(customer));
        await contact.set(customer, request.body);
        return wishesOf(customer);
      },
    );
    app.put<{ Body: { declared: number | null } }>(
      '/customers/:customer/providers',
      access.operation('setProviders'),
      async (request, reply) => {
        await contact.setProviders(customerOf(request), request.body.declared);
        return reply.code(204).send();
      },
    );
    app.post<{ Body: { peer: string; until?: string } }>(
      '/customers/:customer/mute',
      access.operation('muteGuest'),
      async (request) => {
        const customer = customerOf(request);
        const { peer, until } = request.body;
        await contact.mute(customer, peer, until === undefined ? null : new Date(until));
        return wishesOf(customer);
      },
    );
    app.post<{ Body: { peer: string } }>(
      '/customers/:customer/unmute',
      access.operation('unmuteGuest'),
      async (request) => {
        const customer = customerOf(request);
        await contact.mute(customer, request.body.peer, undefined);
        return wishesOf(customer);
      },
    );
  };
}
