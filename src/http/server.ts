import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE, type ProblemCatalog, problem, problemBody } from './problem.ts';
import type { HttpProblemCode } from './problems.ts';

/** A certificate chain and its key, PEM. */
export type TlsOptions = Readonly<{ cert: string | Buffer; key: string | Buffer }>;

export type SocketLimits = Readonly<{
  /** Time for the headers of one request, from its first byte or, on a new connection, from its opening. */
  headersTimeoutMs: number;
  /** Time for one whole request, body included. 0: the reader of the body keeps the time. */
  requestTimeoutMs: number;
  /** A connection on which nothing at all happens for this long is cut. */
  connectionTimeoutMs: number;
  keepAliveTimeoutMs: number;
  /** Request line and headers together. */
  maxHeaderBytes: number;
  /** Connections open at once; further ones are dropped. */
  maxConnections: number;
  maxRequestsPerSocket: number;
}>;

export const DEFAULT_SOCKET_LIMITS: SocketLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 0,
  connectionTimeoutMs: 120_000,
  keepAliveTimeoutMs: 65_000,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 10_000,
  maxRequestsPerSocket: 0,
};

/** How often slow requests are looked for: a time limit is kept within this. */
const CHECK_INTERVAL_MS = 1000;

/**
 * The HTTP/1.1 server under an app. Node's parser refuses what two parsers could read differently (RFC 9112
 * sections 6 and 11.2); `insecureHTTPParser` stays off whatever the process was started with.
 */
export function createHttpServer(
  handler: RequestListener,
  problems: ProblemCatalog,
  limits: SocketLimits,
  tls?: TlsOptions,
): Server {
  const options = {
    insecureHTTPParser: false,
    requireHostHeader: true,
    joinDuplicateHeaders: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, limits.headersTimeoutMs),
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createServer(options, handler)
      : createTlsServer({ ...options, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' }, handler);
  server.setTimeout(limits.connectionTimeoutMs);
  server.maxConnections = limits.maxConnections;
  server.maxRequestsPerSocket = limits.maxRequestsPerSocket;

  const answering = new WeakMap<Socket, ServerResponse>();
  server.prependListener('request', (request, response) => answering.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    refuseConnection(error, socket, answering.get(socket), problems);
  });
  return server;
}

/** What the parser refused never becomes a request: the answer is written by hand and the connection ends. */
function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: Socket,
  response: ServerResponse | undefined,
  problems: ProblemCatalog,
): void {
  const midResponse = response?.headersSent === true && !response.writableFinished;
  if (error.code === 'ECONNRESET' || !socket.writable || midResponse) {
    socket.destroy();
    return;
  }
  const code = codeOf(error);
  const { status } = problems.get(code);
  const body = JSON.stringify(problemBody(problems, problem(code)));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncache-control: no-store\r\n` +
      `content-type: ${PROBLEM_MEDIA_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function codeOf(error: NodeJS.ErrnoException): HttpProblemCode {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request.timeout';
    case 'HPE_HEADER_OVERFLOW':
      return 'request.headers_too_large';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'request.too_large';
    default:
      return 'request.malformed';
  }
}
