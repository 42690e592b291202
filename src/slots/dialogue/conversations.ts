import { fingerprintOf } from '../../api-access.ts';
import { readNow, type Tx } from '../../db/index.ts';
import { saltedManifest } from '../../exchange/index.ts';
import { type EntityId, type ExchangeId, isUuid, type LinkId } from '../../protocol/ids.ts';
import type { JsonObject } from '../../protocol/jose/strict-json.ts';
import { decodeManifest } from '../../protocol/manifest.ts';
import { Refusal } from '../../protocol/refusal.ts';
import type { SlotMessageBody } from '../../protocol/slot/message.ts';
import {
  CUSTOMER_WORDS_A_DAY,
  type CustomerWord,
  type GuestAnswer,
  type SlotReplyBody,
} from '../../protocol/slot/reply.ts';
import { newUuidV7 } from '../../random.ts';
import { type ContactWishes, lockContacts } from '../contact-store.ts';
import type { SlotDeps } from '../deps.ts';
import { readLinksWith } from '../feed-store.ts';
import { findRepeated, REPLY_KEYS } from '../idempotency-store.ts';
import { chooseText, renderBody } from '../render.ts';
import {
  countSaid,
  findByMessage,
  findByThread,
  type Place,
  readThreadMessages,
  readThreads,
  type ThreadMessage,
  type ThreadSummary,
} from './conversation-store.ts';
import { insertSaid, lockSaid, type Reply, readThread, writeUndone } from './store.ts';

const ACT = 'slot.reply';
/** How long a word can be undone before it leaves. */
const UNDO_MS = 10_000;
/** Each costs an exchange that is given up. */
const UNDONE_A_DAY = 100;

/** What the vault's page says for a customer: to a message of the feed, in a conversation, or to a guest at large. */
export type GivenWord = Pick<CustomerWord, 'kind' | 'text' | 'language'> & {
  message?: string;
  thread?: string;
  peer?: string;
};

export type Said = { id: string; thread: string; undoUntil: Date };

type From = { id: string; organizationName: string };

export type Thread = Omit<ThreadSummary, 'peer'> & { from: From };

export type ThreadEntry = {
  id: string;
  by: 'customer' | 'guest';
  kind: 'message' | Reply['kind'];
  at: Date;
  /** As it was written; absent where nothing was, and once it was forgotten. */
  body?: string;
  title?: string;
  language?: string;
  /** Of what a guest wrote: safe to be put into a page as it is. */
  bodyHtml?: string;
  handledBy?: 'human' | 'bot';
  /** Of what the customer said. */
  state?: Reply['state'];
  undoUntil?: Date;
};

export type Conversations = {
  /**
   * Sends a customer's word to a guest, after a few seconds in which it can be undone. The same request under the same
   * key is the same word.
   *
   * @throws Refusal `customer.not_found`, `message.not_found`, `thread.not_found`, `link.*`, `contact.input`, `reply.limit`,
   * `idempotency.mismatch`
   */
  say(customer: string, given: GivenWord, idempotencyKey?: string): Promise<Said>;
  /** @throws Refusal `thread.not_found`, `reply.sent` once it has left */
  undo(customer: string, id: string): Promise<void>;
  /** The newest first. */
  list(customer: string, limit: number): Promise<Thread[]>;
  /** @throws Refusal `thread.not_found` */
  show(
    customer: string,
    thread: string,
    locale: string | undefined,
  ): Promise<{ thread: string; from: From; entries: ThreadEntry[] }>;
};

