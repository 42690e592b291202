import { v7 as uuidV7 } from 'uuid';
import type { Tx } from '../db/index.ts';
import type { ActHandler, InboundItem, OutcomeListener } from '../exchange/index.ts';
import { insertReceived, settleSent } from './store.ts';

/** `document.push` at the recipient: within what the customer lets this vault take, and then filed as received. */
export function createPushHandler(deps: { self: () => string }): ActHandler {
  return {
    act: 'document.push',
    content: 'required',
    link: 'required',
    async judge(_tx: Tx, items: InboundItem[]) {
      return items.map(({ link, manifest }) => {
        const types = link?.scopes[deps.self()]?.documents;
        const type = manifest.body['type'];
        return types?.includes(type as string) === true ? undefined : { refusal: 'link.scope' as const };
      });
    },
    async apply(tx, items) {
      await insertReceived(
        tx,
        items.map((item) => ({
          id: uuidV7(),
          iss: item.iss,
          jti: item.jti,
          linkId: item.claims.sub as string,
          bodyId: item.bodyId,
          type: item.manifest.body['type'] as string,
          contentType: item.manifest.content?.type as string,
          contentSize: item.manifest.content?.size as number,
          receivedAt: item.decidedAt,
        })),
      );
    },
  };
}

/** `document.push` at the sender: what became of it. */
export function createPushOutcome(): OutcomeListener {
  return { act: 'document.push', settled: settleSent };
}
