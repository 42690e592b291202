import type { Test } from 'tap';
import type { HostGrant, SlotGrant } from '../../src/protocol/agreement/terms.ts';
import type { LinkId } from '../../src/protocol/ids.ts';
import type { LinkScopesByHost } from '../../src/protocol/link-scopes.ts';
import type { SlotMessageBody } from '../../src/protocol/slot/message.ts';
import { agree, type TermsOptions } from './agreement.ts';
import type { Hop } from './hop.ts';
import { ALL_SCOPES, eventually, peerNodes, seedLink, startTestNode, type TestNode } from './node.ts';

/** A slot without caps, unless told otherwise. */
export function slotGrant(more: Partial<SlotGrant> = {}): SlotGrant {
  return {
    slot: 'home-card',
    placement: 'home',
    categories: ['service', 'advice', 'offer'],
    locales: ['fr', 'en'],
    capacity: 50,
    caps: [],
    human: { kind: 'thread' },
    titleMaxChars: 60,
    bodyMaxChars: 600,
    ...more,
  };
}

export const grantWith = (...slots: SlotGrant[]): HostGrant => ({
  documents: { types: ['billing.invoice'], perMonth: 1000, bytesPerMonth: 1_000_000_000 },
  slots,
});

export type Engagement = 'none' | 'aggregate' | 'individual';

export function contactScopes(
  a: TestNode,
  b: TestNode,
  engagement: Engagement = 'individual',
): LinkScopesByHost {
  const scopes = {
    ...ALL_SCOPES,
    documents: [...ALL_SCOPES.documents],
    contact: ['service', 'advice', 'offer'],
    engagement,
  };
  return { [a.url]: scopes, [b.url]: scopes };
}

export const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

export function message(more: Partial<SlotMessageBody> = {}): SlotMessageBody {
  return {
    slot: 'home-card',
    category: 'advice',
    priority: 'normal',
    texts: [{ language: 'fr', title: 'Votre épargne', body: 'Un conseiller peut vous rappeler.' }],
    expiresAt: inDays(7),
    ...more,
  };
}

export type SlotPair = { guest: TestNode; host: TestNode; link: LinkId; agreement: string };

/** Two nodes under an agreement, with a link whose customer agreed to be contacted. */
export async function startSlotPair(
  t: Test,
  options: {
    grant?: Partial<SlotGrant>;
    engagement?: Engagement;
    terms?: TermsOptions;
    /** Settings of each node. */
    env?: { guest?: Record<string, string>; host?: Record<string, string> };
    /** In front of the host. */
    hop?: Hop;
  } = {},
): Promise<SlotPair> {
  const { guest: guestEnv = {}, host: hostEnv = {} } = options.env ?? {};
  const [guest, host] = [
    await startTestNode(t, { env: guestEnv }),
    await startTestNode(t, { env: hostEnv, ...(options.hop && { hop: options.hop }) }),
  ];
  await peerNodes(guest, host);
  const link = await seedLink(guest, host, { scopes: contactScopes(guest, host, options.engagement) });
  const grant = grantWith(slotGrant(options.grant));
  const agreement = await agree(guest, host, { grant, ...options.terms });
  return { guest, host, link, agreement };
}

export const sql = (node: TestNode, text: string, values: unknown[] = []) =>
  node.db.withClient(async (client) => (await client.query(text, values)).rows as Record<string, unknown>[]);

/** Sends a message and waits for the host's answer. */
export async function sendAndWait(pair: SlotPair, more: Partial<SlotMessageBody> = {}) {
  const { priority: _priority, ...given } = message(more);
  const id = await pair.guest.slots.messages.send({ link: pair.link, ...given }, 'test');
  return eventually(async () => {
    const sent = await pair.guest.slots.messages.show(id);
    return sent.state === 'submitted' ? undefined : sent;
  });
}
