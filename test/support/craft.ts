import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'undici';
import { v7 as uuidV7 } from 'uuid';
import { sha256 } from '../../src/protocol/digest.ts';
import { type EnvelopeClaims, signEnvelope } from '../../src/protocol/envelope.ts';
import type { EntityId, ExchangeId, LinkId } from '../../src/protocol/ids.ts';
import type { Signer } from '../../src/protocol/jose/keys.ts';
import { encodeManifest, type Manifest } from '../../src/protocol/manifest.ts';
import { signRequestToken } from '../../src/protocol/request-token.ts';
import type { TestNode } from './node.ts';
import { answerBreaches } from './openapi.ts';

export const PDF = Buffer.from('%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer <<>>\n%%EOF\n');

export type Crafted = {
  jti: ExchangeId;
  envelope: string;
  manifest: Buffer;
  content: Buffer;
  claims: EnvelopeClaims;
};

export type CraftOptions = {
  link?: LinkId;
  act?: string;
  body?: Record<string, unknown>;
  /** null: none at all, for acts that carry none. */
  content?: Buffer | null;
  contentType?: string;
  /** Last word on the claims. */
  claims?: Partial<EnvelopeClaims>;
  signer?: Signer;
};

/** An exchange as `from` would send it to `to`, made by hand so that anything in it can be wrong. */
export async function craft(from: TestNode, to: TestNode, options: CraftOptions = {}): Promise<Crafted> {
  const content = options.content === undefined ? PDF : (options.content ?? Buffer.alloc(0));
  const hasContent = options.content !== null;
  const jti = uuidV7() as ExchangeId;
  const now = Math.floor(Date.now() / 1000);
  const manifest = encodeManifest({
    salt: randomBytes(16).toString('base64url'),
    body: (options.body ?? {
      type: 'billing.invoice',
      title: 'Facture',
      issuedAt: '2026-11-01',
      language: 'fr',
    }) as Manifest['body'],
    ...(hasContent && {
      content: {
        sha256: sha256(content),
        size: content.length,
        type: options.contentType ?? 'application/pdf',
        name: 'facture.pdf',
      },
    }),
  });
  const claims: EnvelopeClaims = {
    iss: from.url as EntityId,
    aud: to.url as EntityId,
    jti,
    iat: now,
    exp: now + 3600,
    act: options.act ?? 'document.push',
    ...(options.link !== undefined && { sub: options.link }),
    manifest: { sha256: sha256(manifest), size: manifest.length },
    ...(hasContent && { content: { size: content.length } }),
    inc: from.registry.self.incarnation,
    ...options.claims,
  };
  const envelope = await signEnvelope(claims, options.signer ?? from.registry.self.signer());
  return { jti: claims.jti, envelope, manifest, content, claims };
}

export type HttpAnswer = {
  status: number;
  type: string | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
  json(): Record<string, unknown>;
};

export async function put(
  to: { url: string },
  crafted: Crafted,
  overrides: { body?: Buffer; path?: string; headers?: Record<string, string> } = {},
): Promise<HttpAnswer> {
  return ask(to, 'PUT', `/federation/v1/exchanges/${overrides.path ?? crafted.jti}`, {
    headers: {
      'ivx-envelope': crafted.envelope,
      'content-type': 'application/ivx-exchange',
      ...overrides.headers,
    },
    body: overrides.body ?? Buffer.concat([crafted.manifest, crafted.content]),
  });
}

export async function close(from: TestNode, to: TestNode, crafted: Crafted): Promise<HttpAnswer> {
  const target = `/federation/v1/exchanges/${crafted.jti}/close`;
  const token = await requestToken(from, to, 'POST', `${to.url}${target}`, sha256(crafted.envelope));
  return ask(to, 'POST', target, { headers: { authorization: `Bearer ${token}` } });
}

/** A read, or a closing of another envelope, with a request token. */
export async function askAs(
  from: TestNode,
  to: TestNode,
  target: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<HttpAnswer> {
  const token = await requestToken(from, to, method, `${to.url}${target}`, sha256(target));
  return ask(to, method, target, { headers: { authorization: `Bearer ${token}` } });
}

/** One request to a federation API. Every answer is held against openapi.yaml. */
export async function ask(
  to: { url: string },
  method: 'GET' | 'POST' | 'PUT',
  target: string,
  options: { headers?: Record<string, string>; body?: Buffer } = {},
): Promise<HttpAnswer> {
  const response = await request(`${to.url}${target}`, { method, ...options });
  const answer = answerOf(response.statusCode, response.headers, await response.body.arrayBuffer());
  const breaches = answerBreaches({ method, target }, { ...answer, type: answer.type ?? null });
  if (breaches.length > 0) throw new Error(`against openapi.yaml: ${breaches.join('; ')}`);
  return answer;
}

export function requestToken(
  from: TestNode,
  to: TestNode,
  htm: 'GET' | 'POST',
  htu: string,
  env?: string,
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  return signRequestToken(
    {
      iss: from.url as EntityId,
      aud: to.url as EntityId,
      iat,
      exp: iat + 60,
      jti: uuidV7(),
      htm,
      htu,
      ...(env !== undefined && { env }),
    },
    from.registry.self.signer(),
  );
}

function answerOf(status: number, headers: IncomingHttpHeaders, bytes: ArrayBuffer): HttpAnswer {
  const body = Buffer.from(bytes);
  return {
    status,
    type: headers['content-type'],
    headers,
    body,
    json: () => JSON.parse(body.toString()) as Record<string, unknown>,
  };
}
