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
import { createEngagements, type Engagements } from './engagement/events.ts';
import { createEngagementHandler } from './engagement/handler.ts';
import { createLearnedList, type LearnedList } from './engagement/learned.ts';
import { type ReceivedMonth, readReceivedMonths } from './engagement/month-store.ts';
import { createEngagementMonths, type EngagementMonths } from './engagement/months.ts';
import { type ReceivedEvent, readReceivedEvents } from './engagement/received-store.ts';
import { createEngagementReporter, type EngagementReporter } from './engagement/reporting.ts';
import { createMessageErasure, type MessageErasure } from './erasure.ts';
import { createSlotEvidence, type SlotEvidence } from './evidence.ts';
import { createFeed, type Feed } from './feed.ts';
import { createFeedImages, type FeedImages } from './feed-image.ts';
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
  readonly images: FeedImages;
  readonly engagements: Engagements;
  /** What guests learn of customers, as a host. */
  readonly learned: LearnedList;
  readonly reporter: Pick<EngagementReporter, 'sweep'>;
  readonly months: Pick<EngagementMonths, 'close'>;
  /** What hosts told of many customers together, as a guest; the newest month first. */
  receivedMonths(filter: { peer?: string; since?: string }): Promise<ReceivedMonth[]>;
  readonly conversations: Conversations;
  readonly answering: Answering;
  readonly messages: Pick<Sending, 'send' | 'withdraw'> & {
    /** @throws Refusal `message.not_found` */
    show(id: string): Promise<SentMessage & { engagement: ReceivedEvent[] }>;
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
  readonly evidence: SlotEvidence;
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
  const reporter = createEngagementReporter(deps);
  const months = createEngagementMonths(deps);
  const contact = createCustomerContact({ db, reporter, isPeer: (id) => registry.peer(id) !== undefined });
  const known = { ...deps, requireKnown: contact.requireKnown };
  return {
    slots,
    preflight: createPreflight(deps),
    contact,
    feed: createFeed(known),
    images: createFeedImages(known),
    engagements: createEngagements({ ...known, reporter }),
    learned: createLearnedList(known),
    reporter,
    months,
    receivedMonths: (filter) => db.withClient((client) => readReceivedMonths(client, filter)),
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
        const events = await db.withClient((client) => readReceivedEvents(client, [id]));
        return { ...message, engagement: events.get(id) ?? [] };
      },
      async list({ cursor, limit, ...filter }) {
        const page = { ...filter, ...(cursor !== undefined && { before: cursor }) };
        const messages = await db.withClient((client) => readMessages(client, page, limit));
        return { messages, next: messages.length === limit ? (messages.at(-1)?.id ?? null) : null };
      },
    },
    evidence: createSlotEvidence(deps),
    erasure,
    sweepers: [slots.prober, eraser, reporter.sweeper, months.sweeper],
    handlers: [
      createMessageHandler(deps),
      createWithdrawHandler(deps),
      createReplyHandler(deps),
      createEngagementHandler(reporter),
    ],
    listeners: [...sending.listeners, createReplyOutcomes(deps), reporter.outcome],
  };
}
