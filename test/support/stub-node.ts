import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Test } from 'tap';

const MODULE = path.join(import.meta.dirname, '..', '..', 'web', 'intervault-slot.js');

export const STRICT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

export type StubItem = Record<string, unknown> & { id: string };
type Answer = { status: number; body?: unknown };
export type StubCall = { method: string; path: string; body: Record<string, unknown>; token: string };

/** What a node would answer a customer's page, and what the page told it: for what a real node can't be brought to do. */
export type StubNode = {
  readonly url: string;
  items: StubItem[];
  contact: Record<string, unknown>;
  threads: Record<string, unknown>[];
  thread: Record<string, unknown>;
  learned: Record<string, unknown>;
  image: { type: string; bytes: Buffer } | undefined;
  sessionMs: number;
  readonly calls: StubCall[];
  /** What time each feed said it was: the page's clock goes by it. */
  readonly fedMs: number[];
  readonly sessions: string[];
  /** Answers in place of the usual one, by `METHOD /path`, until it is taken away. */
  readonly instead: Map<string, Answer | ((call: StubCall) => Answer | undefined)>;
  /** Kinds of engagement told of a message. */
  told(message: string): string[];
  page(query?: Record<string, string>): string;
};

export async function startStubNode(t: Test): Promise<StubNode> {
  const server = createServer((request, response) => {
    answer(node, request, response).catch((error: Error) => {
      response.writeHead(500).end(error.stack);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const calls: StubCall[] = [];
  const node: StubNode = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    items: [],
    contact: { mutes: [] },
    threads: [],
    thread: {},
    learned: { events: [], next: null },
    image: undefined,
    sessionMs: 600_000,
    calls,
    fedMs: [],
    sessions: [],
    instead: new Map(),
    told: (message) =>
      calls
        .filter((call) => call.path === '/engagement')
        .flatMap(({ body }) => body['events'] as { message: string; kind: string }[])
        .filter((event) => event.message === message)
        .map(({ kind }) => kind),
    page: (query = {}) => `${node.url}/page?${new URLSearchParams(query)}`,
  };
  return node;
}

const API = '/v1/customers/self';

async function answer(node: StubNode, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', node.url);
  const send = (status: number, type: string, body: string | Buffer, headers = {}) =>
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers }).end(body);
  const json = (status: number, body: unknown) =>
    send(status, 'application/json', JSON.stringify(body ?? {}));
  if (url.pathname === '/page') {
    send(200, 'text/html; charset=utf-8', pageOf(url.searchParams), {
      'content-security-policy': STRICT_POLICY,
    });
  } else if (url.pathname === '/page.css') send(200, 'text/css', PAGE_STYLE);
  else if (url.pathname === '/web/intervault-slot.js') send(200, 'text/javascript', readFileSync(MODULE));
  else if (url.pathname === '/session') {
    const token = `session-${node.sessions.length}`;
    node.sessions.push(token);
    const expiresAt = new Date(Date.now() + node.sessionMs).toISOString();
    const instead = node.instead.get('POST /session');
    if (typeof instead === 'object') json(instead.status, instead.body);
    else json(200, { token, expiresAt, api: `${node.url}${API}` });
  } else if (url.pathname.startsWith(API)) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const call: StubCall = {
      method: request.method ?? '',
      path: url.pathname.slice(API.length),
      body: text === '' ? {} : JSON.parse(text),
      token: (request.headers.authorization ?? '').replace('Bearer ', ''),
    };
    const instead = node.instead.get(`${call.method} ${call.path}`);
    const given = typeof instead === 'function' ? instead(call) : instead;
    if (given === undefined || given.status < 400) node.calls.push(call);
    if (given !== undefined) json(given.status, given.body);
    else if (call.path.endsWith('/image') && node.image !== undefined)
      send(200, node.image.type, node.image.bytes);
    else json(...usual(node, call));
  } else json(404, {});
}

function usual(node: StubNode, { method, path: at, body }: StubCall): [status: number, body: unknown] {
  if (at === '/feed') {
    const now = new Date();
    node.fedMs.push(now.getTime());
    return [200, { items: node.items, now }];
  }
  if (at === '/engagement') return [200, { recorded: (body['events'] as unknown[]).length, ignored: [] }];
  if (at === '/replies') {
    const undoUntil = new Date(Date.now() + 10_000);
    return [201, { id: 'a-reply', thread: body['thread'] ?? 'a-thread', undoUntil }];
  }
  if (/^\/replies\/[^/]+\/undo$/.test(at)) return [200, {}];
  if (at === '/threads') return [200, { threads: node.threads }];
  if (at.startsWith('/threads/')) return [200, node.thread];
  if (at === '/learned') return [200, node.learned];
  if (at === '/contact' && method === 'PUT') node.contact = { ...body, mutes: node.contact['mutes'] };
  if (at === '/contact' || at === '/mute' || at === '/unmute') return [200, node.contact];
  return [404, { code: 'request.not_found' }];
}

const PAGE_STYLE = `
:root { color-scheme: light dark; font-family: sans-serif; }
body { margin: 0; padding: 16px; color: light-dark(#111, #eee); background: light-dark(#f4f6f8, #10161c); }
.tall { height: 3000px; }
`;

/** `before=tall` puts the slot below the fold. */
function pageOf(query: URLSearchParams): string {
  const attribute = (name: string) => {
    const value = query.get(name);
    return value === null ? '' : ` ${name}="${value}"`;
  };
  const attributes = ['placement', 'limit', 'heading-level'].map(attribute).join('');
  return `<!doctype html>
<html lang="${query.get('lang') ?? 'fr'}">
<head><meta charset="utf-8"><title>A page</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/page.css"><script type="module" src="/web/intervault-slot.js"></script></head>
<body><main><h1>A page</h1><div class="${query.get('before') ?? ''}"></div>
<intervault-slot session-url="/session"${attributes}></intervault-slot></main></body></html>`;
}
