// What the node answers to a customer session, as openapi.yaml says.

export type Institution = { id: string; organizationName: string };

export type HumanRoute =
  | { kind: 'thread' }
  | { kind: 'web'; url: string }
  | { kind: 'phone'; number: string };

export type MessageAction =
  | { kind: 'link'; label: string; url: string }
  | { kind: 'document'; label: string; document: string }
  | { kind: 'reply' | 'callback'; label: string };

export type FeedItem = {
  id: string;
  from: Institution;
  category: string;
  language: string;
  title: string;
  bodyHtml: string;
  image?: { type: string; alt: string };
  actions: MessageAction[];
  human: HumanRoute;
  placedAt: string;
  displayed: boolean;
  leasedUntil?: string;
  thread: string;
};

export type Feed = { items: FeedItem[]; now: string };

export type EngagementKind =
  | 'displayed'
  | 'opened'
  | 'clicked'
  | 'dismissed'
  | 'restored'
  | 'reported'
  | 'unreported';

export type EngagementEvent = { message: string; kind: EngagementKind; at: string };
export type EngagementResult = { recorded: number; ignored: { index: number; code: string }[] };

export type ReplyKind = 'reply' | 'ask_human' | 'callback';
export type GivenReply = {
  kind: ReplyKind;
  message?: string;
  thread?: string;
  peer?: string;
  text?: string;
  language?: string;
};
export type SentReply = { id: string; thread: string; undoUntil: string };

export type ThreadSummary = {
  thread: string;
  from: Institution;
  entries: number;
  lastAt: string;
  waitingForHuman: boolean;
  /** Whether the institution spoke last. */
  answered?: boolean;
};

export type ThreadEntry = {
  id: string;
  by: 'customer' | 'guest';
  kind: 'message' | ReplyKind | 'answer';
  at: string;
  title?: string;
  body?: string;
  bodyHtml?: string;
  language?: string;
  handledBy?: 'human' | 'bot';
  state?: 'sending' | 'accepted' | 'refused' | 'failed' | 'undone';
};

export type Thread = { thread: string; from: Institution; entries: ThreadEntry[] };

export type LearnedEvent = {
  from: Institution;
  message?: string;
  kind: string;
  at: string;
  told: 'individual' | 'unconfirmed' | 'aggregate' | 'perhaps_aggregate' | 'never';
  toldAt?: string;
  /** What takes it back, where something does. */
  undo?: 'restored' | 'unreported';
};

export type Learned = { events: LearnedEvent[]; next: string | null };

export type Calm = { max: number; per: number; unit: 'hour' | 'day' | 'week' };
export type Quiet = { from: string; to: string; zone: string };
export type Wishes = { locale?: string; zone?: string; calm?: Calm; quiet?: Quiet };
export type Mute = { peer: string; until?: string };
export type Contact = Wishes & { mutes: Mute[] };

/** What a vault's back end hands to its page; `api` where the page doesn't say it itself. */
export type Session = { token: string; expiresAt: string; api?: string };
