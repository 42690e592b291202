import { fingerprintOf } from '../api-access.ts';
import type { Tx } from '../db/index.ts';
import { isUndecided, type OutcomeListener, type SettledItem, saltedManifest } from '../exchange/index.ts';
import { pauseBeforeRepeatMs } from '../outbox/index.ts';
import { sha256 } from '../protocol/digest.ts';
import type { EntityId, ExchangeId, LinkId } from '../protocol/ids.ts';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { Refusal } from '../protocol/refusal.ts';
import { MANIFEST_MAX_BYTES } from '../protocol/schemas/definitions.ts';
import { newUuidV7 } from '../random.ts';
import { type CheckedMessage, checkMessage, type GivenMessage } from './check.ts';
import type { SlotDeps } from './deps.ts';
import { findRepeated, MESSAGE_KEYS } from './idempotency-store.ts';
import {
  acknowledgeWithdrawal,
  insertMessage,
  lockMessages,
  readWithdrawn,
  type SentMessage,
  writeAnswer,
  writeWithdrawal,
} from './sending-store.ts';

const MESSAGE = 'slot.message';
const WITHDRAW = 'slot.withdraw';

export type Sending = {
  /**
   * Takes a message: durable, with its evidence and its queued delivery, before it resolves. The same request under the
   * same key is the same message.
   *
   * @throws Refusal what {@link checkMessage} refuses, `idempotency.mismatch`
   */
  send(given: GivenMessage, caller: string, idempotencyKey?: string): Promise<string>;
  /** Takes a message back. Again changes nothing. @throws Refusal `message.not_found`, `message.ended` */
  withdraw(id: string): Promise<void>;
  readonly listeners: readonly OutcomeListener[];
};

