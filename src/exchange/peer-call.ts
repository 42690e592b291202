import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { UnreachableCode } from '../outbox/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { REQUEST_TOKEN_LIFETIME_S, signRequestToken } from '../protocol/request-token.ts';
import { newUuidV7 } from '../random.ts';
import type { Registry } from '../registry/index.ts';
import { ANSWER_MAX_BYTES, type PeerAnswer } from './answer.ts';

/** A call on a peer's federation API: an exchange, which signs for itself, or a request with a token. */
export type PeerCall =
  | { method: 'PUT'; path: string; headers: Record<string, string>; body: Buffer | Readable }
  | { method: 'POST'; path: string; env?: string; json?: Buffer };

/** Why there is no answer: nobody was reached, or it was longer than any answer is. */
export type NoAnswer = { code: UnreachableCode | 'peer.unknown' | 'answer.too_large' };

export type PeerCalls = {
  /** `path` is under the peer's federation endpoint. Never throws for what the network or the peer does. */
  call(peer: string, wanted: PeerCall): Promise<PeerAnswer | NoAnswer>;
};

export function createPeerCalls(deps: { registry: Registry; clock: Clock }): PeerCalls {
  const { registry, clock } = deps;

  function requestToken(peer: string, env: string | undefined, htu: string): Promise<string> {
    const { self } = registry;
    const iat = Math.floor(clock.nowMs() / 1000);
    return signRequestToken(
      {
        iss: self.entityId,
        aud: peer as EntityId,
        iat,
        exp: iat + REQUEST_TOKEN_LIFETIME_S,
        jti: newUuidV7(),
        htm: 'POST',
        htu,
        ...(env !== undefined && { env }),
      },
      self.signer(),
    );
  }

  async function headersOf(peer: string, wanted: PeerCall, url: string): Promise<Record<string, string>> {
    if (wanted.method === 'PUT') return wanted.headers;
    return {
      authorization: `Bearer ${await requestToken(peer, wanted.env, url)}`,
      ...(wanted.json !== undefined && { 'content-type': 'application/json' }),
    };
  }

  return {
    async call(peerId, wanted) {
      const peer = registry.peer(peerId);
      const dispatcher = registry.dispatcher(peerId);
      if (peer === undefined || dispatcher === undefined) return { code: 'peer.unknown' };
      const path = `${peer.endpoint.path}${wanted.path}`;
      const headers = await headersOf(peerId, wanted, `${peer.endpoint.origin}${path}`);
      const sent = wanted.method === 'PUT' ? wanted.body : wanted.json;
      try {
        const response = await dispatcher.request({
          method: wanted.method,
          path,
          headers,
          ...(sent !== undefined && { body: sent }),
        });
        const body = await readBounded(response.body, ANSWER_MAX_BYTES);
        if (body === undefined) return { code: 'answer.too_large' };
        return {
          status: response.statusCode,
          contentType: single(response.headers['content-type'])?.split(';')[0]?.trim().toLowerCase(),
          retryAfter: single(response.headers['retry-after']),
          body,
        };
      } catch (error) {
        if (sent instanceof Readable) sent.destroy();
        return { code: networkCode(error) };
      }
    },
  };
}

async function readBounded(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
  limit: number,
): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      body.destroy();
      return undefined;
    }
    parts.push(chunk);
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts, size);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? undefined : value;
}

/** A stable code for what the network said. */
function networkCode(error: unknown): UnreachableCode {
  const code = (error as { code?: unknown } | null)?.code;
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'peer.timeout';
    case 'ECONNREFUSED':
      return 'peer.refused_connection';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'peer.name_unknown';
    default:
      return typeof code === 'string' && /CERT|TLS|SSL/.test(code) ? 'peer.certificate' : 'peer.unreachable';
  }
}
