import fastifyRateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { problem, sendProblem } from './problem.ts';
import type { Principal } from './token.ts';
import type { TokenBuckets } from './token-buckets.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bucket this request was charged to, until a valid token or signature gives it back. */
    chargedAddress: string | undefined;
    /** Whose signature this request carries, once it holds. */
    verifiedPeer: string | undefined;
  }
}

const WINDOW_MS = 60_000;
const MAX_TOKENS = 10_000;

/**
 * Charges every request to the network address it comes from, before anything is looked at. Who then shows a valid
 * token or signature gets it back through `refundAddress`, so that the limit holds strangers and forgers only.
 */
export function installAddressLimit(app: FastifyInstance, buckets: TokenBuckets): void {
  app.decorateRequest('chargedAddress', undefined);
  app.addHook('onRequest', (request, reply, done) => {
    const address = addressKey(request.ip);
    const taken = buckets.take(address);
    if (taken.ok) {
      request.chargedAddress = address;
      done();
      return;
    }
    sendProblem(reply, problem('rate.limited', { retryAfterS: taken.retryAfterMs / 1000 }));
  });
}

export function refundAddress(request: FastifyRequest, buckets: TokenBuckets): void {
  if (request.chargedAddress === undefined) return;
  buckets.refund(request.chargedAddress);
  request.chargedAddress = undefined;
}

/**
 * The limits of a federation listener. Returns what its routes tell who signed to: from there on the address is no
 * longer charged, and the answer, whatever it is, tells the peer where it stands.
 */
export function installFederationLimits(
  app: FastifyInstance,
  buckets: Readonly<{ addresses: TokenBuckets; peers: TokenBuckets }>,
): (request: FastifyRequest, peer: string) => void {
  const { addresses, peers } = buckets;
  const policy = `"peer";q=${peers.policy.burst};w=${Math.ceil(peers.policy.refillMs / 1000)}`;
  installAddressLimit(app, addresses);
  app.decorateRequest('verifiedPeer', undefined);
  app.addHook('onSend', ({ verifiedPeer }, reply, payload, done) => {
    if (verifiedPeer !== undefined) {
      const { remaining, nextMs } = peers.look(verifiedPeer);
      reply.header('ratelimit-policy', policy);
      reply.header('ratelimit', `"peer";r=${remaining};t=${Math.ceil(nextMs / 1000)}`);
    }
    done(null, payload);
  });
  return (request, peer) => {
    refundAddress(request, addresses);
    request.verifiedPeer = peer;
  };
}

/** An IPv4 address, or the /64 that one IPv6 customer is usually given. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  if (!address.includes(':')) return address;
  const plain = address.split('%', 1)[0] ?? '';
  if (!ipaddr.isValid(plain)) return 'unknown';
  const parsed = ipaddr.process(plain);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${parsed.toByteArray().slice(0, 8).join('.')}/64`;
}

/**
 * Makes the onRequest hook that counts requests by token. It goes after the one that authenticates, and tells the
 * caller where it stands (draft-ietf-httpapi-ratelimit-headers-10).
 */
export async function createTokenLimit(
  app: FastifyInstance,
  { maxPerMin }: { maxPerMin: (caller: Principal) => number },
): Promise<(request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>> {
  await app.register(fastifyRateLimit, { global: false, cache: MAX_TOKENS });
  const count = app.createRateLimit({
    max: (request) => maxPerMin(principalOf(request)),
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => tokenKey(request),
  });
  return async (request, reply) => {
    const state = await count(request);
    if (state.isAllowed) return undefined;
    const { max, remaining, ttlInSeconds, isExceeded } = state;
    reply.header('ratelimit-policy', `"token";q=${max};w=${WINDOW_MS / 1000}`);
    reply.header('ratelimit', `"token";r=${remaining};t=${ttlInSeconds}`);
    if (!isExceeded) return undefined;
    return sendProblem(reply, problem('rate.limited', { retryAfterS: ttlInSeconds }));
  };
}

function tokenKey(request: FastifyRequest): string {
  const { issuer, role, tokenId } = principalOf(request);
  return role === 'customer' ? `session:${tokenId}` : `${issuer}:${tokenId}`;
}

function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === undefined) throw new Error('the token limit goes after authentication');
  return principal;
}
