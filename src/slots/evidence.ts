import type { Proof } from '../exchange/index.ts';
import { isUuid } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { SlotDeps } from './deps.ts';
import { readReplyIssuer } from './dialogue/store.ts';
import { readMessages } from './sending-store.ts';

/** What proves messages and conversations, to be shown to whoever may not read their texts. */
export type SlotEvidence = {
  /** Of a message this node sent, whatever became of it. @throws Refusal `message.not_found` */
  message(id: string): Promise<Proof>;
  /** Of a word or an answer, said here or taken from a peer. @throws Refusal `reply.not_found` */
  reply(id: string): Promise<Proof>;
};

export function createSlotEvidence(deps: Pick<SlotDeps, 'db' | 'registry' | 'exchange'>): SlotEvidence {
  const { db, registry } = deps;
  const self = () => registry.self.entityId as string;
  return {
    async message(id) {
      const found = isUuid(id) ? await db.withClient((client) => readMessages(client, { ids: [id] }, 1)) : [];
      if (found.length === 0) throw new Refusal('message.not_found');
      return deps.exchange().proof({ iss: self(), jti: id });
    },
    async reply(id) {
      const iss = isUuid(id)
        ? await db.withClient((client) => readReplyIssuer(client, self(), id))
        : undefined;
      if (iss === undefined) throw new Refusal('reply.not_found');
      return deps.exchange().proof({ iss, jti: id });
    },
  };
}
