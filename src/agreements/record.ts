import type { Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { Change } from '../protocol/agreement/book.ts';
import type { EntityId } from '../protocol/ids.ts';

/** Attests what became of versions, in the transaction in which it did. */
export async function recordChanges(
  tx: Tx,
  evidence: Evidence,
  changes: readonly Change[],
  given: { peer: string; at: Date; exchange?: { iss: string; jti: string }; reason?: string | undefined },
): Promise<void> {
  const { peer, at, exchange, reason } = given;
  const records = await Promise.all(
    changes.map((change) =>
      evidence.sign({
        event: 'AgreementChanged',
        at,
        peer: peer as EntityId,
        subject: subjectOf(change),
        ...(exchange !== undefined && { env: { jti: exchange.jti, iss: exchange.iss as EntityId } }),
        ...(reason !== undefined && change.kind === 'state' && change.state === 'refused' && { reason }),
      }),
    ),
  );
  await evidence.store(tx, records);
}

function subjectOf(change: Change): string {
  switch (change.kind) {
    case 'add':
      return `agreement:${change.version.id}:${change.version.state}`;
    case 'state':
      return `agreement:${change.id}:${change.state}`;
    case 'terminate': {
      const { root, by, endsAtMs } = change.termination;
      return `agreement:${root}:terminated:${by}:${new Date(endsAtMs).toISOString()}`;
    }
  }
}
