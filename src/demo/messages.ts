import { ApiError } from '../api-client/index.ts';
import { poll } from './poll.ts';
import type { Party } from './setup.ts';

/** A message and what became of it. */
export type Sent = { id?: string; state: 'placed' | 'deferred' | 'refused' | 'failed'; code?: string };

type Text = { title: string; body: string };

const DAY_MS = 86_400_000;

/** Posts a message into the slot of the peer of a link, and waits for the peer's word, however long that is down. */
export async function send(
  { integrator }: Party,
  link: string,
  category: 'service' | 'advice' | 'offer',
  { title, body }: Text,
): Promise<Sent> {
  const message = {
    link,
    slot: 'home-card',
    category,
    texts: [{ language: 'fr', title, body }],
    actions: [{ kind: 'reply', label: 'Répondre' }],
    expiresAt: new Date(Date.now() + 7 * DAY_MS).toISOString(),
  };
  let id: string;
  try {
    ({ id } = await integrator.post<{ id: string }>('/v1/messages', message));
  } catch (error) {
    // Its own node knows already that this customer is not to be written to.
    if (error instanceof ApiError && error.status === 409) return { state: 'refused', code: error.code };
    throw error;
  }
  return poll(async () => {
    const { state, code } = await integrator.get<{ state: Sent['state'] | 'submitted'; code?: string }>(
      `/v1/messages/${id}`,
    );
    return state === 'submitted' ? undefined : { id, state, ...(code !== undefined && { code }) };
  }, 'the answer to a message');
}
