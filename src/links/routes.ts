import type { FastifyPluginAsync } from 'fastify';
import type { ApiAccess } from '../api-access.ts';
import type { LinkChange } from './changes.ts';
import type { CompleteLink, StartLink } from './offers.ts';
import type { RedeemLink } from './redemptions.ts';
import type { LinkService } from './service.ts';
import type { HalfDetails, LinkDetails } from './shapes.ts';

type ByLink = { Params: { link: string } };
type Page = { cursor?: string; limit: number };

/**
 * The institution API's links. A customer's reference, a token, a code and a session stand in bodies only: an address
 * gets logged, by this node and by everything before it.
 */
export function linkRoutes(links: LinkService, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.post<{ Body: StartLink }>('/links', access.operation('startLink'), async ({ body }, reply) => {
      const { linkId, ...started } = await links.start(body);
      return reply
        .code(201)
        .header('location', `/v1/links/${linkId}`)
        .send({ link: linkId, ...started });
    });

    app.post<{ Body: { token: string } }>(
      '/links/inspect',
      access.operation('inspectLinkToken'),
      async ({ body }) => {
        const { linkId, ...request } = await links.inspect(body.token);
        return { link: linkId, ...request };
      },
    );

    app.post<{ Body: { token: string } }>(
      '/links/decline',
      access.operation('declineLinkToken'),
      async ({ body }, reply) => {
        await links.decline(body.token);
        return reply.code(204).send();
      },
    );

    app.post<{ Body: RedeemLink }>(
      '/links/redeem',
      access.operation('redeemLinkToken'),
      async ({ body }, reply) => {
        const { linkId, expiresAt } = await links.redeem(body);
        return reply.code(201).header('location', `/v1/links/${linkId}`).send({ link: linkId, expiresAt });
      },
    );

    app.get<{ Querystring: Page & { peer?: string } }>(
      '/links',
      access.operation('listLinks'),
      async ({ query: { cursor, ...filter } }) =>
        listOf(await links.list({ ...filter, ...(cursor !== undefined && { after: cursor }) })),
    );

    app.post<{ Body: { customer: string; peer?: string } }>(
      '/links/search',
      access.operation('searchLinks'),
      async ({ body }) => listOf(await links.list({ ...body, limit: SEARCH_LIMIT })),
    );

    app.get<ByLink>('/links/:link', access.operation('getLink'), async ({ params }) =>
      linkShape(await links.show(params.link)),
    );

    app.post<ByLink & { Body: { session: string } }>(
      '/links/:link/redemption',
      access.operation('getRedemption'),
      ({ params, body }) => links.redemption(params.link, body.session),
    );

    app.post<ByLink & { Body: Omit<CompleteLink, 'linkId'> }>(
      '/links/:link/complete',
      access.operation('completeLink'),
      async ({ params, body }) => linkShape(await links.complete({ ...body, linkId: params.link })),
    );

    for (const kind of ['pause', 'resume', 'revoke', 'restore'] as const) {
      app.post<ByLink>(`/links/:link/${kind}`, access.operation(`${kind}Link`), async (request) => {
        const { link } = request.params;
        await access.requireMatch(request, async () => linkShape(await links.show(link)));
        return linkShape(await links.change(link, { kind }));
      });
    }

    app.put<ByLink & { Body: Omit<Extract<LinkChange, { kind: 'scopes' }>, 'kind'> }>(
      '/links/:link/scopes',
      access.operation('setLinkScopes'),
      async (request) => {
        const { link } = request.params;
        await access.requireMatch(request, async () => linkShape(await links.show(link)));
        return linkShape(await links.change(link, { kind: 'scopes', ...request.body }));
      },
    );

    app.post<ByLink & { Body: { reason: string } }>(
      '/links/:link/erase',
      access.operation('eraseLink'),
      async ({ params, body }, reply) => {
        await links.erase(params.link, body.reason);
        return reply.code(204).send();
      },
    );

    app.get<ByLink & { Querystring: { after?: number; limit: number } }>(
      '/links/:link/journal',
      access.operation('getLinkJournal'),
      async ({ params, query }) => {
        const entries = await links.journal(params.link, query);
        return {
          entries: entries.map(({ linkId: _linkId, evidenceSha256, ...entry }) => ({
            ...entry,
            ...(evidenceSha256 !== undefined && { evidenceSha256: evidenceSha256.toString('hex') }),
          })),
        };
      },
    );
  };
}

/** A customer has one link with each peer, so this is all of them. */
const SEARCH_LIMIT = 200;

function listOf({ links, next }: Awaited<ReturnType<LinkService['list']>>) {
  return { links: links.map(linkShape), next: next ?? null };
}

/** A link as the institution API shows it: absent where nothing is known. Dates become RFC 3339 when it is written. */
function linkShape({ linkId, customer, customerId, self, other, createdAt, ...link }: LinkDetails) {
  return {
    id: linkId,
    ...link,
    ...(customer !== null && { customer }),
    ...(customerId !== null && { customerId }),
    ...(self !== null && { self: { ...halfShape(self), acknowledged: self.acknowledged } }),
    ...(other !== null && { other: halfShape(other) }),
    ...(createdAt !== null && { createdAt }),
  };
}

function halfShape({ rev, state, scopes, consent, restorableUntil, changedAt }: HalfDetails) {
  return {
    rev,
    state,
    scopes,
    ...(consent !== null && { consent }),
    ...(restorableUntil !== null && { restorableUntil }),
    changedAt,
  };
}
