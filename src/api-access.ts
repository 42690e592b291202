import type { FastifyRequest, RouteShorthandOptions } from 'fastify';

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
}>;

export type ApiOperation = Pick<RouteShorthandOptions, 'onRequest' | 'preHandler' | 'schema'>;

/** Who calls, once the token was verified. */
export type Caller = Readonly<{
  subject: string;
  role: string;
  issuer: 'node' | 'external';
}>;
