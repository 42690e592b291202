import { Client } from 'undici';
import { AddressRefused, createGuardedConnector, type Lookup } from './guarded-connect.ts';

export type FetchRefusal =
  | 'fetch.url'
  | 'fetch.busy'
  | 'fetch.address'
  | 'fetch.dns'
  | 'fetch.connect'
  | 'fetch.tls'
  | 'fetch.timeout'
  | 'fetch.cut'
  | 'fetch.redirect'
  | 'fetch.status'
  | 'fetch.content_type'
  | 'fetch.encoding'
  | 'fetch.too_large'
  | 'fetch.malformed';

export type FetchResult =
  | { ok: true; body: Buffer /** Of the answer, Unix milliseconds, where it says so. */; dateMs?: number }
  | { ok: false; reason: FetchRefusal; detail?: string };

export type GuardedFetch = (request: {
  url: string;
  mediaType: string;
  maxBytes: number;
}) => Promise<FetchResult>;

export type FetchLimits = {
  connectTimeoutMs: number;
  /** From the first step to the last byte: a peer that drips is cut off. */
  totalTimeoutMs: number;
  /** Fetches under way at once, to all peers together. */
  maxConcurrent: number;
};

const LIMITS: FetchLimits = { connectTimeoutMs: 5_000, totalTimeoutMs: 10_000, maxConcurrent: 32 };
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * GETs one small document from a node. Only https unless private addresses are allowed, no redirect followed, nothing
 * decoded, nothing sent but the request; a connection of its own each time, so that nothing lingers.
 */
export function createGuardedFetch(options: {
  allowPrivate: boolean;
  lookup?: Lookup | undefined;
  limits?: Partial<FetchLimits>;
}): GuardedFetch {
  const limits = { ...LIMITS, ...options.limits };
  const policy = { allowPrivate: options.allowPrivate };
  let underWay = 0;

  return async ({ url, mediaType, maxBytes }) => {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target === undefined || !isFetchable(target, options.allowPrivate)) return refuse('fetch.url');
    if (underWay >= limits.maxConcurrent) return refuse('fetch.busy');
    underWay++;
    const client = new Client(target.origin, {
      connect: createGuardedConnector({ policy, lookup: options.lookup, timeoutMs: limits.connectTimeoutMs }),
      allowH2: false,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.totalTimeoutMs,
      bodyTimeout: limits.totalTimeoutMs,
    });
    const signal = AbortSignal.timeout(limits.totalTimeoutMs);
    try {
      return await get(client, target, { mediaType, maxBytes, signal });
    } catch (error) {
      return refuse(signal.aborted ? 'fetch.timeout' : reasonOf(error));
    } finally {
      underWay--;
      // Whatever the peer still wants to send is no longer listened to.
      await client.destroy().catch(() => {});
    }
  };
}

async function get(
  client: Client,
  target: URL,
  wanted: { mediaType: string; maxBytes: number; signal: AbortSignal },
): Promise<FetchResult> {
  const { mediaType, maxBytes, signal } = wanted;
  const { statusCode, headers, body } = await client.request({
    method: 'GET',
    path: `${target.pathname}${target.search}`,
    headers: { accept: mediaType, 'accept-encoding': 'identity' },
    signal,
  });
  // An answer that is thrown away must not surface as an unhandled error of its stream.
  body.on('error', () => {});
  if (statusCode >= 300 && statusCode < 400) return refuse('fetch.redirect', String(statusCode));
  if (statusCode !== 200) return refuse('fetch.status', String(statusCode));
  if (!isMediaType(headers['content-type'], mediaType)) return refuse('fetch.content_type');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return refuse('fetch.encoding');
  if (Number(headers['content-length'] ?? 0) > maxBytes) return refuse('fetch.too_large');

  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return refuse('fetch.too_large');
    chunks.push(chunk);
  }
  const dateMs = typeof headers['date'] === 'string' ? Date.parse(headers['date']) : Number.NaN;
  return { ok: true, body: Buffer.concat(chunks), ...(Number.isFinite(dateMs) && { dateMs }) };
}

function isFetchable(url: URL, allowInsecure: boolean): boolean {
  const scheme = url.protocol === 'https:' || (allowInsecure && url.protocol === 'http:');
  return scheme && url.username === '' && url.password === '' && url.hash === '';
}

/** RFC 9110 section 8.3.1: the type without its parameters, in any case. */
function isMediaType(header: string | string[] | undefined, expected: string): boolean {
  return typeof header === 'string' && header.split(';', 1)[0]?.trim().toLowerCase() === expected;
}

function refuse(reason: FetchRefusal, detail?: string): FetchResult {
  return detail === undefined ? { ok: false, reason } : { ok: false, reason, detail };
}

const DNS_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'ESERVFAIL', 'ETIMEOUT']);
const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const TLS_CODES = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** Errors of sockets, TLS, DNS and undici, named by what an operator can look at. */
function reasonOf(error: unknown): FetchRefusal {
  if (error instanceof AddressRefused) return 'fetch.address';
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { code, name: kind } = (inner ?? {}) as { code?: unknown; name?: unknown };
  const name = typeof code === 'string' ? code : '';
  if (DNS_CODES.has(name)) return 'fetch.dns';
  if (CONNECT_CODES.has(name)) return 'fetch.connect';
  if (TLS_CODES.test(name)) return 'fetch.tls';
  if (name === 'UND_ERR_HEADERS_TIMEOUT' || name === 'UND_ERR_BODY_TIMEOUT') return 'fetch.timeout';
  if (kind === 'HTTPParserError' || name === 'UND_ERR_HEADERS_OVERFLOW') return 'fetch.malformed';
  return 'fetch.cut';
}
