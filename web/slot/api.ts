import type { Sessions } from './session.ts';
import type {
  Contact,
  EngagementEvent,
  EngagementResult,
  Feed,
  GivenReply,
  Learned,
  SentReply,
  Thread,
  ThreadSummary,
  Wishes,
} from './shapes.ts';

const TIMEOUT_MS = 15_000;

export type Cause = 'network' | 'session' | 'origin' | 'busy' | 'limit' | 'link' | 'other';

/** A request that came to nothing: `code` as the node says it, where it said anything. */
export class SlotError extends Error {
  override readonly name = 'SlotError';
  override readonly cause: Cause;
  readonly status: number;
  readonly code: string;
  constructor(cause: Cause, status = 0, code = '') {
    super(code || cause);
    this.cause = cause;
    this.status = status;
    this.code = code;
  }
  /** Whether the same request may pass later. A session that could not be fetched may be had then; one refused may not. */
  get passing(): boolean {
    const { cause, status } = this;
    return cause === 'network' || cause === 'busy' || status >= 500 || (cause === 'session' && status === 0);
  }
}

type Call = { method?: string; json?: unknown; keepalive?: boolean; key?: string };

export type SlotApi = ReturnType<typeof createSlotApi>;

/** The feed operations of the node, for one customer. `base` wins over the address a session names. */
export function createSlotApi(sessions: Sessions, base: string | undefined) {
  async function attempt(path: string, call: Call): Promise<{ response: Response; token: string }> {
    const session = await sessions.current().catch(() => {
      throw new SlotError('session');
    });
    const api = base ?? session.api;
    if (api === undefined) throw new SlotError('other', 0, 'session.api');
    const headers = new Headers({ authorization: `Bearer ${session.token}` });
    if (call.json !== undefined) headers.set('content-type', 'application/json');
    if (call.key !== undefined) headers.set('idempotency-key', call.key);
    const response = await fetch(api.replace(/\/$/, '') + path, {
      method: call.method ?? 'GET',
      headers,
      body: call.json === undefined ? null : JSON.stringify(call.json),
      keepalive: call.keepalive ?? false,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      redirect: 'error',
      signal: call.keepalive ? null : AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => {
      throw new SlotError('network');
    });
    return { response, token: session.token };
  }

  /** Once more with a new session where the first is no longer one. */
  async function request(path: string, call: Call = {}): Promise<Response> {
    let { response, token } = await attempt(path, call);
    if (response.status === 401) {
      sessions.drop(token);
      ({ response, token } = await attempt(path, call));
      if (response.status === 401) sessions.drop(token);
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  async function json<Answer>(path: string, call?: Call): Promise<Answer> {
    const response = await request(path, call);
    return (await response.json().catch(() => {
      throw new SlotError('network');
    })) as Answer;
  }

  const post = <Answer>(path: string, body: unknown) => json<Answer>(path, { method: 'POST', json: body });
  const named = encodeURIComponent;

  return {
    feed(query: Record<string, string>): Promise<Feed> {
      return json(`/feed?${new URLSearchParams(query)}`);
    },
    async image(message: string): Promise<Blob> {
      return (await request(`/messages/${named(message)}/image`)).blob();
    },
    /** Outlives the page where it has to. */
    engage: (events: EngagementEvent[]) =>
      json<EngagementResult>('/engagement', { method: 'POST', json: { events }, keepalive: true }),
    /** Under one key it is said once, however often it is sent. */
    reply: (given: GivenReply, key: string) =>
      json<SentReply>('/replies', { method: 'POST', json: given, key }),
    undoReply: (id: string) => request(`/replies/${named(id)}/undo`, { method: 'POST' }),
    threads: async () => (await json<{ threads: ThreadSummary[] }>('/threads')).threads,
    thread: (id: string, locale: string) => json<Thread>(`/threads/${named(id)}?locale=${locale}`),
    learned: (cursor?: string) =>
      json<Learned>(cursor === undefined ? '/learned' : `/learned?cursor=${named(cursor)}`),
    /** For good where no end is given. */
    mute: (peer: string, until?: string) => post<Contact>('/mute', { peer, until }),
    unmute: (peer: string) => post<Contact>('/unmute', { peer }),
    contact: () => json<Contact>('/contact'),
    setContact: (wishes: Wishes) => json<Contact>('/contact', { method: 'PUT', json: wishes }),
  };
}

async function refusalOf(response: Response): Promise<SlotError> {
  const body = (await response.json().catch(() => ({}))) as { code?: unknown };
  const code = typeof body.code === 'string' ? body.code : '';
  const { status } = response;
  if (status === 401) return new SlotError('session', status, code);
  if (code === 'session.origin') return new SlotError('origin', status, code);
  if (code === 'reply.limit') return new SlotError('limit', status, code);
  if (status === 429 || status === 503) return new SlotError('busy', status, code);
  if (code.startsWith('link.')) return new SlotError('link', status, code);
  return new SlotError('other', status, code);
}
