import type { Database, Tx } from '../db/index.ts';
import type { ConsentRecord } from '../protocol/consent-record.ts';
import type { EntityId, LinkId } from '../protocol/ids.ts';
import type { LinkHalfState } from '../protocol/link-half.ts';
import type { LinkScopesByHost } from '../protocol/link-scopes.ts';
import { newUuidV7 } from '../random.ts';

export type Owner = 'self' | 'peer';

export type Half = {
  rev: number;
  state: LinkHalfState;
  scopes: LinkScopesByHost;
  /** Absent where the half is revoked, or the link erased. */
  consent: ConsentRecord | null;
  restorableUntil: Date | null;
  beforeRevocation: 'active' | 'paused' | null;
};

export type StoredHalf = Half & {
  /** Revoked, and may still come back, by the database's clock. */
  restorable: boolean;
  changedAt: Date;
  /** Own halves: the newest revision the peer is known to have. */
  acknowledgedRev: number | null;
};

export type StoredLink = {
  id: LinkId;
  peer: EntityId;
  /** This node's opaque id of the customer; null once erased. */
  customerId: string | null;
  /** The institution's own reference of the customer. */
  customer: string | null;
  initiatedBy: Owner;
  erased: boolean;
  createdAt: Date;
  self: StoredHalf | undefined;
  other: StoredHalf | undefined;
};

type Client = Tx['client'];

/**
 * The opaque id of an institution's customer, made where there is none. It locks the customer's row, which is the lock
 * of all their links: every writer takes it first.
 */
export async function lockCustomer(tx: Tx, reference: string): Promise<string> {
  const { rows } = await tx.client.query<{ id: string }>(
    `insert into customers (id, reference) values ($1, $2)
     on conflict (reference) do update set reference = excluded.reference returning id`,
    [newUuidV7(), reference],
  );
  return (rows[0] as { id: string }).id;
}

/** Locks customers by id, always in the same order. */
export async function lockCustomers(tx: Tx, ids: readonly (string | null)[]): Promise<void> {
  const known = [...new Set(ids.filter((id) => id !== null))].sort();
  if (known.length === 0) return;
  await tx.client.query('select 1 from customers where id = any($1::uuid[]) order by id for no key update', [
    known,
  ]);
}

/** Customers by link, without a lock: only to know which to lock. */
export async function readCustomers(tx: Tx, linkIds: readonly string[]): Promise<(string | null)[]> {
  const { rows } = await tx.client.query<{ customer_id: string | null }>(
    'select customer_id from links where id = any($1::uuid[])',
    [linkIds],
  );
  return rows.map((row) => row.customer_id);
}

const LINKS = `
  select l.id, l.peer, l.customer_id, c.reference, l.initiated_by, l.erased_at, l.created_at,
    h.owner, h.rev, h.state, h.scopes, h.consent, h.restorable_until, h.before_revocation, h.changed_at,
    h.acknowledged_rev, coalesce(h.restorable_until > now(), false) as restorable
  from links l
    left join customers c on c.id = l.customer_id
    left join link_halves h on h.link_id = l.id`;

type LinkRow = {
  id: LinkId;
  peer: EntityId;
  customer_id: string | null;
  reference: string | null;
  initiated_by: Owner;
  erased_at: Date | null;
  created_at: Date;
  owner: Owner | null;
  rev: number;
  state: LinkHalfState;
  scopes: LinkScopesByHost;
  consent: string | null;
  restorable_until: Date | null;
  before_revocation: 'active' | 'paused' | null;
  changed_at: Date;
  acknowledged_rev: number | null;
  restorable: boolean;
};

/** Links by id. Whoever goes on to write holds their customers' locks. */
export async function readLinks(client: Client, ids: readonly string[]): Promise<Map<string, StoredLink>> {
  const { rows } = await client.query<LinkRow>(`${LINKS} where l.id = any($1::uuid[])`, [ids]);
  return gather(rows);
}

/** All links of these accounts with this peer that are not erased. */
export async function readAccountLinks(
  tx: Tx,
  account: { peer: string; customerId: string },
): Promise<StoredLink[]> {
  const { rows } = await tx.client.query<LinkRow>(
    `${LINKS} where l.customer_id = $1 and l.peer = $2 and l.erased_at is null order by l.id`,
    [account.customerId, account.peer],
  );
  return [...gather(rows).values()];
}

export type LinkFilter = { peer?: string; customer?: string; after?: string; limit: number };

