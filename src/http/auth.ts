import { createPublicKey, type KeyObject } from 'node:crypto';
import fastifyJwt from '@fastify/jwt';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import { type AccessTable, isAllowed } from './access.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { problem, sendProblem } from './problem.ts';
import {
  checkTokenClaims,
  type Principal,
  SESSION_AUDIENCE,
  SESSION_TYPE,
  TOKEN_AUDIENCE,
  TOKEN_TYPE,
  type TokenPolicy,
} from './token.ts';

/** Bearer tokens of the institution API (RFC 6750): those the node issues, and those of one identity provider. */
export type AuthOptions = Readonly<{
  /** Id of the node: the issuer of its own tokens. */
  nodeId: string;
  /** Public Ed25519 keys of the node, by `kid`. Asked for each token, so that rotation needs no restart. */
  findNodeKey: (kid: string) => KeyObject | undefined;
  external?: Readonly<{ issuer: string; audience: string; keys: IssuerKeys }> | undefined;
  access: AccessTable;
  clock: Clock;
  /** Called once the token holds, for instance to give the address its charge back. */
  onAuthenticated?: (request: FastifyRequest) => void;
}>;

export type Auth = Readonly<{
  /** An onRequest hook: nothing of the body is read before it passes. Throws for an operation the table lacks. */
  requireRole: (
    operationId: string,
  ) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;
}>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls: set by `requireRole`. */
    principal: Principal | undefined;
  }
}

type Failure = Readonly<{
  code: 'auth.missing' | 'auth.invalid' | 'auth.expired' | 'auth.unavailable';
  reason?: string;
}>;

type Claims = Readonly<Record<string, unknown>>;

type Outcome = { ok: true; principal: Principal } | ({ ok: false } & Failure);

const EXTERNAL_ALGORITHMS = ['EdDSA', 'ES256', 'RS256', 'PS256'] as const;
const MAX_TOKEN_CHARS = 8192;
const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;
const REALM = 'Bearer realm="intervault"';
const UNAVAILABLE_RETRY_S = 5;

export async function createAuth(app: FastifyInstance, options: AuthOptions): Promise<Auth> {
  const { access, clock, onAuthenticated } = options;
  // Why a key was refused: the plugin passes errors on, but not all of them as they were.
  const failures = new WeakMap<FastifyRequest, Failure>();

  await app.register(fastifyJwt, {
    secret: async (request: FastifyRequest, decoded: unknown) => {
      const found = await findKey(options, decoded);
      if (typeof found === 'string') return found;
      failures.set(request, found);
      throw new Error(found.code);
    },
    decode: { complete: true },
    // Times are checked with the claims, by the node's clock.
    verify: { algorithms: [...EXTERNAL_ALGORITHMS], ignoreExpiration: true, ignoreNotBefore: true },
    decoratorName: 'tokenClaims',
  });
  app.decorateRequest('principal', undefined);

  async function authenticate(request: FastifyRequest): Promise<Outcome> {
    const { authorization } = request.headers;
    if (authorization === undefined) return { ok: false, code: 'auth.missing' };
    const token = authorization.length > MAX_TOKEN_CHARS ? undefined : BEARER.exec(authorization)?.[1];
    if (token === undefined || !isCanonical(token))
      return { ok: false, code: 'auth.invalid', reason: 'malformed' };
    let claims: Record<string, unknown>;
    try {
      claims = await request.jwtVerify<Record<string, unknown>>();
    } catch {
      const failure = failures.get(request) ?? { code: 'auth.invalid', reason: 'signature' };
      return { ok: false, ...failure };
    }
    return checkTokenClaims(claims, policyOf(options, claims), clock.nowMs() / 1000);
  }

  return Object.freeze({
    requireRole(operationId) {
      if (!Object.hasOwn(access, operationId)) throw new Error(`no access row for ${operationId}`);
      return async (request, reply) => {
        const outcome = await authenticate(request);
        if (!outcome.ok) return refuse(reply, outcome);
        request.principal = outcome.principal;
        onAuthenticated?.(request);
        const { role, session } = outcome.principal;
        if (!isAllowed(access, operationId, role)) {
          const headers = { 'www-authenticate': `${REALM}, error="insufficient_scope"` };
          return sendProblem(reply, problem('auth.forbidden', { role, headers }));
        }
        return session === undefined ? undefined : holdToSession(request, reply, session);
      };
    },
  } satisfies Auth);
}

