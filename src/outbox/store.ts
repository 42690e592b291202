import { type Database, insertRows, queryByIds, type Tx } from '../db/index.ts';
import { UNREACHABLE_CODES } from './unreachable.ts';

/** A delivery this process holds the lease of. */
export type Leased = {
  jti: string;
  peer: string;
  task: 'send' | 'close';
  giveUpReason: string | null;
  attempts: number;
  mismatches: number;
};

export type NewDelivery = {
  jti: string;
  peer: string;
  expiresAt: Date;
  /** Nothing is tried before. */
  notBefore?: Date;
};

/** Due at once, unless told otherwise, by the clock of the database, which is the one that leases: a node's own may be ahead of it. */
export async function insertDeliveries(tx: Tx, rows: readonly NewDelivery[]): Promise<void> {
  await insertRows(
    tx,
    { table: 'deliveries', columns: ['jti', 'peer', 'next_attempt_at', 'expires_at'] },
    rows.map((row) => [row.jti, row.peer, row.notBefore ?? 'now', row.expiresAt]),
  );
}

/** Takes due deliveries of one peer that no other worker or replica holds. */
export async function leaseDue(
  db: Database,
  lease: { peer: string; limit: number; owner: string; leaseMs: number },
): Promise<Leased[]> {
  return db.transact(async (tx) => {
    const { rows } = await tx.client.query({
      name: 'deliveries-lease',
      // By ctid, which holds while the rows are locked: whatever the plan, it looks at no other row.
      text: `update deliveries d
       set lease_owner = $3, leased_until = now() + $4 * interval '1 millisecond'
       where d.ctid = any(array(
         select ctid from deliveries
         where peer = $1 and next_attempt_at <= now() and (leased_until is null or leased_until <= now())
         order by next_attempt_at, jti limit $2 for update skip locked
       ))
       returning d.jti, d.peer, d.task, d.give_up_reason, d.attempts, d.mismatches`,
      values: [lease.peer, lease.limit, lease.owner, lease.leaseMs],
    });
    return rows.map((row) => ({
      jti: row.jti,
      peer: row.peer,
      task: row.task,
      giveUpReason: row.give_up_reason,
      attempts: row.attempts,
      mismatches: row.mismatches,
    }));
  });
}

/** Holds leases of work that takes longer than a lease. */
export async function extendLeases(
  db: Database,
  lease: { owner: string; jtis: string[]; leaseMs: number },
): Promise<void> {
  await db.transact((tx) =>
    tx.client.query(
      `update deliveries set leased_until = now() + $3 * interval '1 millisecond'
       where lease_owner = $1 and jti = any($2::uuid[])`,
      [lease.owner, lease.jtis, lease.leaseMs],
    ),
  );
}

export type Reschedule = {
  jti: string;
  delayMs: number;
  task: 'send' | 'close';
  giveUpReason: string | null;
  code: string | null;
  status: number | null;
  /** 1 where this counts as a try, 0 where it was only held back or given back. */
  attempt: 0 | 1;
  mismatch: 0 | 1;
};

/**
 * Gives leases back, with what was learned. A delivery that another worker settled meanwhile stays gone, and one that
 * another worker leased, because this one's lease ran out, stays its.
 */
export async function reschedule(db: Database, owner: string, rows: readonly Reschedule[]): Promise<void> {
  await db.transact((tx) =>
    tx.client.query(
      `update deliveries d set
         lease_owner = null,
         leased_until = null,
         -- Whoever made it a closing while it was being tried wants it closed at once.
         next_attempt_at = case when d.task = 'close' and r.task = 'send' then now()
           else now() + r.delay_ms * interval '1 millisecond' end,
         task = case when d.task = 'close' then 'close' else r.task end,
         give_up_reason = coalesce(r.give_up_reason, d.give_up_reason),
         attempts = d.attempts + r.attempt,
         mismatches = d.mismatches + r.mismatch,
         last_attempt_at = case when r.attempt = 1 then now() else d.last_attempt_at end,
         last_code = coalesce(r.code, d.last_code),
         last_status = coalesce(r.status, d.last_status)
       from (
         select * from unnest($1::uuid[], $2::float8[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[])
           as t (jti, delay_ms, task, give_up_reason, code, status, attempt, mismatch)
         order by jti
       ) r
       where d.jti = r.jti and d.lease_owner = $9`,
      [
        rows.map((row) => row.jti),
        rows.map((row) => row.delayMs),
        rows.map((row) => row.task),
        rows.map((row) => row.giveUpReason),
        rows.map((row) => row.code),
        rows.map((row) => row.status),
        rows.map((row) => row.attempt),
        rows.map((row) => row.mismatch),
        owner,
      ],
    ),
  );
}

/** Takes terminal exchanges out of the queue, in the transaction that stores their outcome. */
export async function removeDeliveries(tx: Tx, jtis: readonly string[]): Promise<void> {
  if (jtis.length === 0) return;
  await queryByIds(
    tx.client,
    { name: 'deliveries-remove', text: (ids) => `delete from deliveries where jti = any(${ids})` },
    jtis,
  );
}

