import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { parseUuidV7 } from '../protocol/ids.ts';
import { RECEIPT_MEDIA_TYPE } from '../protocol/receipt.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { Answer } from './receive.ts';
import type { ExchangeService } from './service.ts';

const LIST_DEFAULT = 100;
const LIST_MAX = 500;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Told once a request's signature holds, and whose it is. */
type Hooks = { onVerified(request: FastifyRequest, peer: string): void };

/** The federation API's exchanges. The prefix is the path of the node's federation endpoint. */
export function exchangeRoutes(service: ExchangeService, hooks: Hooks): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    // The body is read by the receiver, against the lengths that were signed; nothing here buffers it.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));

    app.put<{ Params: { jti: string } }>('/exchanges/:jti', async (request, reply) => {
      const { headers, raw } = request;
      let signer: string | undefined;
      const answer = await service.receive({
        pathId: request.params.jti,
        source: request.ip,
        envelope: single(headers['ivx-envelope']),
        contentType: headers['content-type'],
        contentLength:
          headers['content-length'] === undefined ? undefined : Number(headers['content-length']),
        body: raw,
        onVerified: (peer) => {
          signer = peer;
          hooks.onVerified(request, peer);
        },
      });
      warnOfConflict(request, answer, { exchangeId: request.params.jti, peer: signer });
      return sendAnswer(request, reply, answer, 201);
    });

    app.post<{ Params: { jti: string } }>('/exchanges/:jti/close', async (request, reply) => {
      const caller = await authenticate(service, request, hooks);
      const { env } = caller.claims;
      if (env === undefined) throw new Refusal('request.token', { detail: 'env is missing' });
      const jti = exchangeId(request.params.jti);
      const answer = await service.close(caller.peer, jti, Buffer.from(env, 'base64url'));
      warnOfConflict(request, answer, { exchangeId: jti, peer: caller.peer });
      return sendAnswer(request, reply, answer, 200);
    });

    app.get<{ Params: { jti: string } }>('/exchanges/:jti', async (request, reply) => {
      const caller = await authenticate(service, request, hooks);
      const receipt = await service.receiptFor(caller.peer, exchangeId(request.params.jti));
      if (receipt === undefined) throw new Refusal('exchange.unknown');
      return reply.type(RECEIPT_MEDIA_TYPE).send(receipt);
    });

    app.get<{ Querystring: { since?: string; limit?: string } }>('/exchanges', async (request) => {
      const caller = await authenticate(service, request, hooks);
      return service.listFor(caller.peer, pageOf(request.query));
    });
  };
}

/** Somebody signed two envelopes under one id: a broken sender, or a stolen key. */
function warnOfConflict(
  request: FastifyRequest,
  answer: Answer,
  about: { exchangeId: string; peer: string | undefined },
): void {
  if (answer.kind === 'refused' && answer.code === 'exchange.conflict')
    request.log.warn({ exchangeConflict: true, ...about }, 'an id came with another envelope');
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  freshStatus: number,
): FastifyReply {
  if (answer.kind === 'refused') {
    throw new Refusal(answer.code, {
      ...(answer.detail !== undefined && { detail: answer.detail }),
      ...(answer.retryAfterS !== undefined && { retryAfterS: answer.retryAfterS }),
    });
  }
  const status = answer.replayed ? 200 : answer.outcome === 'rejected' ? 422 : freshStatus;
  // What is left of a body nobody will read ends with the connection.
  if (!request.raw.complete) reply.header('connection', 'close');
  return reply.code(status).type(RECEIPT_MEDIA_TYPE).send(answer.receipt);
}

async function authenticate(service: ExchangeService, request: FastifyRequest, hooks: Hooks) {
  const result = await service.authenticate({
    authorization: request.headers.authorization,
    method: request.method,
    target: request.raw.url ?? '',
  });
  if (result.peer !== undefined) hooks.onVerified(request, result.peer);
  if (!result.ok) {
    throw new Refusal(
      result.code,
      result.retryAfterS === undefined ? {} : { retryAfterS: result.retryAfterS },
    );
  }
  return result;
}

function pageOf({ since, limit }: { since?: string; limit?: string }): { since: string; limit: number } {
  const count = limit === undefined ? LIST_DEFAULT : Number(limit);
  const from = since === undefined ? FIRST_ID : parseUuidV7(since);
  if (from === undefined) throw new Refusal('request.query', { detail: 'since is the id of an exchange' });
  if (!Number.isInteger(count) || count < 1 || count > LIST_MAX) {
    throw new Refusal('request.query', { detail: `limit is a number from 1 to ${LIST_MAX}` });
  }
  return { since: from, limit: count };
}

function exchangeId(text: string): string {
  const id = parseUuidV7(text);
  if (id === undefined) throw new Refusal('exchange.unknown');
  return id;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? undefined : value;
}