export function createConversations(
  deps: SlotDeps & { requireKnown(customer: string): Promise<ContactWishes> },
): Conversations {
  const { db, registry } = deps;
  const self = () => registry.self.entityId as string;
  const fromOf = (peer: string): From => ({
    id: peer,
    organizationName: registry.peer(peer)?.organizationName ?? peer,
  });

  async function locate(tx: Tx, customer: string, given: GivenWord): Promise<Place> {
    if (given.message !== undefined) {
      const place = await findByMessage(tx, customer, given.message);
      if (place === undefined) throw new Refusal('message.not_found');
      return place;
    }
    if (given.thread !== undefined) {
      const place = await findByThread(tx, customer, given.thread);
      if (place === undefined) throw new Refusal('thread.not_found');
      return place;
    }
    if (given.peer === undefined || registry.peer(given.peer) === undefined)
      throw new Refusal('contact.input', { pointer: '/peer' });
    const links = await readLinksWith(tx, customer, given.peer);
    const views = await deps.links.lock(tx, [...links].sort());
    const linkId = links.find((id) => views.get(id)?.state === 'active') ?? links[0];
    if (linkId === undefined) throw new Refusal('contact.input', { pointer: '/peer' });
    return { linkId, peer: given.peer, thread: null, message: null };
  }

  async function repeated(
    tx: Tx,
    caller: string,
    keyed: { key: string; fingerprint: Buffer } | undefined,
  ): Promise<Said | undefined> {
    const id = keyed && (await findRepeated(tx, REPLY_KEYS, { caller, ...keyed }));
    const said = id === undefined ? undefined : (await lockSaid(tx, self(), [id])).get(id);
    return said?.undoUntil == null
      ? undefined
      : { id: said.jti, thread: said.thread, undoUntil: said.undoUntil };
  }

  async function sayIn(tx: Tx, customer: string, given: GivenWord, key: string | undefined): Promise<Said> {
    const caller = `customer:${customer}`;
    const fingerprint = fingerprintOf(given as unknown as JsonObject);
    const keyed = key === undefined ? undefined : { key, fingerprint };
    const earlier = await repeated(tx, caller, keyed);
    if (earlier !== undefined) return earlier;
    const place = await locate(tx, customer, given);
    const link = (await deps.links.lock(tx, [place.linkId])).get(place.linkId);
    if (link?.state !== 'active') throw new Refusal(`link.${link?.state ?? 'unknown'}`);
    const peerState = registry.peer(place.peer)?.state;
    if (peerState === 'revoked' || peerState === 'suspended') throw new Refusal(`peer.${peerState}`);
    // Held until the word is staged, so that two words at once can't both be the last that is allowed.
    await lockContacts(tx, [customer]);
    const { said, undone } = await countSaid(tx, customer, place.peer);
    if (said >= CUSTOMER_WORDS_A_DAY || undone >= UNDONE_A_DAY) throw new Refusal('reply.limit');
    const at = await readNow(tx);
    const undoUntil = new Date(at.getTime() + UNDO_MS);
    const jti = newUuidV7() as ExchangeId;
    const { kind, text, language } = given;
    const body: CustomerWord = {
      from: 'customer',
      kind,
      ...(place.thread !== null && { thread: place.thread }),
      ...(place.message !== null && { message: place.message }),
      ...(text !== undefined && language !== undefined && { text, language }),
    };
    const saying = {
      jti,
      aud: place.peer as EntityId,
      act: ACT,
      sub: place.linkId as LinkId,
      manifest: saltedManifest(body),
      submitted: true,
      windowS: deps.options.deliveryWindowS,
      // A second more: whoever undoes in the last moment still does.
      notBefore: new Date(undoUntil.getTime() + 1000),
    };
    await deps.exchange().outbound.say(tx, [saying], at);
    const thread = place.thread ?? jti;
    await insertSaid(tx, {
      iss: self(),
      jti,
      peer: place.peer,
      linkId: place.linkId,
      customerId: customer,
      thread,
      saidBy: 'customer',
      kind,
      message: place.message,
      answers: null,
      handledBy: null,
      at,
      undoUntil,
      state: 'sending',
      decidedAt: null,
      submittedBy: caller,
      keyed,
    });
    return { id: jti, thread, undoUntil };
  }

  /** What was written, by body; a body that was erased has nothing. */
  async function readTexts(bodyIds: readonly string[]): Promise<(bodyId: string) => unknown> {
    const bodies = await deps.exchange().bodies.open([...bodyIds]);
    return (bodyId) => {
      const manifest = bodies.get(bodyId)?.manifest();
      return manifest && decodeManifest(manifest).body;
    };
  }

  return {
    async say(customer, given, key) {
      await deps.requireKnown(customer);
      if (given.text !== undefined && given.language === undefined)
        throw new Refusal('contact.input', { pointer: '/language' });
      if (given.kind === 'reply' && given.text === undefined)
        throw new Refusal('contact.input', { pointer: '/text' });
      return db.transact((tx) => sayIn(tx, customer, given, key));
    },

    async undo(customer, id) {
      await deps.requireKnown(customer);
      await db.transact(async (tx) => {
        const reply = isUuid(id) ? (await lockSaid(tx, self(), [id])).get(id) : undefined;
        if (reply?.customerId !== customer) throw new Refusal('thread.not_found');
        if (reply.state === 'undone') return;
        const now = await readNow(tx);
        if (reply.undoUntil === null || reply.undoUntil < now) throw new Refusal('reply.sent');
        await writeUndone(tx, self(), id);
        await deps.outbox.cancelIn(tx, [id]);
      });
    },

    async list(customer, limit) {
      await deps.requireKnown(customer);
      const threads = await db.withClient((client) => readThreads(client, customer, limit));
      return threads.map(({ peer, ...thread }) => ({ ...thread, from: fromOf(peer) }));
    },

    async show(customer, thread, locale) {
      const wishes = await deps.requireKnown(customer);
      if (!isUuid(thread)) throw new Refusal('thread.not_found');
      const place = await db.transact((tx) => findByThread(tx, customer, thread));
      if (place === undefined) throw new Refusal('thread.not_found');
      const { peer, linkId } = place;
      const { messages, replies } = await db.withClient(async (client) => ({
        messages: await readThreadMessages(client, customer, { peer, thread }),
        replies: await readThread(client, linkId, thread),
      }));
      const textOf = await readTexts([...messages, ...replies].map(({ bodyId }) => bodyId));
      const entries = [
        ...messages.map((one) => messageEntry(one, textOf(one.bodyId), locale ?? wishes.locale)),
        ...replies.map((one) => replyEntry(one, textOf(one.bodyId))),
      ].sort((a, b) => a.at.getTime() - b.at.getTime());
      return { thread, from: fromOf(peer), entries };
    },
  };
}

function messageEntry(message: ThreadMessage, text: unknown, locale: string | undefined): ThreadEntry {
  const entry = { id: message.id, by: 'guest', kind: 'message', at: message.placedAt } as const;
  if (text === undefined) return entry;
  const { language, title, body } = chooseText((text as SlotMessageBody).texts, locale);
  return { ...entry, language, title, body, bodyHtml: renderBody(body) };
}

function replyEntry(reply: Reply, said: unknown): ThreadEntry {
  const { jti: id, saidBy: by, kind, at, handledBy, state, undoUntil } = reply;
  const written = said as SlotReplyBody | undefined;
  const ofGuest = by === 'guest';
  return {
    id,
    by,
    kind,
    at,
    ...(written?.text !== undefined && { body: written.text }),
    ...(written?.language !== undefined && { language: written.language }),
    ...(ofGuest && written !== undefined && { bodyHtml: renderBody((written as GuestAnswer).text) }),
    ...(handledBy !== null && { handledBy }),
    ...(!ofGuest && { state }),
    ...(!ofGuest && state === 'sending' && undoUntil !== null && { undoUntil }),
  };
}
