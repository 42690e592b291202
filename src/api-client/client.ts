import { openAsBlob } from 'node:fs';
import { Agent, type buildConnector, FormData, fetch, request } from 'undici';

/** A problem the node answered (RFC 9457), or `node.unreachable` where nobody answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  /** Of the answer; 0 where there was none. */
  readonly status: number;
  readonly problem: Record<string, unknown>;
  constructor(code: string, status: number, problem: Record<string, unknown>) {
    const detail = typeof problem['detail'] === 'string' ? `: ${problem['detail']}` : '';
    const title = typeof problem['title'] === 'string' ? problem['title'] : code;
    super(`${title}${detail}`);
    this.code = code;
    this.status = status;
    this.problem = problem;
  }
}

export type Submission = {
  metadata: Record<string, unknown>;
  file: { path: string; name: string; type: string };
  idempotencyKey?: string;
};

/** The institution API as a program calls it. Answers are JSON as openapi.yaml describes it. */
export type ApiClient = {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Sends a file from disk as a form, streamed. */
  submit<T>(submission: Submission): Promise<T>;
  /** The bytes of a content, as they come. */
  download(path: string): Promise<AsyncIterable<Buffer>>;
};

export type ApiClientOptions = {
  baseUrl: string;
  token: string;
  /** Whom to trust, where it is not who the system trusts. */
  tls?: buildConnector.BuildOptions;
};

type Answer = { statusCode: number; body: { json(): Promise<unknown>; text(): Promise<string> } };

export function createApiClient(options: ApiClientOptions): ApiClient {
  const headers = { authorization: `Bearer ${options.token}` };
  const dispatcher = options.tls === undefined ? undefined : new Agent({ connect: options.tls });

  function unreachable(error: unknown): ApiError {
    return new ApiError('node.unreachable', 0, {
      title: `No node answers at ${options.baseUrl}`,
      detail: reasonOf(error),
    });
  }

  async function call(path: string, init: Parameters<typeof request>[1]) {
    try {
      return await request(`${options.baseUrl}${path}`, { ...init, ...(dispatcher && { dispatcher }) });
    } catch (error) {
      throw unreachable(error);
    }
  }

  /** By `fetch`: `request` of undici 8.12 never sends a form that holds a Blob. */
  async function sendForm(path: string, more: Record<string, string>, form: FormData): Promise<Answer> {
    try {
      const answer = await fetch(`${options.baseUrl}${path}`, {
        method: 'POST',
        headers: { ...headers, ...more },
        body: form,
        redirect: 'error',
        ...(dispatcher && { dispatcher }),
      });
      return { statusCode: answer.status, body: answer };
    } catch (error) {
      throw unreachable(error);
    }
  }

  async function json<T>(answer: Answer): Promise<T> {
    if (answer.statusCode >= 400) throw await problemOf(answer);
    if (answer.statusCode === 204) return undefined as T;
    return (await answer.body.json()) as T;
  }

  return {
    get: async (path) => json(await call(path, { method: 'GET', headers })),
    async post(path, body) {
      if (body === undefined) return json(await call(path, { method: 'POST', headers }));
      return json(
        await call(path, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      );
    },
    async submit({ metadata, file, idempotencyKey }) {
      const form = new FormData();
      form.append('metadata', new Blob([JSON.stringify(metadata)], { type: 'application/json' }));
      form.append('file', await openAsBlob(file.path, { type: file.type }), file.name);
      const key = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
      return json(await sendForm('/v1/documents', key, form));
    },
    async download(path) {
      const answer = await call(path, { method: 'GET', headers });
      if (answer.statusCode >= 400) throw await problemOf(answer);
      return answer.body;
    },
  };
}

/** What failed is told by the innermost error: of several addresses tried, of a fetch. */
function reasonOf(error: unknown): string {
  const { errors, cause, message, code } = error as {
    errors?: unknown[];
    cause?: unknown;
    message?: string;
    code?: string;
  };
  if (Array.isArray(errors) && errors.length > 0) return reasonOf(errors[0]);
  if (cause instanceof Error) return reasonOf(cause);
  return message || code || String(error);
}

async function problemOf(answer: Answer): Promise<ApiError> {
  const text = await answer.body.text();
  let problem: Record<string, unknown> = {};
  try {
    problem = JSON.parse(text) as Record<string, unknown>;
  } catch {
    problem = { title: `HTTP ${answer.statusCode}` };
  }
  const code = typeof problem['code'] === 'string' ? problem['code'] : `http.${answer.statusCode}`;
  return new ApiError(code, answer.statusCode, problem);
}