/** Peers with something due, found by skipping along the index: never a scan of a long queue. */
export async function readDuePeers(db: Database): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query(
      `with recursive p as (
         (select peer from deliveries order by peer limit 1)
         union all
         select (select d.peer from deliveries d where d.peer > p.peer order by d.peer limit 1)
         from p where p.peer is not null
       )
       select peer from p
       where peer is not null
         and exists (select 1 from deliveries d where d.peer = p.peer and d.next_attempt_at <= now()
           and (d.leased_until is null or d.leased_until <= now()))`,
    ),
  );
  return rows.map((row) => row.peer);
}

/** Turns what is past its window into closings, due at once. Returns the peers concerned. */
export async function expireDeliveries(db: Database, limit: number): Promise<string[]> {
  return db.transact(async (tx) => {
    const { rows } = await tx.client.query(
      `update deliveries d set task = 'close', give_up_reason = 'exchange.expired', next_attempt_at = now()
       from (
         select jti from deliveries where task = 'send' and expires_at <= now()
         order by expires_at limit $1 for update skip locked
       ) late
       where d.jti = late.jti
       returning d.peer`,
      [limit],
    );
    return [...new Set(rows.map((row) => row.peer as string))];
  });
}

/**
 * Makes due what waits for a peer that was heard from: its closings, and what found nobody. What it answered keeps the time
 * it was given, and nothing is tried more often than every ten seconds for that. Returns how many there were, at most
 * `limit`.
 */
export async function hastenUnanswered(db: Database, peer: string, limit: number): Promise<number> {
  return db.transact(async (tx) => {
    const { rowCount } = await tx.client.query(
      `update deliveries set next_attempt_at = now()
       where ctid = any(array(
         select ctid from deliveries
         where peer = $1 and next_attempt_at > now() and lease_owner is null
           and (task = 'close' or last_code = any($2::text[]))
           and (last_attempt_at is null or last_attempt_at < now() - interval '10 seconds')
         limit $3 for update skip locked
       ))`,
      [peer, UNREACHABLE_CODES, limit],
    );
    return rowCount ?? 0;
  });
}

/** Makes due what the state of the peer held back, on this side or by its answer. */
export async function hastenForPeer(tx: Tx, peer: string): Promise<void> {
  await tx.client.query(
    `update deliveries set next_attempt_at = now()
     where peer = $1 and last_code like 'peer.%' and lease_owner is null and next_attempt_at > now()`,
    [peer],
  );
}

/** Makes a delivery due at once, unless it is being tried just now. Returns its peer; undefined where none is queued. */
export async function makeDue(db: Database, jti: string): Promise<string | undefined> {
  return db.transact(async (tx) => {
    const { rows } = await tx.client.query(
      'update deliveries set next_attempt_at = least(next_attempt_at, now()) where jti = $1 returning peer',
      [jti],
    );
    return rows[0]?.peer;
  });
}

/** Turns deliveries into closings, due at once or as soon as the try under way ends. Returns their peers. */
export async function closeDeliveries(tx: Tx, jtis: readonly string[], reason: string): Promise<string[]> {
  const { rows } = await tx.client.query<{ peer: string }>(
    `update deliveries d set
       task = 'close',
       give_up_reason = coalesce(d.give_up_reason, $2),
       next_attempt_at = least(d.next_attempt_at, now())
     from (select jti from deliveries where jti = any($1::uuid[]) order by jti for update) c
     where d.jti = c.jti returning d.peer`,
    [jtis, reason],
  );
  return [...new Set(rows.map(({ peer }) => peer))];
}

/** What waits for a peer; `queued` counts no further than `countLimit`. */
export async function readQueue(
  db: Database,
  peer: string,
  countLimit: number,
): Promise<{ queued: number; nextAttemptAt: Date | null }> {
  const { rows } = await db.withClient((client) =>
    client.query(
      `select count(*)::int as queued, min(greatest(next_attempt_at, leased_until)) as next_attempt_at
       from (
         select next_attempt_at, leased_until from deliveries where peer = $1 order by next_attempt_at limit $2
       ) waiting`,
      [peer, countLimit],
    ),
  );
  return { queued: rows[0].queued, nextAttemptAt: rows[0].next_attempt_at };
}

/** Makes due what these links hold back, on this side or by the peer's answer. */
export async function hastenHeld(tx: Tx, changed: { peer: string; links: readonly string[] }): Promise<void> {
  await tx.client.query(
    `update deliveries d set next_attempt_at = now()
     from outbound_exchanges o
     where o.jti = d.jti and o.sub = any($2::uuid[]) and d.peer = $1 and d.last_code like 'link.%'
       and d.lease_owner is null and d.next_attempt_at > now()`,
    [changed.peer, changed.links],
  );
}