/** A page of links, newest first. */
export async function listLinks(db: Database, filter: LinkFilter): Promise<StoredLink[]> {
  return db.withClient(async (client) => {
    const { rows } = await client.query<LinkRow>(
      `with page as (
         select l.id from links l left join customers c on c.id = l.customer_id
         where ($1::text is null or l.peer = $1) and ($2::text is null or c.reference = $2)
           and ($3::uuid is null or l.id < $3)
         order by l.id desc limit $4
       )
       ${LINKS} join page on page.id = l.id order by l.id desc`,
      [filter.peer ?? null, filter.customer ?? null, filter.after ?? null, filter.limit],
    );
    return [...gather(rows).values()];
  });
}

function gather(rows: readonly LinkRow[]): Map<string, StoredLink> {
  const links = new Map<string, StoredLink>();
  for (const row of rows) {
    const link = links.get(row.id) ?? {
      id: row.id,
      peer: row.peer,
      customerId: row.customer_id,
      customer: row.reference,
      initiatedBy: row.initiated_by,
      erased: row.erased_at !== null,
      createdAt: row.created_at,
      self: undefined,
      other: undefined,
    };
    if (row.owner === 'self') link.self = halfOf(row);
    if (row.owner === 'peer') link.other = halfOf(row);
    links.set(row.id, link);
  }
  return links;
}

function halfOf(row: LinkRow): StoredHalf {
  return {
    rev: row.rev,
    state: row.state,
    scopes: row.scopes,
    consent: row.consent === null ? null : (JSON.parse(row.consent) as ConsentRecord),
    restorableUntil: row.restorable_until,
    beforeRevocation: row.before_revocation,
    restorable: row.restorable,
    changedAt: row.changed_at,
    acknowledgedRev: row.acknowledged_rev,
  };
}

/** @returns false where a link of this id was here before. */
export async function insertLink(
  tx: Tx,
  link: { id: string; peer: string; customerId: string; initiatedBy: Owner; at: Date },
): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into links (id, peer, customer_id, initiated_by, created_at) values ($1, $2, $3, $4, $5)
     on conflict (id) do nothing`,
    [link.id, link.peer, link.customerId, link.initiatedBy, link.at],
  );
  return rowCount === 1;
}

/**
 * Writes a half, unless what is stored is as new. `announce`: whether the peer is to be told, at once.
 *
 * @returns whether it was newer.
 */
export async function putHalf(
  tx: Tx,
  where: { linkId: string; owner: Owner },
  half: Half,
  how: { at: Date; announce: boolean },
): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into link_halves as h
       (link_id, owner, rev, state, scopes, consent, restorable_until, before_revocation, changed_at, announce_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (link_id, owner) do update set rev = excluded.rev, state = excluded.state,
       scopes = excluded.scopes, consent = excluded.consent, restorable_until = excluded.restorable_until,
       before_revocation = excluded.before_revocation, changed_at = excluded.changed_at,
       announce_at = excluded.announce_at, announce_tries = 0
     where h.rev < excluded.rev`,
    [
      where.linkId,
      where.owner,
      half.rev,
      half.state,
      JSON.stringify(half.scopes),
      half.consent === null ? null : JSON.stringify(half.consent),
      half.restorableUntil,
      half.beforeRevocation,
      how.at,
      how.announce ? how.at : null,
    ],
  );
  return rowCount === 1;
}

/** Makes the link a tombstone: the id and both states stay, whom it concerned goes. */
export async function eraseLinkRows(tx: Tx, linkId: string, at: Date): Promise<void> {
  await tx.client.query('update links set erased_at = $2, customer_id = null where id = $1', [linkId, at]);
  await tx.client.query('update link_halves set consent = null where link_id = $1', [linkId]);
  await tx.client.query('delete from link_offers where link_id = $1', [linkId]);
  await tx.client.query(
    `update link_redemptions set customer_id = null, session_sha256 = null, return_url = null, kek_id = null,
       wrapped_code_key = null where link_id = $1`,
    [linkId],
  );
}

/** Own halves whose link the peer ended for good at least `graceMs` ago. */
export async function readEndedByPeer(db: Database, graceMs: number, limit: number): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query<{ link_id: string }>(
      `select p.link_id from link_halves p
         join link_halves s on s.link_id = p.link_id and s.owner = 'self'
       where p.owner = 'peer' and p.state = 'revoked'
         and coalesce(p.restorable_until, p.changed_at) < now() - $1 * interval '1 millisecond'
         and (s.state <> 'revoked' or s.restorable_until > now())
       limit $2`,
      [graceMs, limit],
    ),
  );
  return rows.map((row) => row.link_id);
}
