import type { SlotGrant } from '../../src/protocol/agreement/terms.ts';
import type { SlotMessageBody } from '../../src/protocol/slot/message.ts';
import { instant } from './agreements.ts';
import { bits128, DAY_S, NOW } from './fixtures.ts';

type Changes = Record<string, unknown>;

export const TEXT = { language: 'fr', title: 'Un conseil', body: 'Parlons de votre épargne.' } as const;

/** What a guest asks to be shown, but for the changes. */
export const messageBody = (changes: Changes = {}): SlotMessageBody =>
  ({
    slot: 'home-card',
    category: 'advice',
    priority: 'normal',
    texts: [TEXT],
    expiresAt: instant(NOW + 7 * DAY_S),
    ...changes,
  }) as SlotMessageBody;

export const slotManifest = (label: string, body: object) => JSON.stringify({ salt: bits128(label), body });

/** A slot that takes {@link messageBody}. */
export const slotGrant = (changes: Changes = {}): SlotGrant => ({
  slot: 'home-card',
  placement: 'home',
  categories: ['service', 'advice', 'offer'],
  locales: ['fr', 'en'],
  capacity: 2,
  caps: [],
  human: { kind: 'thread' },
  links: ['https://a.example/conseils'],
  titleMaxChars: 20,
  bodyMaxChars: 50,
  ...changes,
});
