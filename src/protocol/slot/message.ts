import type { ContactCategory } from '../agreement/terms.ts';

/** A message is over after this long at most. */
export const MESSAGE_MAX_LIFETIME_MS = 30 * 86_400_000;

export type MessagePriority = 'low' | 'normal' | 'high';

/** One language of a message. The body is plain text or the Markdown subset of the schema. */
export type MessageText = {
  language: string;
  title: string;
  body: string;
  /** What the image shows; there where the message has one. */
  imageAlt?: string;
};

/** What an image of a message may be: pictures that are nothing else beside, and small. */
export const IMAGE_TYPES = ['image/png', 'image/jpeg'] as const;
export type ImageType = (typeof IMAGE_TYPES)[number];
export const IMAGE_MAX_BYTES = 256 * 1024;

/** What the customer can do with a message. A link leads to an address that the agreement names, whole. */
export type MessageAction =
  | { kind: 'link'; label: string; url: string }
  | { kind: 'document'; label: string; document: string }
  | { kind: 'reply' | 'callback'; label: string };

/** Body of `slot.message`. */
export type SlotMessageBody = {
  /** The host's slot. */
  slot: string;
  category: ContactCategory;
  priority: MessagePriority;
  /** The first is shown where the customer's language is not among them. */
  texts: MessageText[];
  actions?: MessageAction[];
  /** RFC 3339, UTC: not shown before. */
  notBefore?: string;
  /** RFC 3339, UTC. */
  expiresAt: string;
  /** The first message of the conversation it belongs to. */
  thread?: string;
  /** The message that this is a new version of. */
  replaces?: string;
};

/** Body of `slot.withdraw`. */
export type SlotWithdrawBody = { message: string };
