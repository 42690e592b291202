import { createHash } from 'node:crypto';
import type { FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { JsonObject } from './protocol/jose/strict-json.ts';
import { Refusal } from './protocol/refusal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The exchange a request turned out to be about, for its log line; one named by `:jti` in the path is seen by itself. */
    exchangeId: string | undefined;
  }
}

/** What a room's routes get of the http room: how each operation of openapi.yaml is guarded and checked. */
export type ApiAccess = Readonly<{
  /** Route options of an operation. Throws for one the contract or the access table lacks. */
  operation: (operationId: string) => ApiOperation;
  /** Holds what no route schema sees, such as a part of a form, against a schema of the contract. Throws `request.invalid`. */
  check: (schema: string, value: unknown) => void;
  /** Holds a change to the state its caller saw (If-Match): `current` is what a GET would answer. Throws `request.precondition`. */
  requireMatch: (request: FastifyRequest, current: () => Promise<unknown>) => Promise<void>;
  /** Who calls. Only behind `operation`. */
  caller: (request: FastifyRequest) => Caller;
  /**
   * The customer that a path names: by the node's own id, or as `self` in that customer's session. Undefined for `self`
   * without one. Only behind `operation`.
   */
  customer: (request: FastifyRequest) => string | undefined;
  /** Lets a customer's browser call for itself, from pages of these origins. Throws Refusal `session.origin` for one that isn't configured. */
  openSession: (asked: SessionAsked) => Promise<OpenedSession>;
}>;

export type SessionAsked = Readonly<{
  customer: string;
  /** All configured ones where nothing is said. */
  origins?: readonly string[];
  ttlS: number;
}>;

export type OpenedSession = Readonly<{ token: string; expiresAt: Date }>;

export type ApiOperation = Pick<RouteShorthandOptions, 'onRequest' | 'preHandler' | 'schema'>;

/** Who calls, once the token was verified. */
export type Caller = Readonly<{
  subject: string;
  role: string;
  issuer: 'node' | 'external';
}>;

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

/** The value of `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header). Throws Refusal `idempotency.key`. */
export function parseIdempotencyKey(value: string | string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !IDEMPOTENCY_KEY.test(value)) throw new Refusal('idempotency.key');
  return value;
}

/** How long an answer is kept for repetitions. */
export const IDEMPOTENCY_DAYS = 7;

/** SHA-256 over what was asked for: its members in any order, and the digest of the file where there is one. */
export function fingerprintOf(asked: JsonObject, contentSha256?: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([sorted(asked), contentSha256 ?? null]))
    .digest();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, member]) => [name, sorted(member)]);
}

/** The peer that a path names: by its `ref`, or by its id, percent-encoded. */
export function peerIdOf(param: string): string {
  return param.includes(':') ? param : Buffer.from(param, 'base64url').toString('utf8');
}
