import { createSweeper, type Sweeper } from '../db/index.ts';
import type { ActHandler, OutcomeListener } from '../exchange/index.ts';
import { parseUuidV7 } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type CustomerContact, createCustomerContact } from './contact.ts';
import type { SlotDeps } from './deps.ts';
import { type Answering, createAnswering } from './dialogue/answering.ts';
import { type Conversations, createConversations } from './dialogue/conversations.ts';
import { createReplyHandler } from './dialogue/handler.ts';
import { createReplyOutcomes } from './dialogue/outcomes.ts';
import { createEngagements, type Engagements } from './engagement.ts';
import { createMessageErasure, type MessageErasure } from './erasure.ts';
import { createFeed, type Feed } from './feed.ts';
import { createMessageHandler, createWithdrawHandler } from './hosting.ts';
import { createPreflight, type Preflight } from './preflight.ts';
import { createSending, type Sending } from './sending.ts';
import { readMessages, type SentMessage, type SentMessageState } from './sending-store.ts';
import { createSlots, type Slots } from './slots.ts';

/** Contact slots, as host and as guest. Every call refuses with a Refusal whose code is in `slotProblems` or `REFUSALS`. */
export type SlotService = {
  readonly slots: Slots;
  readonly contact: CustomerContact;
  readonly preflight: Preflight;
  readonly feed: Feed;
  readonly engagements: Engagements;
  readonly conversations: Conversations;
  readonly answering: Answering;
  readonly messages: Pick<Sending, 'send' | 'withdraw'> & {
    /** @throws Refusal `message.not_found` */
    show(id: string): Promise<SentMessage>;
    /** The newest first; `next` continues. */
    list(filter: {
      link?: string;
      peer?: string;
      state?: SentMessageState;
      thread?: string;
      cursor?: string;
      limit: number;
    }): Promise<{ messages: SentMessage[]; next: string | null }>;
  };
  readonly erasure: MessageErasure;
  /** What time brings: probes of human routes, and the end of what is long over. */
  readonly sweepers: readonly Sweeper[];
  /** The acts of this room, for the exchange. */
  readonly handlers: readonly ActHandler[];
  readonly listeners: readonly OutcomeListener[];
};

const ERASURE_INTERVAL_MS = 10 * 60_000;

export function createSlotService(deps: SlotDeps): SlotService {
  const { db, registry } = deps;
  const slots = createSlots(deps);
  const erasure = createMessageErasure(deps);
  const eraser = createSweeper({
    intervalMs: ERASURE_INTERVAL_MS,
    round: erasure.sweep,
    onError: deps.onError,
  });
  const sending = createSending(deps);
  const contact = createCustomerContact({ db, isPeer: (id) => registry.peer(id) !== undefined });
  const known = { ...deps, requireKnown: contact.requireKnown };
  return {
    slots,
    preflight: createPreflight(deps),
    contact,
    feed: createFeed(known),
    engagements: createEngagements(known),
    conversations: createConversations(known),
    answering: createAnswering(deps),
    messages: {
      send: sending.send,
      withdraw: sending.withdraw,
      async show(id) {
        const found =
          parseUuidV7(id) === undefined
            ? []
            : await db.withClient((client) => readMessages(client, { ids: [id] }, 1));
        const [message] = found;
        if (message === undefined) throw new Refusal('message.not_found');
        return message;
      },
      async list({ cursor, limit, ...filter }) {
        const page = { ...filter, ...(cursor !== undefined && { before: cursor }) };
        const messages = await db.withClient((client) => readMessages(client, page, limit));
        return { messages, next: messages.length === limit ? (messages.at(-1)?.id ?? null) : null };
      },
    },
    erasure,
    sweepers: [slots.prober, eraser],
    handlers: [createMessageHandler(deps), createWithdrawHandler(), createReplyHandler(deps)],
    listeners: [...sending.listeners, createReplyOutcomes(deps)],
  };
}
