import type { Tx } from '../db/index.ts';
import type { ActHandler, InboundItem, Verdict } from '../exchange/index.ts';
import { newUuidV7 } from '../random.ts';
import { insertReceived } from './inbox-store.ts';
import { countVolumes, judgeVolumes } from './volumes.ts';

/**
 * `document.push` at the recipient: within what the customer lets this vault take and the agreement grants its sender, and
 * then filed as received.
 */
export function createPushHandler(deps: {
  self: () => string;
  /** Files what came in, in the same transaction: where this node is itself the vault's store. */
  consignOnArrival?: (tx: Tx, ids: readonly string[]) => Promise<void>;
}): ActHandler {
  const grantOf = ({ agreement }: InboundItem) => agreement?.terms.hosts[deps.self()]?.documents;

  function judgeType(item: InboundItem): Verdict | undefined {
    const type = item.manifest.body['type'] as string;
    if (item.link?.scopes[deps.self()]?.documents?.includes(type) !== true) return { refusal: 'link.scope' };
    if (item.agreement === undefined || grantOf(item)?.types.includes(type) === true) return undefined;
    return { refusal: 'agreement.scope' };
  }

  return {
    act: 'document.push',
    content: 'required',
    link: 'required',
    agreement: 'where_agreed',
    async judge(tx: Tx, items: InboundItem[]) {
      const verdicts = new Map(items.map((item) => [item, judgeType(item)]));
      const fitting = items.filter((item) => verdicts.get(item) === undefined);
      for (const [at, verdict] of (await judgeVolumes(tx, fitting, grantOf)).entries()) {
        verdicts.set(fitting[at] as InboundItem, verdict);
      }
      return items.map((item) => verdicts.get(item));
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
      await countVolumes(tx, items, grantOf);
      await deps.consignOnArrival?.(
        tx,
        rows.map((row) => row.id),
      );
    },
  };
}
