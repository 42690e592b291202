/** What two institutions agree on, as data. Shapes and limits: schemas/agreement. */

export const CONTACT_CATEGORIES = ['service', 'advice', 'offer', 'survey'] as const;
export type ContactCategory = (typeof CONTACT_CATEGORIES)[number];

/** At most `max` messages in any stretch of `per` units, looking back from now. */
export type Cap = {
  /** Whose messages are counted together: those of one category in the slot, of the slot, or of the guest. */
  scope: 'category' | 'slot' | 'guest';
  max: number;
  per: number;
  unit: 'hour' | 'day' | 'week';
  /** Whether a message counts when the host takes it, or when the customer sees it. */
  counts: 'placed' | 'displayed';
};

/** How a customer reaches a person at the guest: in the thread itself, on a page, by telephone. */
export type HumanRoute =
  | { kind: 'thread' }
  | { kind: 'web'; url: string }
  | { kind: 'phone'; number: string };

/** A place that a host grants its guest in front of each shared customer. */
export type SlotGrant = {
  /** Names the slot among those the host grants the guest. */
  slot: string;
  placement: 'home' | 'inbox' | 'document' | 'notification';
  categories: ContactCategory[];
  /** BCP 47. */
  locales: string[];
  /** Active messages a customer may have in it at once. */
  capacity: number;
  caps: Cap[];
  /** Wall-clock times in the customer's zone, or in `zone` where that is unknown; may pass midnight. */
  quietHours?: { from: string; to: string; zone: string };
  /** Who answers, at the guest, when a customer asks for a person. Without one the slot takes nothing. */
  human?: HumanRoute;
  /** The addresses that links in messages may lead to, whole. */
  links?: string[];
  /** The largest image a message may have; none where it is absent. */
  imageMaxBytes?: number;
  titleMaxChars: number;
  bodyMaxChars: number;
};

/** What one host takes in from the other institution. */
export type HostGrant = {
  documents?: { types: string[]; perMonth: number; bytesPerMonth: number };
  slots?: SlotGrant[];
};

export type AgreementTerms = {
  /** RFC 3339, UTC. */
  effectiveFrom: string;
  /** How long this version stays valid for what names it once another one, or none, applies. */
  drainDays: number;
  noticeDays: number;
  /** By host id; both institutions. */
  hosts: Record<string, HostGrant>;
  /** Contact units that one accepted message of a category is worth. */
  weights: Record<ContactCategory, number>;
  imbalance: {
    /** Contact units that one side may be ahead. */
    tolerance: number;
    policy: 'warn' | 'throttle' | 'pause';
    /** Service messages a month that pass whatever the balance. */
    serviceFloorPerMonth: number;
  };
  quality?: { displayedPercent: number };
  /** Within how many hours a customer gets an answer from a person. */
  answers: { humanHours: number };
  statement: { period: 'week' | 'month' | 'quarter' };
};

export type AgreementProposeBody = {
  /** Revision among the proposer's proposals to this recipient. */
  rev: number;
  /** The version it amends. */
  replaces?: string;
  /** The recipient's open proposal that it answers. */
  declines?: string;
  /** RFC 3339, UTC. */
  expiresAt: string;
  note?: string;
  terms: AgreementTerms;
};

export type AgreementAcceptBody = { agreement: string };
export type AgreementDeclineBody = { agreement: string; note?: string };
export type AgreementTerminateBody = { agreement: string; noticedAt: string; endsAt: string; note?: string };
