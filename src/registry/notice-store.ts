import type { Tx } from '../db/index.ts';
import type { EntityId } from '../protocol/ids.ts';

export type StoredNotice = { entityId: EntityId; state: 'active' | 'suspended' | 'revoked'; rev: number };

/** What these peers are to be told: how this node holds them, and since when. */
export async function readNotices(tx: Tx, entityIds: readonly string[]): Promise<StoredNotice[]> {
  const rows = await tx.kysely
    .selectFrom('peers')
    .select(['entity_id', 'state', 'state_changed_at'])
    .where('entity_id', 'in', [...entityIds])
    .where('state', 'in', ['active', 'suspended', 'revoked'])
    .execute();
  return rows.map((row) => ({
    entityId: row.entity_id as EntityId,
    state: row.state as StoredNotice['state'],
    rev: row.state_changed_at.getTime(),
  }));
}

/** Keeps what a peer said of itself towards us; an older word changes nothing. */
export async function storeNotice(
  tx: Tx,
  entityId: string,
  notice: { state: StoredNotice['state']; rev: number },
): Promise<void> {
  await tx.kysely
    .updateTable('peers')
    .set({ notice_state: notice.state, notice_rev: notice.rev })
    .where('entity_id', '=', entityId)
    .where((eb) => eb.or([eb('notice_rev', 'is', null), eb('notice_rev', '<', notice.rev)]))
    .execute();
}
