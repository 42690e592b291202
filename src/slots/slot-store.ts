import type { Database, Tx } from '../db/index.ts';

/** A slot is paused, or opened again where `reason` is null. Returns whether it was otherwise before. */
export async function writePause(
  tx: Tx,
  slot: { peer: string; slot: string },
  reason: string | null,
): Promise<boolean> {
  // An update that changes nothing, for its lock: of two who pause at once the second finds it paused.
  const { rows } = await tx.client.query<{ paused: boolean }>(
    `insert into hosted_slots (peer, slot) values ($1, $2)
     on conflict (peer, slot) do update set human_failures = hosted_slots.human_failures
     returning paused_at is not null as paused`,
    [slot.peer, slot.slot],
  );
  await tx.client.query(
    `update hosted_slots set paused_reason = $3,
       paused_at = case when $3::text is not null then coalesce(paused_at, now()) end
     where peer = $1 and slot = $2`,
    [slot.peer, slot.slot, reason],
  );
  return rows[0]?.paused !== (reason !== null);
}

/** Takes the probe of a slot that is due: no other replica makes it too. */
export async function claimProbe(
  db: Database,
  slot: { peer: string; slot: string },
  intervalMs: number,
): Promise<boolean> {
  return db.transact(async (tx) => {
    const { rowCount } = await tx.client.query(
      `insert into hosted_slots (peer, slot, human_checked_at) values ($1, $2, now())
       on conflict (peer, slot) do update set human_checked_at = now()
       where hosted_slots.human_checked_at is null
         or hosted_slots.human_checked_at <= now() - $3 * interval '1 millisecond'`,
      [slot.peer, slot.slot, intervalMs],
    );
    return rowCount === 1;
  });
}

export async function writeProbe(
  db: Database,
  slot: { peer: string; slot: string },
  ok: boolean,
): Promise<void> {
  await db.transact((tx) =>
    tx.client.query(
      `update hosted_slots set human_failures = case when $3 then 0 else human_failures + 1 end
       where peer = $1 and slot = $2`,
      [slot.peer, slot.slot, ok],
    ),
  );
}