export function createSending(deps: SlotDeps): Sending {
  const { db, clock } = deps;

  /** What is sealed: the manifest, and the image where there is one. */
  function contentOf({ body, image }: { body: object; image?: CheckedMessage['image'] }) {
    const content = image && deps.exchange().sealer.sealWhole(image.content, sha256(image.content));
    const { type, size } = image ?? {};
    const name = `image.${type === 'image/png' ? 'png' : 'jpg'}`;
    const manifest = saltedManifest(
      body,
      content && type && size ? { sha256: content.sha256, size, type, name } : undefined,
    );
    if (manifest.length > MANIFEST_MAX_BYTES) throw new Refusal('message.invalid', { detail: 'too long' });
    return { manifest, ...(content !== undefined && { content }) };
  }

  async function stage(
    tx: Tx,
    said: {
      jti: ExchangeId;
      peer: EntityId;
      act: string;
      link: LinkId;
      agr?: string;
      body: object;
      image?: CheckedMessage['image'];
      at: Date;
      submitted: boolean;
      windowS: number;
      notBefore?: Date;
    },
  ): Promise<void> {
    const { jti, peer: aud, act, link: sub, agr, submitted, windowS, notBefore } = said;
    const saying = {
      ...{ jti, aud, act, sub, submitted, windowS },
      ...contentOf(said),
      ...(agr !== undefined && { agr }),
      ...(notBefore !== undefined && { notBefore }),
    };
    await deps.exchange().outbound.say(tx, [saying], said.at);
  }

  async function sayWithdrawn(
    tx: Tx,
    message: SentMessage,
    how: { at: Date; submitted: boolean; notBefore?: Date },
  ): Promise<void> {
    const jti = newUuidV7() as ExchangeId;
    const { id, linkId: link, peer } = message;
    const windowS = deps.options.deliveryWindowS;
    await stage(tx, { jti, peer, act: WITHDRAW, link, body: { message: id }, windowS, ...how });
    await writeWithdrawal(tx, id, { at: how.at, jti });
  }

  async function sendIn(tx: Tx, given: GivenMessage, caller: string, key: string | undefined) {
    const fingerprint = key === undefined ? undefined : fingerprintOf(given as unknown as JsonObject);
    if (key !== undefined && fingerprint !== undefined) {
      const earlier = await findRepeated(tx, MESSAGE_KEYS, { caller, key, fingerprint });
      if (earlier !== undefined) return earlier;
    }
    const at = new Date(clock.nowMs());
    const { body, image, peer, agreement } = await checkMessage(tx, deps, given);
    const jti = newUuidV7() as ExchangeId;
    const expiresAt = new Date(body.expiresAt);
    const windowS = Math.min(
      deps.options.deliveryWindowS,
      Math.ceil((expiresAt.getTime() - at.getTime()) / 1000),
    );
    await stage(tx, {
      ...{ jti, peer, act: MESSAGE, link: given.link as LinkId, agr: agreement.id },
      ...{ body, image, at, submitted: true, windowS },
    });
    const { category, replaces } = body;
    const weight = replaces === undefined ? agreement.terms.weights[category] : 0;
    const contact = { exchange: jti, agreement: agreement.root, peer, category, weight };
    await deps.ledger.guest.send(tx, [contact]);
    await insertMessage(tx, {
      id: jti,
      linkId: given.link as LinkId,
      peer,
      agreement: agreement.id,
      slot: body.slot,
      category: body.category,
      thread: body.thread ?? null,
      replaces: body.replaces ?? null,
      expiresAt,
      submittedBy: caller,
      submittedAt: at,
      // Without a key nothing is compared, and a digest of what was said is better not kept.
      keyed: key === undefined || fingerprint === undefined ? null : { key, fingerprint },
    });
    return jti;
  }

  async function settleMessage(tx: Tx, item: SettledItem, message: SentMessage): Promise<void> {
    const { state, outcome, nextEligibleAt } = item;
    await writeAnswer(tx, {
      id: message.id,
      state: state === 'accepted' ? (outcome ?? 'placed') : state === 'rejected' ? 'refused' : 'failed',
      code: state === 'accepted' ? null : item.reason,
      nextEligibleAt: nextEligibleAt ?? null,
      at: item.settledAt,
    });
    // It was taken back meanwhile: now there is something to take back.
    if (state === 'accepted' && message.withdrawnAt !== null && message.withdrawalAcknowledgedAt === null) {
      await sayWithdrawn(tx, message, { at: item.settledAt, submitted: false });
    }
  }

  return {
    send: (given, caller, key) => db.transact((tx) => sendIn(tx, given, caller, key)),

    async withdraw(id) {
      const cancel = await db.transact(async (tx) => {
        const message = (await lockMessages(tx, [id])).get(id);
        if (message === undefined) throw new Refusal('message.not_found');
        const at = new Date(clock.nowMs());
        const { state } = message;
        if (message.withdrawnAt !== null) return state === 'submitted';
        if (state === 'refused' || message.expiresAt <= at) throw new Refusal('message.ended');
        if (state === 'placed' || state === 'deferred') {
          await sayWithdrawn(tx, message, { at, submitted: true });
          return false;
        }
        await writeWithdrawal(tx, id, { at, jti: null });
        return state === 'submitted';
      });
      if (cancel) await deps.outbox.cancel(id);
    },

    listeners: [
      {
        act: MESSAGE,
        async settled(tx, items) {
          const messages = await lockMessages(
            tx,
            items.map((item) => item.jti),
          );
          for (const item of items) {
            const message = messages.get(item.jti);
            if (message !== undefined) await settleMessage(tx, item, message);
          }
          await deps.ledger.guest.settle(
            tx,
            items.map((item) => ({ ...item, replaces: messages.get(item.jti)?.replaces ?? null })),
          );
        },
      },
      {
        act: WITHDRAW,
        async settled(tx, items) {
          const withdrawn = await readWithdrawn(
            tx,
            items.map((item) => item.jti),
          );
          const messages = await lockMessages(tx, [...withdrawn.values()]);
          await deps.ledger.guest.withdraw(
            tx,
            items.flatMap(({ jti, state, decidedAt }) => {
              const exchange = withdrawn.get(jti);
              const taken = exchange !== undefined && state === 'accepted' && decidedAt !== undefined;
              return taken ? [{ exchange, at: decidedAt }] : [];
            }),
          );
          for (const item of items) {
            const message = messages.get(withdrawn.get(item.jti) ?? '');
            if (message === undefined) continue;
            const { settledAt: at } = item;
            if (item.state === 'accepted') await acknowledgeWithdrawal(tx, [message.id], at);
            else if (isUndecided(item) && message.expiresAt > at) {
              const waitMs = pauseBeforeRepeatMs(message.withdrawnAt ?? at, at);
              const notBefore = new Date(at.getTime() + waitMs);
              await sayWithdrawn(tx, message, { at, submitted: false, notBefore });
            }
          }
        },
      },
    ],
  };
}
