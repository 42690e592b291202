import { type ApiClient, createApiClient } from './api.ts';
import { eventually, type TestNode } from './node.ts';
import { type SlotPair, sql } from './slot.ts';

export type Said = { id: string; thread: string; undoUntil: string };

export type ShownItem = {
  id: string;
  title: string;
  thread: string;
  displayed: boolean;
  leasedUntil?: string;
  bodyHtml: string;
  language: string;
};

export type ThreadEntry = {
  id: string;
  by: string;
  kind: string;
  body?: string;
  bodyHtml?: string;
  state?: string;
};

/** The customer of a link in their vault, by the host's API, and whoever talks to them at the guest. */
export async function openCustomer(pair: SlotPair, link: string = pair.link) {
  const [row] = await sql(pair.host, 'select customer_id from links where id = $1', [link]);
  const path = `/v1/customers/${row?.['customer_id']}`;
  const vault = await createApiClient(pair.host, 'vault');
  const crm = await createApiClient(pair.guest, 'integrator');
  const get = async <Body>(at: string) => (await vault.call('GET', `${path}${at}`)).body as unknown as Body;
  const say = (json: object) => vault.call('POST', `${path}/replies`, { json });
  return {
    vault,
    crm,
    path,
    feed: async (query = '') => (await get<{ items: ShownItem[] }>(`/feed${query}`)).items,
    /** Tells what the customer did, just now unless an event says when. */
    tell: async (...events: { message: unknown; kind: string; at?: string }[]) => {
      const json = { events: events.map((event) => ({ at: new Date().toISOString(), ...event })) };
      return (await vault.call('POST', `${path}/engagement`, { json })).body;
    },
    learned: async () => (await get<{ events: Record<string, unknown>[] }>('/learned')).events,
    /** What the guest knows of a message. */
    known: async (id: string) =>
      (await crm.call('GET', `/v1/messages/${id}`)).body['engagement'] as { kind: string; at: string }[],
    say,
    /** Says something, and has it leave at once. */
    async sayNow(json: object): Promise<Said> {
      const { status, body } = await say(json);
      if (status !== 201) throw new Error(JSON.stringify(body));
      const said = body as unknown as Said;
      await pair.host.outbox.retryNow(said.id);
      await replySettled(pair.host, said.id);
      return said;
    },
    thread: async (id: string) => (await get<{ entries: ThreadEntry[] }>(`/threads/${id}`)).entries,
    threads: async () => (await get<{ threads: Record<string, unknown>[] }>('/threads')).threads,
  };
}

export const replySettled = (node: TestNode, id: string) =>
  eventually(async () => {
    const [row] = await sql(node, 'select state, code, decided_at from replies where jti = $1', [id]);
    return row?.['state'] === 'sending' ? undefined : row;
  });

/** What the guest answers to a word, and what became of it. */
export async function answer(pair: SlotPair, crm: ApiClient, word: string, given: object = {}) {
  const { status, body } = await crm.call('POST', `/v1/replies/${word}/answers`, {
    json: { handledBy: 'human', text: 'Je vous **appelle** demain.', language: 'fr', ...given },
  });
  if (status !== 201) return { status, ...body };
  return { id: String(body['id']), ...(await replySettled(pair.guest, String(body['id']))) };
}

/** Tells the guest what customers did, as if the time to undo had passed. */
export async function reportEngagement({ host }: SlotPair): Promise<void> {
  await sql(host, `update engagement_reports set due_at = now() where exchange_jti is null`);
  await host.slots.reporter.sweep();
  await eventually(async () => {
    const [left] = await sql(host, 'select 1 from engagement_peers where exchange_jti is not null');
    return left === undefined ? true : undefined;
  });
}
