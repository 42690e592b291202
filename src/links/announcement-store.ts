import type { Database, Tx } from '../db/index.ts';

/** Own halves that the peer is to be told of now, in the order they became due. */
export async function readDueAnnouncements(db: Database, limit: number): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query<{ link_id: string }>(
      `select link_id from link_halves
       where announce_at is not null and announce_at <= clock_timestamp() order by announce_at limit $1`,
      [limit],
    ),
  );
  return rows.map((row) => row.link_id);
}

/** Takes a due announcement: locked, and only if another replica has not taken it meanwhile. */
export async function takeDueAnnouncement(tx: Tx, linkId: string): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `update link_halves set announce_at = null
     where link_id = $1 and owner = 'self' and announce_at <= clock_timestamp()`,
    [linkId],
  );
  return rowCount === 1;
}

export async function insertAnnouncement(
  tx: Tx,
  announcement: { jti: string; linkId: string; rev: number; at: Date },
): Promise<void> {
  await tx.client.query(
    'insert into link_announcements (jti, link_id, rev, created_at) values ($1, $2, $3, $4)',
    [announcement.jti, announcement.linkId, announcement.rev, announcement.at],
  );
}

export type SettledAnnouncement = { linkId: string; rev: number; jti: string };

export async function settleAnnouncements(
  tx: Tx,
  settled: readonly { jti: string; state: 'accepted' | 'rejected' | 'failed' }[],
): Promise<SettledAnnouncement[]> {
  const { rows } = await tx.client.query<{ link_id: string; rev: number; jti: string }>(
    `update link_announcements a set outcome = s.outcome
     from (select * from unnest($1::uuid[], $2::text[]) as s (jti, outcome) order by jti) s
     where a.jti = s.jti returning a.link_id, a.rev, a.jti`,
    [settled.map((one) => one.jti), settled.map((one) => one.state)],
  );
  return rows.map((row) => ({ linkId: row.link_id, rev: row.rev, jti: row.jti }));
}

/** The peer has this revision. */
export async function acknowledge(tx: Tx, linkId: string, rev: number): Promise<void> {
  await tx.client.query(
    `update link_halves set acknowledged_rev = greatest(coalesce(acknowledged_rev, 0), $2), announce_tries = 0
     where link_id = $1 and owner = 'self'`,
    [linkId, rev],
  );
}

/** The peer is told at once, unless it has the newest revision. */
export async function announceIfNewer(tx: Tx, linkId: string): Promise<void> {
  await tx.client.query(
    `update link_halves set announce_at = clock_timestamp()
     where link_id = $1 and owner = 'self' and rev > coalesce(acknowledged_rev, 0)`,
    [linkId],
  );
}

/**
 * The peer is told again later, unless it has this revision meanwhile, or a newer one is on its way. The wait doubles
 * from `baseMs` to `capMs`.
 */
export async function announceLater(
  tx: Tx,
  announcement: { linkId: string; rev: number },
  wait: { baseMs: number; capMs: number },
): Promise<void> {
  await tx.client.query(
    `update link_halves set announce_tries = announce_tries + 1,
       announce_at = clock_timestamp() + least($3 * power(2, least(announce_tries, 20)), $4) * interval '1 millisecond'
     where link_id = $1 and owner = 'self' and rev = $2 and announce_at is null and rev > coalesce(acknowledged_rev, 0)`,
    [announcement.linkId, announcement.rev, wait.baseMs, wait.capMs],
  );
}

/** Bodies of the exchanges that carried a link's consent, but for what is still on its way. */
export async function readLinkBodies(tx: Tx, linkId: string): Promise<string[]> {
  const { rows } = await tx.client.query<{ body_id: string }>(
    `select o.body_id from outbound_exchanges o
       where (o.jti in (select jti from link_announcements where link_id = $1)
           or o.jti in (select jti from link_redemptions where link_id = $1))
         and o.state <> 'pending'
     union
     select i.body_id from inbound_exchanges i
       where (i.iss, i.jti) in (select exchange_iss, exchange_jti from link_journal where link_id = $1)
         and i.sub = $1 and i.act in ('link.redeem', 'link.half') and i.body_id is not null`,
    [linkId],
  );
  return rows.map((row) => row.body_id);
}
