import type { FastifyPluginAsync } from 'fastify';
import { type ApiAccess, peerIdOf } from '../api-access.ts';
import type { PeerTraffic } from '../outbox/index.ts';
import type { PeerDetails, PeerSummary } from './peer-shapes.ts';
import type { PeerService } from './service.ts';

type PeerParams = { Params: { peer: string } };

/**
 * A peer's id is an address, with characters that proxies rewrite in a path. So a path names it by `ref`: the id in
 * base64url, without padding. The id itself, percent-encoded, means the same.
 */
export function peerRef(entityId: string): string {
  return Buffer.from(entityId, 'utf8').toString('base64url');
}

/** The institution API's peers. */
export function peerRoutes(
  peers: PeerService,
  traffic: (peer: string) => Promise<PeerTraffic>,
  access: ApiAccess,
): FastifyPluginAsync {
  const withRef = <P extends PeerSummary>(peer: P) => ({ ref: peerRef(peer.id), ...peer });
  const detailed = async (peer: PeerDetails) => ({ ...withRef(peer), traffic: await traffic(peer.id) });
  const show = async (param: string) => detailed(await peers.show(peerIdOf(param)));

  return async (app) => {
    app.get('/peers', access.operation('listPeers'), async () => ({
      peers: (await peers.list()).map(withRef),
    }));
    app.post<{ Body: { url: string } }>('/peers/discover', access.operation('discoverPeer'), (request) =>
      peers.discover(request.body.url),
    );
    app.post<{ Body: { url: string; pin: string } }>(
      '/peers',
      access.operation('addPeer'),
      async (request, reply) => {
        const peer = await detailed(await peers.add(request.body));
        return reply.code(201).header('location', `/v1/peers/${peer.ref}`).send(peer);
      },
    );
    app.get<PeerParams>('/peers/:peer', access.operation('getPeer'), ({ params }) => show(params.peer));

    const change = <Body>(
      action: string,
      operationId: string,
      work: (id: string, body: Body) => Promise<PeerDetails>,
    ) => {
      app.post<PeerParams>(`/peers/:peer/${action}`, access.operation(operationId), async (request) => {
        const { peer } = request.params;
        await access.requireMatch(request, () => show(peer));
        return detailed(await work(peerIdOf(peer), request.body as Body));
      });
    };
    change<{ reason: string }>('suspend', 'suspendPeer', (id, { reason }) => peers.suspend(id, reason));
    change('resume', 'resumePeer', (id) => peers.resume(id));
    change<{ reason: string }>('remove', 'removePeer', (id, { reason }) => peers.remove(id, reason));
    change<{ pin: string }>('repin', 'repinPeer', (id, { pin }) => peers.repin(id, pin));
    change('refresh', 'refreshPeer', (id) => peers.refresh(id));
  };
}