/** A session is about its own customer, whom the path calls `self`, and for the pages it was opened for. */
function holdToSession(
  request: FastifyRequest,
  reply: FastifyReply,
  { origins }: NonNullable<Principal['session']>,
): FastifyReply | undefined {
  const { customer } = request.params as { customer?: string };
  if (customer !== 'self') return sendProblem(reply, problem('auth.forbidden', { role: 'customer' }));
  const { origin } = request.headers;
  // No browser leaves it out of a request to another origin; what isn't a browser could write what it likes.
  if (origin === undefined || origins.includes(origin)) return undefined;
  return sendProblem(reply, problem('session.origin'));
}

function policyOf({ nodeId, external }: AuthOptions, { iss: issuer, aud }: Claims): TokenPolicy {
  if (aud === SESSION_AUDIENCE && issuer === nodeId)
    return { kind: 'session', issuer: nodeId, audience: SESSION_AUDIENCE };
  return external !== undefined && issuer === external.issuer
    ? { kind: 'external', issuer: external.issuer, audience: external.audience }
    : { kind: 'node', issuer: nodeId, audience: TOKEN_AUDIENCE };
}

/** The key follows from the issuer, and the algorithm must be one of that issuer's: the token chooses neither. */
async function findKey(options: AuthOptions, decoded: unknown): Promise<string | Failure> {
  const { header, payload } = decoded as {
    header: Record<string, unknown>;
    payload: Record<string, unknown>;
  };
  const { alg, kid, typ } = header;
  const invalid = (reason: string): Failure => ({ code: 'auth.invalid', reason });
  if (header['crit'] !== undefined) return invalid('critical_header');

  if (payload['iss'] === options.nodeId) {
    if (alg !== 'EdDSA') return invalid('algorithm');
    if (typ !== (payload['aud'] === SESSION_AUDIENCE ? SESSION_TYPE : TOKEN_TYPE)) return invalid('type');
    const key = typeof kid === 'string' ? options.findNodeKey(kid) : undefined;
    return key?.asymmetricKeyType === 'ed25519' ? toPem(key) : invalid('key');
  }

  if (options.external === undefined || payload['iss'] !== options.external.issuer) return invalid('issuer');
  const algorithm = EXTERNAL_ALGORITHMS.find((candidate) => candidate === alg);
  if (algorithm === undefined) return invalid('algorithm');
  if (typeof typ === 'string' && !/^(?:application\/)?(?:at\+)?jwt$/i.test(typ)) return invalid('type');
  const found = await options.external.keys.find({
    alg: algorithm,
    ...(typeof kid === 'string' ? { kid } : {}),
  });
  if (found.ok) return found.pem;
  return found.reason === 'unavailable' ? { code: 'auth.unavailable' } : invalid('key');
}

const pems = new WeakMap<KeyObject, string>();

function toPem(key: KeyObject): string {
  const known = pems.get(key);
  if (known !== undefined) return known;
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  pems.set(key, pem);
  return pem;
}

/** RFC 7515 section 2: what doesn't encode back to itself could be written in several ways. */
function isCanonical(token: string): boolean {
  return token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

function refuse(reply: FastifyReply, { code, reason }: Failure): FastifyReply {
  if (code === 'auth.unavailable')
    return sendProblem(reply, problem(code, { retryAfterS: UNAVAILABLE_RETRY_S }));
  // RFC 6750 section 3.1: a request without a token is told of no error.
  const challenge = code === 'auth.missing' ? REALM : `${REALM}, error="invalid_token"`;
  return sendProblem(
    reply,
    problem(code, {
      ...(reason === undefined ? {} : { reason }),
      headers: { 'www-authenticate': challenge },
    }),
  );
}
