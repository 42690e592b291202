import type { SlotGrant } from '../../src/protocol/agreement/terms.ts';
import { instant } from './agreements.ts';
import { B, DAY_S, NOW, uuid } from './fixtures.ts';
import { slotGrant } from './slot-messages.ts';

const HOUR_S = 3600;

/** What the recipient of refusals.json grants its partner. */
export const GRANTED_SLOTS: SlotGrant[] = [
  slotGrant(),
  slotGrant({ slot: 'one-place', capacity: 1 }),
  slotGrant({
    slot: 'one-a-day',
    capacity: 5,
    caps: [{ scope: 'slot', max: 1, per: 1, unit: 'day', counts: 'placed' }],
  }),
  slotGrant({
    slot: 'two-a-week',
    capacity: 5,
    caps: [{ scope: 'guest', max: 2, per: 1, unit: 'week', counts: 'placed' }],
  }),
  slotGrant({
    slot: 'one-display',
    caps: [{ scope: 'slot', max: 1, per: 1, unit: 'day', counts: 'displayed' }],
  }),
  slotGrant({ slot: 'surveys', categories: ['survey'], capacity: 5 }),
  slotGrant({ slot: 'with-image', imageMaxBytes: 1024 }),
  slotGrant({ slot: 'paused' }),
  slotGrant({ slot: 'no-human', human: undefined }),
  slotGrant({ slot: 'no-answer', human: { kind: 'web', url: 'https://partner.example/conseiller' } }),
];

/** What the recipient knows of slots beyond the agreement. */
export const slotsOf = (peer: string) => [
  { peer, slot: 'paused', paused: true, failures: 0 },
  { peer, slot: 'no-answer', paused: false, failures: 3 },
];

type Wishes = {
  mutedUntil?: string;
  calm?: { max: number; per: number; unit: 'hour' | 'day' | 'week' };
  quiet?: { from: string; to: string; zone: string };
};

const MUTED = { mutedUntil: instant(NOW + 2 * DAY_S + 1200) };
const CALM = { calm: { max: 1, per: 1, unit: 'day' } } as const;
const QUIET = { quiet: { from: '12:00', to: '14:30', zone: 'Europe/Paris' } };

/** Customers of the recipient, by what their links with the partner are used for. */
const customers: Record<string, { engagement?: 'none' | 'individual'; contact?: string[]; wishes?: Wishes }> =
  {
    asked: {},
    full: {},
    capped: {},
    'capped by guest': {},
    edited: {},
    ended: {},
    other: {},
    displayed: {},
    'displayed in private': { engagement: 'none' },
    muted: { wishes: MUTED },
    'muted for good': { wishes: { mutedUntil: 'always' } },
    calm: { wishes: CALM },
    'calm but for service': { wishes: CALM },
    quiet: { wishes: QUIET },
    'muted, calm and quiet': { wishes: { ...MUTED, ...CALM, ...QUIET } },
    'muted in private': { engagement: 'none', wishes: MUTED },
    'calm in private': { engagement: 'none', wishes: CALM },
    'quiet in private': { engagement: 'none', wishes: QUIET },
    images: {},
    surveyed: {},
    waits: {},
    answered: {},
    'wants offers': { contact: ['offer'] },
  };

const wordOf = (customer: string) => uuid(`word of ${customer}`);
/** Customers of the recipient who asked for a person of the partner, each in a conversation of their own. */
export const WAITING = { thread: wordOf('waits'), answers: wordOf('waits') };
export const ANSWERED = { thread: wordOf('answered'), answers: wordOf('answered') };

/** `due`: until when a person has to answer. */
export const wordsTo = (peer: string) => [
  {
    peer,
    jti: wordOf('waits'),
    link: uuid('link for slots waits'),
    at: instant(NOW - 3 * DAY_S),
    due: instant(NOW - 60),
  },
  {
    peer,
    jti: wordOf('answered'),
    link: uuid('link for slots answered'),
    at: instant(NOW - HOUR_S),
    due: instant(NOW + DAY_S),
  },
];

export const slotLink = (customer: string) => uuid(`link for slots ${customer}`);

export const slotLinks = (peer: string) =>
  Object.entries(customers).map(([customer, { engagement = 'individual', contact, wishes }]) => ({
    id: slotLink(customer),
    peer,
    state: 'active',
    scopes: {
      [B]: {
        documents: [],
        contact: contact ?? ['service', 'advice', 'survey'],
        engagement,
        readReceipts: false,
      },
    },
    ...(wishes && { wishes }),
  }));

/** Messages that customers have seen: each was taken under this version, an hour before it was displayed. */
export const displaysUnder = (agreement: string) => {
  const displayed = (customer: string, slot: string, category: string) => ({
    id: uuid(`displayed to ${customer}`),
    link: slotLink(customer),
    agreement,
    slot,
    category,
    at: instant(NOW - HOUR_S),
  });
  return [
    displayed('displayed', 'one-display', 'advice'),
    displayed('displayed in private', 'one-display', 'advice'),
    displayed('calm', 'home-card', 'advice'),
    displayed('calm but for service', 'home-card', 'service'),
    displayed('muted, calm and quiet', 'home-card', 'advice'),
    displayed('calm in private', 'home-card', 'advice'),
  ];
};
