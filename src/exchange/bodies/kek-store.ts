import type { Reader, Tx } from '../../db/index.ts';

/** One replica at a time changes which key-encryption key is current. */
const KEK_LOCK = '4931770031';

export type KekEpoch = {
  kekId: string;
  state: 'active' | 'replaced' | 'destroyed';
  createdAt: Date;
  replacedAt: Date | null;
  condemnedAt: Date | null;
  destroyedAt: Date | null;
};

export async function lockKeks(tx: Tx): Promise<void> {
  await tx.client.query('select pg_advisory_xact_lock($1)', [KEK_LOCK]);
}

/** Oldest first: ids begin with their time. */
export async function listKekEpochs(reader: Reader | Tx['kysely']): Promise<KekEpoch[]> {
  const rows = await reader.selectFrom('kek_epochs').selectAll().orderBy('kek_id').execute();
  return rows.map((row) => ({
    kekId: row.kek_id,
    state: row.state,
    createdAt: row.created_at,
    replacedAt: row.replaced_at,
    condemnedAt: row.condemned_at,
    destroyedAt: row.destroyed_at,
  }));
}

/** Makes one the current key; the one before it is replaced. Others that are new here were never current for long. */
export async function writeCurrent(
  tx: Tx,
  current: string,
  found: readonly { id: string; fingerprint: string }[],
): Promise<void> {
  for (const { id, fingerprint } of found) {
    await tx.client.query(
      `insert into kek_epochs (kek_id, fingerprint, state, replaced_at) values ($1, $2, 'replaced', now())
       on conflict (kek_id) do nothing`,
      [id, fingerprint],
    );
  }
  await tx.client.query(
    `update kek_epochs set state = 'replaced', replaced_at = now() where state = 'active' and kek_id <> $1`,
    [current],
  );
  await tx.client.query(
    `update kek_epochs set state = 'active', replaced_at = null, condemned_at = null
     where kek_id = $1 and state <> 'active'`,
    [current],
  );
}

/** Whether anything is still wrapped under a key: bodies, and what else of a node is. */
export async function isKekUsed(tx: Tx, kekId: string): Promise<boolean> {
  const { rows } = await tx.client.query<{ used: boolean }>(
    `select exists (select 1 from bodies where kek_id = $1 and state = 'kept')
       or exists (select 1 from link_redemptions where kek_id = $1 and wrapped_code_key is not null) as used`,
    [kekId],
  );
  return rows[0]?.used === true;
}

/** Replaced keys whose time is over, by the clock of the database. */
export async function readOverdueKeks(tx: Tx, epochDays: number): Promise<KekEpoch[]> {
  const { rows } = await tx.client.query<{ kek_id: string }>(
    `select kek_id from kek_epochs
     where state = 'replaced' and replaced_at <= now() - $1 * interval '1 day' order by kek_id`,
    [epochDays],
  );
  const overdue = new Set(rows.map((row) => row.kek_id));
  return (await listKekEpochs(tx.kysely)).filter((epoch) => overdue.has(epoch.kekId));
}

export async function isEpochOver(reader: Tx, kekId: string, epochDays: number): Promise<boolean> {
  const { rowCount } = await reader.client.query(
    `select 1 from kek_epochs where kek_id = $1 and created_at <= now() - $2 * interval '1 day'`,
    [kekId, epochDays],
  );
  return rowCount === 1;
}

/** Condemns a key, or takes that back; true where it was condemned at least `waitS` seconds ago. */
export async function condemn(tx: Tx, kekId: string, condemned: boolean, waitS: number): Promise<boolean> {
  const { rows } = await tx.client.query<{ ripe: boolean }>(
    `update kek_epochs k set condemned_at = case when $2 then coalesce(k.condemned_at, now()) end
     from kek_epochs before
     where k.kek_id = $1 and before.kek_id = k.kek_id
     returning coalesce(before.condemned_at <= now() - $3 * interval '1 second', false) as ripe`,
    [kekId, condemned, waitS],
  );
  return condemned && rows[0]?.ripe === true;
}

export async function writeDestroyed(tx: Tx, kekId: string): Promise<void> {
  await tx.client.query(`update kek_epochs set state = 'destroyed', destroyed_at = now() where kek_id = $1`, [
    kekId,
  ]);
}

export type WrappedBody = { id: string; kekId: string; wrappedKey: Buffer };

/** Bodies whose key isn't wrapped under the current key. Uploads still open have no wrapped key yet. */
export async function readStale(tx: Tx, keks: readonly string[], limit: number): Promise<WrappedBody[]> {
  if (keks.length === 0) return [];
  const { rows } = await tx.client.query(
    `select id, kek_id as "kekId", wrapped_key as "wrappedKey" from bodies
     where kek_id = any($1::text[]) and state = 'kept' limit $2`,
    [keks, limit],
  );
  return rows;
}

/** Writes keys wrapped anew, each only where the one it was made from still stands. Returns how many did. */
export async function writeRewrapped(
  tx: Tx,
  rows: readonly { id: string; from: Buffer; kekId: string; wrappedKey: Buffer }[],
): Promise<number> {
  const { rowCount } = await tx.client.query(
    `update bodies b set kek_id = r.kek_id, wrapped_key = r.wrapped_key
     from (
       select * from unnest($1::uuid[], $2::bytea[], $3::text[], $4::bytea[]) as t (id, old_key, kek_id, wrapped_key)
       order by id
     ) r
     where b.id = r.id and b.wrapped_key = r.old_key and b.state = 'kept'`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.from),
      rows.map((row) => row.kekId),
      rows.map((row) => row.wrappedKey),
    ],
  );
  return rowCount ?? 0;
}
