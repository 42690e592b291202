import path from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type { InstitutionRole } from '../../src/http/access.ts';
import { issueSession, issueToken, NODE_TOKEN_ISSUER } from '../../src/http/token.ts';
import { createFileKeyStore } from '../../src/keys/index.ts';
import type { TestNode } from './node.ts';
import { contractBreaches } from './openapi.ts';

export type ApiAnswer = { status: number; headers: Headers; body: Record<string, unknown>; bytes: Buffer };

/** What a caller needs to know of a node, in whatever process it runs. */
export type ApiNode = Pick<TestNode, 'url'> & { config: Pick<TestNode['config'], 'dataDir' | 'publicUrl'> };

export type ApiClient = {
  token: string;
  call(
    method: string,
    path: string,
    options?: { body?: RequestInit['body']; json?: unknown; headers?: Record<string, string> },
  ): Promise<ApiAnswer>;
};

export async function issueTestToken(
  node: Pick<ApiNode, 'config'>,
  role: InstitutionRole,
  options: { subject?: string; ttlS?: number } = {},
): Promise<string> {
  const keys = createFileKeyStore({ directory: path.join(node.config.dataDir, 'keys'), clock: systemClock });
  const { token } = await issueToken(keys.signer('token'), {
    issuer: node.config.publicUrl ?? NODE_TOKEN_ISSUER,
    subject: options.subject ?? `test-${role}`,
    role,
    ttlS: options.ttlS ?? 600,
    nowS: systemClock.nowMs() / 1000,
  });
  return token;
}

/** A customer's session, as the node would open one. */
export function issueTestSession(
  node: Pick<ApiNode, 'config'>,
  session: { customer: string; origins?: string[]; ttlS?: number; nowS?: number },
): Promise<{ token: string }> {
  const keys = createFileKeyStore({ directory: path.join(node.config.dataDir, 'keys'), clock: systemClock });
  return issueSession(keys.signer('token'), {
    issuer: node.config.publicUrl ?? NODE_TOKEN_ISSUER,
    origins: ['https://vault.example'],
    ttlS: 600,
    nowS: systemClock.nowMs() / 1000,
    ...session,
  });
}

/** The institution API of a node, as one caller. Every answer is held against openapi.yaml. */
export async function createApiClient(
  node: ApiNode,
  role: InstitutionRole,
  options: { subject?: string } = {},
): Promise<ApiClient> {
  return clientWith(node, await issueTestToken(node, role, options));
}

/** The same with whatever token. */
export function clientWith(node: Pick<ApiNode, 'url'>, token: string): ApiClient {
  return {
    token,
    async call(method, target, { body, json, headers = {} } = {}) {
      const response = await fetch(`${node.url}${target}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined ? { body } : {}),
        ...(body instanceof ReadableStream && { duplex: 'half' }),
      } as RequestInit);
      const bytes = Buffer.from(await response.arrayBuffer());
      const contentType = response.headers.get('content-type');
      const parsed =
        contentType?.includes('json') === true
          ? (JSON.parse(bytes.toString('utf8')) as Record<string, unknown>)
          : {};
      const { status } = response;
      const breaches = contractBreaches({ method, target }, { status, contentType, body: parsed });
      if (breaches.length > 0) throw new Error(`against openapi.yaml: ${breaches.join('; ')}`);
      return { status, headers: response.headers, bytes, body: parsed };
    },
  };
}

/** The form of a submission: metadata, then the file. */
export function submissionForm(
  metadata: unknown,
  file: Uint8Array<ArrayBuffer>,
  options: { name?: string; type?: string } = {},
): FormData {
  const form = new FormData();
  form.append('metadata', new Blob([JSON.stringify(metadata)], { type: 'application/json' }));
  form.append(
    'file',
    new Blob([file], { type: options.type ?? 'application/pdf' }),
    options.name ?? 'facture.pdf',
  );
  return form;
}
