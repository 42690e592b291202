import type pg from 'pg';
import { type Database, insertRows, type Tx } from '../../db/index.ts';
import type { GuestEvent, MessageEvent } from '../../protocol/slot/engagement.ts';
import { newUuidV7 } from '../../random.ts';

/** An event for a guest to be told of; about a message, or about the guest. */
export type NewReport = {
  peer: string;
  linkId: string;
  customerId: string;
  messageId: string | null;
  message: string | null;
  kind: MessageEvent | GuestEvent;
  at: Date;
  dueAt: Date;
};

export async function insertReports(tx: Tx, reports: readonly NewReport[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'engagement_reports',
      columns: ['id', 'peer', 'link_id', 'customer_id', 'message_id', 'message', 'kind', 'at', 'due_at'],
      suffix: 'on conflict (message_id, kind) where message_id is not null do nothing',
    },
    reports.map((one) => [
      newUuidV7(),
      one.peer,
      one.linkId,
      one.customerId,
      one.messageId,
      one.message,
      one.kind,
      one.at,
      one.dueAt,
    ]),
  );
  await claimable(
    tx,
    reports.map(({ peer }) => peer),
  );
}

/** Guests who have a row to be claimed by. */
export async function claimable(tx: Tx, peers: readonly string[]): Promise<void> {
  await insertRows(
    tx,
    { table: 'engagement_peers', columns: ['peer'], suffix: 'on conflict (peer) do nothing' },
    [...new Set(peers)].sort().map((peer) => [peer]),
  );
}

/** Takes back what is not on its way yet. Returns how many. */
export async function dropUndone(
  tx: Tx,
  undone: readonly { messageId: string; kind: MessageEvent }[],
): Promise<void> {
  if (undone.length === 0) return;
  await tx.client.query(
    `delete from engagement_reports r using unnest($1::uuid[], $2::text[]) as u (message_id, kind)
     where r.message_id = u.message_id and r.kind = u.kind and r.exchange_jti is null and r.told_at is null`,
    [undone.map((one) => one.messageId), undone.map((one) => one.kind)],
  );
}

/** The same of what is about a guest. Returns whether there was anything to take back. */
export async function dropGuestEvents(
  tx: Tx,
  customer: string,
  peer: string,
  kind: GuestEvent,
): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `delete from engagement_reports
     where customer_id = $1 and peer = $2 and kind = $3 and message_id is null and exchange_jti is null and told_at is null`,
    [customer, peer, kind],
  );
  return (rowCount ?? 0) > 0;
}

/** Guests who wait to be told something, and have nothing of the kind under way. */
export async function readDuePeers(db: Database): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query<{ peer: string }>(
      `select p.peer from engagement_peers p
       where p.exchange_jti is null and p.due_at <= now() and (
         exists (select 1 from engagement_reports r
           where r.peer = p.peer and r.exchange_jti is null and r.told_at is null and r.due_at <= now())
         or exists (select 1 from engagement_months m
           where m.peer = p.peer and m.exchange_jti is null and m.told_at is null))`,
    ),
  );
  return rows.map((row) => row.peer);
}

/** Takes a guest for this transaction; false where another replica has it, or an exchange is under way. */
export async function claimPeer(tx: Tx, peer: string): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `select 1 from engagement_peers where peer = $1 and exchange_jti is null and due_at <= now() for update skip locked`,
    [peer],
  );
  return rowCount === 1;
}

export type DueReport = {
  id: string;
  linkId: string;
  message: string | null;
  kind: MessageEvent | GuestEvent;
  at: Date;
};

export async function readDueReports(tx: Tx, peer: string, limit: number): Promise<DueReport[]> {
  const { rows } = await tx.client.query<DueReport>(
    `select id, link_id as "linkId", message, kind, at from engagement_reports
     where peer = $1 and exchange_jti is null and told_at is null and due_at <= now()
     order by due_at, id limit $2`,
    [peer, limit],
  );
  return rows;
}

/** Those that are still there, locked. */
export async function lockReports(tx: Tx, ids: readonly string[]): Promise<DueReport[]> {
  const { rows } = await tx.client.query<DueReport>(
    `select id, link_id as "linkId", message, kind, at from engagement_reports
     where id = any($1::uuid[]) and exchange_jti is null and told_at is null order by id for update`,
    [ids],
  );
  return rows;
}

/** The links that exchanges under way tell of. */
export async function readUnderWay(
  client: pg.ClientBase,
  jtis: readonly string[],
): Promise<{ jti: string; linkId: string }[]> {
  const { rows } = await client.query<{ jti: string; linkId: string }>(
    `select distinct exchange_jti as jti, link_id as "linkId" from engagement_reports
     where exchange_jti = any($1::uuid[]) and told_at is null`,
    [jtis],
  );
  return rows;
}

/** What may not be told any more. */
export async function dropReports(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0)
    await tx.client.query('delete from engagement_reports where id = any($1::uuid[])', [ids]);
}

export async function carryReports(tx: Tx, peer: string, jti: string, ids: readonly string[]): Promise<void> {
  await tx.client.query('update engagement_reports set exchange_jti = $2 where id = any($1::uuid[])', [
    ids,
    jti,
  ]);
  await markUnderWay(tx, peer, jti);
}

export async function markUnderWay(tx: Tx, peer: string, jti: string): Promise<void> {
  await tx.client.query('update engagement_peers set exchange_jti = $2 where peer = $1', [peer, jti]);
}

/** The exchanges that carried reports or months ended: those are told, or free to be issued again. */
export async function settleReports(
  tx: Tx,
  settled: readonly { jti: string; accepted: boolean; at: Date }[],
  retry: { baseS: number; capS: number },
): Promise<void> {
  const values = [
    settled.map((one) => one.jti),
    settled.map((one) => one.accepted),
    settled.map((one) => one.at),
  ];
  for (const table of ['engagement_reports', 'engagement_months']) {
    await tx.client.query(
      `update ${table} r set exchange_jti = case when s.accepted then r.exchange_jti end,
         told_at = case when s.accepted then s.at end
       from unnest($1::uuid[], $2::boolean[], $3::timestamptz[]) as s (jti, accepted, at)
       where r.exchange_jti = s.jti and r.told_at is null`,
      values,
    );
  }
  await tx.client.query(
    `update engagement_peers p set exchange_jti = null,
       failures = case when s.accepted then 0 else p.failures + 1 end,
       due_at = case when s.accepted then now()
         else now() + least($4::float8, $3::float8 * 2 ^ least(p.failures, 20)) * interval '1 second' end
     from unnest($1::uuid[], $2::boolean[]) as s (jti, accepted) where p.exchange_jti = s.jti`,
    [values[0], values[1], retry.baseS, retry.capS],
  );
}
