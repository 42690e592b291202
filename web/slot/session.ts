import type { Session } from './shapes.ts';

/** A session is renewed when this part of its time is over. */
const RENEWED_AFTER = 0.8;

export type Sessions = {
  /** One that holds, as far as this page's clock can tell. Asked for by many at once, it is fetched once. */
  current(): Promise<Session>;
  /** The node said no to it: the next one asked for is new. */
  drop(token: string): void;
};

export function createSessions(fetchSession: () => Promise<Session>): Sessions {
  let held: { session: Session; renewAtMs: number } | undefined;
  let coming: Promise<Session> | undefined;

  async function renew(): Promise<Session> {
    const askedMs = Date.now();
    const session = await fetchSession();
    const lifeMs = Date.parse(session.expiresAt) - askedMs;
    // A clock that says it is over at once is wrong: the node's 401 tells better.
    const renewAtMs = lifeMs > 0 ? askedMs + lifeMs * RENEWED_AFTER : Number.POSITIVE_INFINITY;
    held = { session, renewAtMs };
    return session;
  }

  return {
    async current() {
      if (held !== undefined && Date.now() < held.renewAtMs) return held.session;
      coming ??= renew().finally(() => {
        coming = undefined;
      });
      return coming;
    },
    drop(token) {
      if (held?.session.token === token) held = undefined;
    },
  };
}

/** Asks the vault's own back end, which knows its user by the cookie it set. */
export async function fetchSessionFrom(address: string): Promise<Session> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { accept: 'application/json' },
    credentials: 'same-origin',
    cache: 'no-store',
  });
  if (!response.ok) throw new Error(`the vault answered ${response.status} when asked for a session`);
  return (await response.json()) as Session;
}
