import type { Database, Tx } from '../db/index.ts';

/** A slot is paused, or opened again where `reason` is null. */
export async function writePause(
  tx: Tx,
  slot: { peer: string; slot: string },
  reason: string | null,
): Promise<void> {
  await tx.client.query(
    `insert into hosted_slots (peer, slot, paused_at, paused_reason)
     values ($1, $2, case when $3::text is not null then now() end, $3)
     on conflict (peer, slot) do update set paused_reason = excluded.paused_reason,
       paused_at = case when excluded.paused_at is null then null
         else coalesce(hosted_slots.paused_at, excluded.paused_at) end`,
    [slot.peer, slot.slot, reason],
  );
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
