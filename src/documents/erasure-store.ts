import type { Tx } from '../db/index.ts';

export async function writeErasure(
  tx: Tx,
  side: 'received' | 'sent',
  erased: { ids: readonly string[]; at: Date; reason: string },
): Promise<void> {
  const table = side === 'received' ? 'received_documents' : 'sent_documents';
  await tx.client.query(
    `update ${table} set type = null, erased_at = $2, erased_reason = $3
     where id = any($1::uuid[])`,
    [erased.ids, erased.at, erased.reason],
  );
}

/** Deleted documents whose grace is over, that no other replica is erasing. */
export async function readOverdueDeletions(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.client.query<{ id: string }>(
    `select id from received_documents
     where deleted_at is not null and erased_at is null and restorable_until <= now()
     order by restorable_until limit $1 for update skip locked`,
    [limit],
  );
  return rows.map((row) => row.id);
}

/** Where a sweep goes on; undefined where another replica is at it. */
export async function claimCursor(tx: Tx, name: string): Promise<string | undefined> {
  await tx.client.query(
    `insert into sweep_cursors (name, jti) values ($1, '00000000-0000-0000-0000-000000000000')
     on conflict (name) do nothing`,
    [name],
  );
  const { rows } = await tx.client.query<{ jti: string }>(
    'select jti from sweep_cursors where name = $1 for update skip locked',
    [name],
  );
  return rows[0]?.jti;
}

/** Exchanges from one id to before another, but for acts whose bodies are kept for good. */
export type SweptRange = { from: string; before: string; lastingActs: readonly string[] };

/**
 * Bodies of exchanges this node sent that ended before `endedBefore`, oldest first. Ids are in the order of time, so the
 * search is bounded by the cursor on one side and by the newest id that can have ended in time on the other.
 */
export async function readEndedBodies(
  tx: Tx,
  range: SweptRange & { endedBefore: Date; limit: number },
): Promise<{ jti: string; bodyId: string }[]> {
  const { rows } = await tx.client.query<{ jti: string; bodyId: string }>(
    `select o.jti, o.body_id as "bodyId"
     from outbound_exchanges o join bodies b on b.id = o.body_id and b.state = 'kept'
     where o.jti >= $1 and o.jti < $2 and o.state <> 'pending' and o.decided_at < $3 and o.act <> all($5::text[])
     order by o.jti limit $4`,
    [range.from, range.before, range.endedBefore, range.limit, range.lastingActs],
  );
  return rows;
}

/** Moves the cursor up to the first exchange whose body is still to go. */
export async function moveCursor(tx: Tx, name: string, range: SweptRange): Promise<void> {
  await tx.client.query(
    `update sweep_cursors set jti = coalesce((
       select o.jti from outbound_exchanges o join bodies b on b.id = o.body_id and b.state = 'kept'
       where o.jti >= $2 and o.jti < $3 and o.act <> all($4::text[]) order by o.jti limit 1), $3)
     where name = $1`,
    [name, range.from, range.before, range.lastingActs],
  );
}
