import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createNodeApi, type Link } from './node-api.ts';
import { renderPage } from './page.ts';
import type { Language } from './texts.ts';

export type VaultPageOptions = {
  /** The node's address, for this server and for browsers. */
  node: string;
  /** A token of the role `vault`. It stays here. */
  token: string;
  name: string;
  /** 0 takes a free one. */
  port: number;
  /** Who is signed in. A vault has its own sign-in; this example has one customer. */
  user: { reference: string; name: string };
};

const ASSETS = path.join(import.meta.dirname, 'assets');
const asset = (name: string, type: string) => ({ type, body: readFileSync(path.join(ASSETS, name)) });
const FILES = new Map([
  ['/assets/page.css', asset('page.css', 'text/css; charset=utf-8')],
  ['/assets/page.js', asset('page.js', 'text/javascript; charset=utf-8')],
]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The component is the only thing a browser loads from the node; its calls are the only ones it makes there. */
export function policyFor(node: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' ${node}/web/`,
    "style-src 'self'",
    `connect-src 'self' ${node}/v1/customers/self/`,
    'img-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

export async function startVaultPage(
  options: VaultPageOptions,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { node, token, name, port } = options;
  const api = createNodeApi(node, token);
  const headers = {
    'content-security-policy': policyFor(node),
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };

  /** Whoever this request comes from. The place where a vault reads its own sign-in. */
  const signedIn = (_request: IncomingMessage) => options.user;

  const customerOf = (links: readonly Link[]) => links.find((link) => link.customerId)?.customerId;

  async function showPage(language: Language, request: IncomingMessage, response: ServerResponse) {
    const user = signedIn(request);
    const links = await api.links(user.reference);
    const customer = customerOf(links);
    const documents = customer === undefined ? [] : await api.documents(customer);
    const active = links.filter(({ state }) => state === 'active');
    const page = renderPage({ language, name, user: user.name, node, links: active, documents });
    response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }).end(page);
  }

  /** The session is for the one who is signed in, and for a page of this very origin. */
  async function openSession(request: IncomingMessage, response: ServerResponse) {
    const customer = customerOf(await api.links(signedIn(request).reference));
    if (request.headers.origin !== url || customer === undefined) return refuse(response, 403);
    const session = await api.openSession(customer, url);
    const body = JSON.stringify({ ...session, api: `${node}/v1/customers/self` });
    response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(body);
  }

  async function giveDocument(id: string, request: IncomingMessage, response: ServerResponse) {
    const customer = customerOf(await api.links(signedIn(request).reference));
    const content = customer === undefined ? undefined : await api.openDocument(customer, id);
    if (content?.body == null) return refuse(response, 404);
    response.writeHead(200, {
      ...headers,
      'content-type': content.headers.get('content-type') ?? 'application/octet-stream',
      'content-disposition': content.headers.get('content-disposition') ?? 'attachment',
    });
    await pipeline(content.body, response);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://vault');
    const asked = `${request.method} ${pathname}`;
    const file = FILES.get(pathname);
    const [, document] = /^\/documents\/([^/]+)$/.exec(pathname) ?? [];
    if (asked === 'GET /') {
      const french = /^\s*fr\b/i.test(request.headers['accept-language'] ?? 'fr');
      response
        .writeHead(302, { ...headers, location: french ? '/fr' : '/en', vary: 'accept-language' })
        .end();
    } else if (asked === 'GET /fr' || asked === 'GET /en')
      await showPage(pathname === '/en' ? 'en' : 'fr', request, response);
    else if (asked === 'POST /session') await openSession(request, response);
    else if (file !== undefined && request.method === 'GET')
      response.writeHead(200, { ...headers, 'content-type': file.type }).end(file.body);
    else if (document !== undefined && UUID.test(document) && request.method === 'GET')
      await giveDocument(document, request, response);
    else refuse(response, 404);
  }

  function refuse(response: ServerResponse, status: number): void {
    response.writeHead(status, { ...headers, 'content-type': 'text/plain' }).end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
      process.stderr.write(`${error.message}\n`);
      if (response.headersSent) response.destroy();
      else refuse(response, 502);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
