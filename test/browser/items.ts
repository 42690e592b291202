import type { StubItem } from '../support/stub-node.ts';

export const GUEST = { id: 'https://b.example', organizationName: 'Banque Aubépine' };

const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

/** A message as a node offers it: not seen yet, its lease just taken. */
export function item(id: string, more: Record<string, unknown> = {}): StubItem {
  return {
    id,
    from: GUEST,
    slot: 'home-card',
    placement: 'home',
    category: 'advice',
    language: 'fr',
    title: `Un conseil (${id})`,
    body: 'Un conseil.',
    bodyHtml: '<p>Un <strong>conseil</strong>.</p>\n<ul>\n<li>un</li>\n<li>deux</li>\n</ul>',
    actions: [],
    human: { kind: 'thread' },
    placedAt: ago(20),
    expiresAt: ago(-100),
    displayed: false,
    leasedUntil: ago(-0.08),
    thread: `thread-${id}`,
    ...more,
  };
}
