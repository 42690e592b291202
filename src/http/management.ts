import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Drain } from './drain.ts';
import { PROBLEM_MEDIA_TYPE, type ProblemCatalog, problem, problemBody } from './problem.ts';
import type { HttpProblemCode } from './problems.ts';
import type { Readiness } from './readiness.ts';
import { createHttpServer, DEFAULT_SOCKET_LIMITS } from './server.ts';

/**
 * The listener for orchestrators and scrapers: `/livez`, `/readyz`, `/metrics`, no more. It asks for no
 * credentials, so it answers nothing about documents or customers; of institutions, the ids of peers as labels of metrics.
 */
export type Management = Readonly<{
  /** Port 0 takes a free one; the one taken is returned. */
  listen: (host: string, port: number) => Promise<{ host: string; port: number }>;
  close: () => Promise<void>;
}>;

export type ManagementDeps = Readonly<{
  readiness: Readiness;
  registry: Registry;
  drain: Drain;
  problems: ProblemCatalog;
  logger: Logger;
}>;

type Answer = { status: number; type: string; body: string; allow?: string };

const LIMITS = {
  ...DEFAULT_SOCKET_LIMITS,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  connectionTimeoutMs: 30_000,
  maxHeaderBytes: 8192,
  maxConnections: 64,
};

export function createManagement(deps: ManagementDeps): Management {
  const server = createHttpServer(
    (request, response) => {
      // What a caller sends along is of no interest, and of no cost.
      request.resume();
      answer(deps, request).then(
        (found) => send(request, response, found),
        (error: unknown) => {
          deps.logger.error({ err: error }, 'management request failed');
          send(request, response, refusal(deps.problems, 'internal.error'));
        },
      );
    },
    deps.problems,
    LIMITS,
  );

  return Object.freeze({
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          resolve({ host, port: (server.address() as AddressInfo).port });
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  } satisfies Management);
}

async function answer(deps: ManagementDeps, { method, url }: IncomingMessage): Promise<Answer> {
  const path = url?.split('?', 1)[0];
  if (path !== '/livez' && path !== '/readyz' && path !== '/metrics')
    return refusal(deps.problems, 'request.not_found');
  if (method !== 'GET' && method !== 'HEAD')
    return { ...refusal(deps.problems, 'request.method'), allow: 'GET, HEAD' };
  switch (path) {
    case '/livez':
      return json(200, { status: 'alive' });
    case '/readyz':
      return ready(deps);
    case '/metrics':
      return {
        status: 200,
        type: deps.registry.contentType,
        body: await deps.registry.metrics(),
      };
  }
}

async function ready({ readiness, drain }: ManagementDeps): Promise<Answer> {
  const report = await readiness.look();
  if (drain.isDraining()) {
    report.status = 'not_ready';
    report.reasons = [{ check: 'drain', ok: false, detail: 'the node is stopping' }, ...report.reasons];
  }
  return json(report.status === 'ready' ? 200 : 503, report);
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json', body: JSON.stringify(body) };
}

function refusal(problems: ProblemCatalog, code: HttpProblemCode): Answer {
  return {
    ...json(problems.get(code).status, problemBody(problems, problem(code))),
    type: PROBLEM_MEDIA_TYPE,
  };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body, allow }: Answer,
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(allow === undefined ? {} : { allow }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
