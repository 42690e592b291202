import { fingerprintOf } from '../../api-access.ts';
import { readNow, type Tx } from '../../db/index.ts';
import { saltedManifest } from '../../exchange/index.ts';
import { type EntityId, type ExchangeId, isUuid, type LinkId } from '../../protocol/ids.ts';
import type { JsonObject } from '../../protocol/jose/strict-json.ts';
import { decodeManifest } from '../../protocol/manifest.ts';
import { Refusal } from '../../protocol/refusal.ts';
import { findSchemaProblem } from '../../protocol/schemas/validators.ts';
import type { GuestAnswer, SlotReplyBody } from '../../protocol/slot/reply.ts';
import { newUuidV7 } from '../../random.ts';
import type { SlotDeps } from '../deps.ts';
import { findRepeated, REPLY_KEYS } from '../idempotency-store.ts';
import { insertSaid, type Reply, type ReplyFilter, readReplies, readWord } from './store.ts';

export type GivenAnswer = Pick<GuestAnswer, 'handledBy' | 'text' | 'language'>;

/** Customers of peers who speak to this node's institution, and what it answers them. */
export type Answering = {
  /** Words and answers, without their texts; the newest first. */
  list(filter: ReplyFilter & { limit: number }): Promise<{ replies: Reply[]; next: string | null }>;
  /** With what was written. @throws Refusal `reply.not_found` */
  show(id: string): Promise<{ reply: Reply; text?: string; language?: string }>;
  /**
   * Answers a word and all before it in its conversation. The same request under the same key is the same answer.
   *
   * @returns its id
   * @throws Refusal `reply.not_found`, `message.invalid` with a pointer, `link.*`, `peer.*`, `idempotency.mismatch`
   */
  answer(id: string, given: GivenAnswer, caller: string, key?: string): Promise<string>;
};

export function createAnswering(deps: SlotDeps): Answering {
  const { db, registry } = deps;

  async function requireWord(id: string): Promise<Reply> {
    const word = isUuid(id) ? await db.withClient((client) => readWord(client, id)) : undefined;
    if (word === undefined) throw new Refusal('reply.not_found');
    return word;
  }

  async function answerIn(
    tx: Tx,
    word: Reply,
    given: GivenAnswer,
    asked: { caller: string; key: string | undefined },
  ): Promise<string> {
    const { caller, key } = asked;
    const fingerprint = fingerprintOf({ ...given, answers: word.jti } as unknown as JsonObject);
    const keyed = key === undefined ? undefined : { key, fingerprint };
    const earlier = keyed && (await findRepeated(tx, REPLY_KEYS, { caller, ...keyed }));
    if (earlier !== undefined) return earlier;
    const body: GuestAnswer = { from: 'guest', thread: word.thread, answers: word.jti, ...given };
    const problem = findSchemaProblem('slot.reply', body);
    if (problem !== undefined) {
      throw new Refusal('message.invalid', { pointer: problem.pointer, detail: problem.message });
    }
    const link = (await deps.links.lock(tx, [word.linkId])).get(word.linkId);
    if (link?.state !== 'active') throw new Refusal(`link.${link?.state ?? 'unknown'}`);
    const peerState = registry.peer(word.peer)?.state;
    if (peerState === 'revoked' || peerState === 'suspended') throw new Refusal(`peer.${peerState}`);
    const at = await readNow(tx);
    const jti = newUuidV7() as ExchangeId;
    const saying = {
      jti,
      aud: word.peer as EntityId,
      act: 'slot.reply',
      sub: word.linkId as LinkId,
      manifest: saltedManifest(body),
      submitted: true,
      windowS: deps.options.deliveryWindowS,
    };
    await deps.exchange().outbound.say(tx, [saying], at);
    await insertSaid(tx, {
      iss: registry.self.entityId,
      jti,
      peer: word.peer,
      linkId: word.linkId,
      customerId: null,
      thread: word.thread,
      saidBy: 'guest',
      kind: 'answer',
      message: null,
      answers: word.jti,
      handledBy: given.handledBy,
      at,
      undoUntil: null,
      state: 'sending',
      decidedAt: null,
      submittedBy: caller,
      keyed,
    });
    return jti;
  }

  return {
    async list({ limit, ...filter }) {
      const replies = await db.withClient((client) => readReplies(client, filter, limit));
      return { replies, next: replies.length === limit ? (replies.at(-1)?.jti ?? null) : null };
    },
    async show(id) {
      const reply = await requireWord(id);
      const manifest = (await deps.exchange().bodies.open([reply.bodyId])).get(reply.bodyId)?.manifest();
      const said = manifest && (decodeManifest(manifest).body as unknown as SlotReplyBody);
      return {
        reply,
        ...(said?.text !== undefined && { text: said.text }),
        ...(said?.language !== undefined && { language: said.language }),
      };
    },
    async answer(id, given, caller, key) {
      const word = await requireWord(id);
      return db.transact((tx) => answerIn(tx, word, given, { caller, key }));
    },
  };
}
