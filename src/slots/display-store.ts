import type { Tx } from '../db/index.ts';
import type { ContactCategory } from '../protocol/agreement/terms.ts';
import type { MessageEvent } from '../protocol/slot/engagement.ts';
import type { Display } from '../protocol/slot/feed.ts';
import type { MessagePriority } from '../protocol/slot/message.ts';

/** A display, or a lease that runs, of one customer. */
export type CountedDisplay = Display & { customerId: string };

/** What counts as displayed to customers since a time each, oldest first. Their contacts are locked. */
export async function readDisplays(
  tx: Tx,
  asked: readonly { customerId: string; since: Date }[],
): Promise<CountedDisplay[]> {
  const { rows } = await tx.client.query<Omit<CountedDisplay, 'atMs'> & { at: Date }>(
    `select d.customer_id as "customerId", d.iss, d.slot, d.category, coalesce(d.displayed_at, d.leased_at) as at
     from unnest($1::uuid[], $2::timestamptz[]) as a (customer_id, since)
     join message_displays d on d.customer_id = a.customer_id and d.leased_at > a.since
       and (d.displayed_at is not null or d.leased_until > clock_timestamp())
     order by at`,
    [asked.map((one) => one.customerId), asked.map((one) => one.since)],
  );
  return rows.map(({ at, ...row }) => ({ ...row, atMs: at.getTime() }));
}

/** A message that may be shown to a customer, as far as time tells. */
export type FeedRow = {
  id: string;
  iss: string;
  jti: string;
  linkId: string;
  agreement: string;
  slot: string;
  category: ContactCategory;
  priority: MessagePriority;
  bodyId: string;
  thread: string | null;
  placedAt: Date;
  eligibleAt: Date;
  expiresAt: Date;
  leasedUntil: Date | null;
  displayedAt: Date | null;
};

/** Capacities bound what there is; this bounds what a mistake in them can cost. */
const MAX_ACTIVE = 2_000;

export async function readActive(tx: Tx, customerId: string, now: Date): Promise<FeedRow[]> {
  const { rows } = await tx.client.query<FeedRow>(
    `select m.id, m.iss, m.jti, m.link_id as "linkId", m.agreement, m.slot, m.category, m.priority,
       m.body_id as "bodyId", m.thread, m.placed_at as "placedAt", m.eligible_at as "eligibleAt",
       m.expires_at as "expiresAt", d.leased_until as "leasedUntil", d.displayed_at as "displayedAt"
     from hosted_messages m left join message_displays d on d.message_id = m.id
     where m.customer_id = $1 and m.ended_at is null and not m.seen_before and m.eligible_at <= $2
       and m.expires_at > $2 and d.dismissed_at is null and d.reported_at is null
     order by m.eligible_at, m.id limit $3`,
    [customerId, now, MAX_ACTIVE],
  );
  return rows;
}

/** Hands messages out for the first time, or anew after a lease that ended unused. */
export async function writeLeases(
  tx: Tx,
  customerId: string,
  messages: readonly FeedRow[],
  lease: { at: Date; until: Date },
): Promise<void> {
  if (messages.length === 0) return;
  await tx.client.query(
    `insert into message_displays (message_id, customer_id, iss, slot, category, leased_at, leased_until)
     select id, $1, iss, slot, category, $2, $3
     from unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) as m (id, iss, slot, category)
     on conflict (message_id) do update set leased_at = excluded.leased_at, leased_until = excluded.leased_until`,
    [
      customerId,
      lease.at,
      lease.until,
      messages.map((one) => one.id),
      messages.map((one) => one.iss),
      messages.map((one) => one.slot),
      messages.map((one) => one.category),
    ],
  );
}

/** What a page tells of a message; the last two take back the two before them. */
export type Engagement = MessageEvent | 'restored' | 'unreported';

export type HandedOut = {
  id: string;
  leasedAt: Date;
  leasedUntil: Date;
  displayedAt: Date | null;
  openedAt: Date | null;
  clickedAt: Date | null;
  dismissedAt: Date | null;
  reportedAt: Date | null;
  iss: string;
  jti: string;
  linkId: string;
};

/** Messages that were handed out to this customer, locked. */
export async function lockHandedOut(
  tx: Tx,
  customerId: string,
  ids: readonly string[],
): Promise<Map<string, HandedOut>> {
  const { rows } = await tx.client.query<HandedOut>(
    `select d.message_id as id, d.leased_at as "leasedAt", d.leased_until as "leasedUntil",
       d.displayed_at as "displayedAt", d.opened_at as "openedAt", d.clicked_at as "clickedAt",
       d.dismissed_at as "dismissedAt", d.reported_at as "reportedAt", m.iss, m.jti, m.link_id as "linkId"
     from message_displays d join hosted_messages m on m.id = d.message_id
     where d.customer_id = $1 and d.message_id = any($2::uuid[]) order by d.message_id for update of d`,
    [customerId, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** What customers did with messages, whose rows are locked. */
export async function writeEngagement(tx: Tx, messages: readonly HandedOut[]): Promise<void> {
  await tx.client.query(
    `update message_displays d set displayed_at = m.displayed_at, opened_at = m.opened_at, clicked_at = m.clicked_at,
       dismissed_at = m.dismissed_at, reported_at = m.reported_at
     from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
       $6::timestamptz[]) as m (id, displayed_at, opened_at, clicked_at, dismissed_at, reported_at)
     where d.message_id = m.id`,
    [
      messages.map((one) => one.id),
      messages.map((one) => one.displayedAt),
      messages.map((one) => one.openedAt),
      messages.map((one) => one.clickedAt),
      messages.map((one) => one.dismissedAt),
      messages.map((one) => one.reportedAt),
    ],
  );
}
