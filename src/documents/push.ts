import type { Tx } from '../db/index.ts';
import type { ActHandler, InboundItem } from '../exchange/index.ts';
import { newUuidV7 } from '../random.ts';
import { insertReceived } from './inbox-store.ts';

/** `document.push` at the recipient: within what the customer lets this vault take, and then filed as received. */
export function createPushHandler(deps: {
  self: () => string;
  /** Files what came in, in the same transaction: where this node is itself the vault's store. */
  consignOnArrival?: (tx: Tx, ids: readonly string[]) => Promise<void>;
}): ActHandler {
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
      const rows = items.map((item) => {
        const replaces = item.manifest.body['replaces'];
        return {
          id: newUuidV7(),
          iss: item.iss,
          jti: item.jti,
          linkId: item.claims.sub as string,
          bodyId: item.bodyId,
          type: item.manifest.body['type'] as string,
          contentType: item.manifest.content?.type as string,
          contentSize: item.manifest.content?.size as number,
          receivedAt: item.decidedAt,
          replaces: typeof replaces === 'string' ? replaces : null,
        };
      });
      await insertReceived(tx, rows);
      await deps.consignOnArrival?.(
        tx,
        rows.map((row) => row.id),
      );
    },
  };
}
