import type { OutcomeListener } from '../../exchange/index.ts';
import type { SlotDeps } from '../deps.ts';
import { lockSaid, type ReplySettled, writeSettled } from './store.ts';
import { writeHumanAnswers } from './waiting-store.ts';

const HOUR_MS = 3_600_000;

/** What became of words and answers that this node sent. */
export function createReplyOutcomes(
  deps: Pick<SlotDeps, 'registry' | 'agreements' | 'clock' | 'bodyStore'>,
): OutcomeListener {
  return {
    act: 'slot.reply',
    async settled(tx, items) {
      const self = deps.registry.self.entityId;
      const said = await lockSaid(
        tx,
        self,
        items.map((item) => item.jti),
      );
      const known = items.flatMap((item) => {
        const reply = said.get(item.jti);
        return reply === undefined ? [] : [{ item, reply }];
      });
      const asks = known.filter(({ item, reply }) => item.state === 'accepted' && reply.kind === 'ask_human');
      const peers = [...new Set(asks.map(({ reply }) => reply.peer))].sort();
      const books = peers.length === 0 ? undefined : await deps.agreements.read(tx, peers);
      const hours = new Map<string, number | undefined>();
      for (const peer of peers) {
        const version = await books?.toName(peer, deps.clock.nowMs());
        hours.set(peer, version?.terms.answers.humanHours);
      }
      await writeSettled(
        tx,
        self,
        known.map(({ item, reply }): ReplySettled => {
          const decidedAt = item.decidedAt ?? null;
          const wait = reply.kind === 'ask_human' ? hours.get(reply.peer) : undefined;
          return {
            jti: item.jti,
            state: item.state === 'rejected' ? 'refused' : item.state,
            code: item.state === 'accepted' ? null : item.reason,
            decidedAt,
            // Without an agreement nobody promised a time.
            humanDueAt:
              decidedAt === null || wait === undefined || item.state !== 'accepted'
                ? null
                : new Date(decidedAt.getTime() + wait * HOUR_MS),
          };
        }),
      );
      // What was undone in time never came to anybody: nothing of it is kept.
      const undone = known.filter(({ item, reply }) => reply.state === 'undone' && item.state !== 'accepted');
      await deps.bodyStore.erase(
        tx,
        undone.map(({ reply }) => reply.bodyId),
      );
      await writeHumanAnswers(
        tx,
        known.flatMap(({ item, reply: { linkId, thread, answers, handledBy } }) =>
          item.state !== 'accepted' ||
          handledBy !== 'human' ||
          answers === null ||
          item.decidedAt === undefined
            ? []
            : [{ linkId, thread, answers, at: item.decidedAt }],
        ),
      );
    },
  };
}
