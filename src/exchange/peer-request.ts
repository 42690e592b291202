import type { EntityId } from '../protocol/ids.ts';
import type { RefusalCode } from '../protocol/refusal.ts';
import { parseRequestToken, type RequestTokenClaims, verifyRequestToken } from '../protocol/request-token.ts';
import type { Registry } from '../registry/index.ts';

export type PeerRequestResult =
  | { ok: true; peer: EntityId; claims: RequestTokenClaims }
  /** `peer`: whose signature holds, where only the peer's limit stands against it. */
  | { ok: false; code: RefusalCode; retryAfterS?: number; peer?: EntityId };

/**
 * Who asks, by a request token. The URL it must name comes from this node's own public URL and the request target,
 * never from Host or proxy headers.
 */
export async function authenticatePeer(
  registry: Registry,
  request: { authorization: string | undefined; method: string; target: string; nowMs: number },
): Promise<PeerRequestResult> {
  const token = /^Bearer ([A-Za-z0-9._-]+)$/.exec(request.authorization ?? '')?.[1];
  const parsed = token === undefined ? undefined : parseRequestToken(token);
  if (parsed === undefined || !parsed.ok) return { ok: false, code: 'request.token' };
  if (registry.peer(parsed.iss) === undefined) return { ok: false, code: 'peer.unknown' };
  const { kid } = parsed.jws.header;
  let known = registry.findKey(parsed.iss, kid);
  if (known === undefined && (await registry.refetchUnknownKey(parsed.iss, kid))) {
    known = registry.findKey(parsed.iss, kid);
  }
  if (known === undefined) return { ok: false, code: 'key.unknown' };
  const { entityId } = registry.self;
  const verified = await verifyRequestToken(parsed.jws, known.key, {
    aud: entityId,
    htm: request.method,
    htu: `${new URL(entityId).origin}${request.target}`,
    nowS: request.nowMs / 1000,
  });
  if (!verified.ok) return { ok: false, code: 'request.token' };
  if (known.status === 'revoked') return { ok: false, code: 'key.revoked' };
  if (known.status === 'withdrawn') return { ok: false, code: 'key.retired' };
  return { ok: true, peer: verified.claims.iss, claims: verified.claims };
}
