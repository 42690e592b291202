import { createGroupCommit, type Database, together } from '../db/index.ts';
import type { Evidence, EvidenceRow } from '../evidence/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { sha256 } from '../protocol/digest.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { ReceiptClaims } from '../protocol/receipt.ts';
import type { Registry } from '../registry/index.ts';
import type { OutcomeListener, SettledItem } from './acts.ts';
import { settleOutbound } from './store.ts';

/** What is now known of an exchange this node sent. */
export type Settlement = {
  jti: string;
  peer: string;
  envSha256: string;
  state: 'accepted' | 'rejected' | 'failed';
  reason: string | null;
  /** The counterpart's signed answer; absent where none was obtained. */
  receipt?: { jws: string; claims: ReceiptClaims };
  /** Whether the outbox goes on asking: nobody has confirmed the end yet. */
  keepDelivery: boolean;
};

/** The reason of an exchange that was given up without any answer. A receipt that comes later still counts. */
export const UNCONFIRMED = 'exchange.unconfirmed';

/** Nothing was decided about what was said: it may be said again. */
export function isUndecided({ state, reason }: Pick<SettledItem, 'state' | 'reason'>): boolean {
  return state === 'failed' || reason === 'time.expired';
}

const MAX_BATCH = 128;

/** Stores outcomes in shared transactions: state, the receipt, our record of it, and the end of the delivery. */
export function createSettling(deps: {
  db: Database;
  registry: Registry;
  evidence: Evidence;
  outbox: Outbox;
  listeners: ReadonlyMap<string, OutcomeListener>;
  onCommit?: ((items: number) => void) | undefined;
}): { settle(settlement: Settlement): Promise<void> } {
  const { db, registry, evidence, outbox, listeners } = deps;

  async function recordsOf(settlement: Settlement): Promise<EvidenceRow[]> {
    const { self } = registry;
    const peer = settlement.peer as EntityId;
    const env = { jti: settlement.jti, iss: self.entityId, sha256: settlement.envSha256 };
    const { receipt } = settlement;
    if (receipt === undefined) {
      return [
        await evidence.sign({
          event: 'RelayFailure',
          peer,
          env,
          reason: settlement.reason ?? UNCONFIRMED,
          erds: 'R_ERDS_Unreachable',
        }),
      ];
    }
    return [
      {
        exchangeJti: settlement.jti,
        exchangeIss: self.entityId,
        event: receipt.claims.event,
        issuer: receipt.claims.iss,
        eventAt: new Date(receipt.claims.iat * 1000),
        jws: receipt.jws,
      },
      await evidence.sign({ event: 'ReceiptStored', peer, env, cites: sha256(receipt.jws) }),
    ];
  }

  const commits = createGroupCommit<Settlement, undefined>({
    maxBatch: MAX_BATCH,
    onCommit: deps.onCommit,
    async commit(batch) {
      const records = new Map<string, EvidenceRow[]>();
      await Promise.all(
        batch.map(async (settlement) => records.set(settlement.jti, await recordsOf(settlement))),
      );
      await db.transact(async (tx) => {
        const over = batch.filter((settlement) => !settlement.keepDelivery);
        const [changed] = await together([
          settleOutbound(tx, batch),
          outbox.remove(
            tx,
            over.map((settlement) => settlement.jti),
          ),
        ]);
        const byJti = new Map(batch.map((settlement) => [settlement.jti, settlement]));
        const settledAt = new Date();
        await evidence.store(
          tx,
          changed.flatMap(({ jti }) => records.get(jti) ?? []),
        );
        // One after the other: row locks don't keep two listeners of one transaction apart.
        for (const [act, listener] of listeners) {
          const items = changed.flatMap((row): SettledItem[] => {
            const settlement = byJti.get(row.jti);
            if (row.act !== act || settlement === undefined) return [];
            return [settledItem(row, settlement, settledAt)];
          });
          if (items.length > 0) await listener.settled(tx, items);
        }
      });
      return batch.map(() => undefined);
    },
  });

  return { settle: (settlement) => commits.add(settlement) };
}

function settledItem(
  { jti, act }: { jti: string; act: string },
  settlement: Settlement,
  settledAt: Date,
): SettledItem {
  const { peer, state, reason, receipt } = settlement;
  const { outcome, nextEligibleAt } = receipt?.claims ?? {};
  return {
    jti,
    act,
    peer,
    state,
    reason,
    settledAt,
    decidedAt: receipt && new Date(receipt.claims.iat * 1000),
    ...(outcome !== undefined && { outcome }),
    ...(nextEligibleAt !== undefined && { nextEligibleAt: new Date(nextEligibleAt) }),
  };
}
