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
  const { rows } = await tx.client.query<Omit<CountedDisplay, 'atMs'> & { at: Date }>({
    name: 'slot-displays',
    text: `select d.customer_id as "customerId", d.iss, d.slot, d.category, coalesce(d.displayed_at, d.leased_at) as at
     from unnest($1::uuid[], $2::timestamptz[]) as a (customer_id, since)
     join message_displays d on d.customer_id = a.customer_id and d.leased_at > a.since
       and (d.displayed_at is not null or d.leased_until > clock_timestamp())
     order by at`,
    values: [asked.map((one) => one.customerId), asked.map((one) => one.since)],
  });
  return rows.map(({ at, ...row }) => ({ ...row, atMs: at.getTime() }));
}

/** A message that may be shown to a customer, as far as time tells. Times are Unix milliseconds. */
export type FeedRow = {
  id: string;
  iss: string;
  linkId: string;
  agreement: string;
  slot: string;
  category: ContactCategory;
  priority: MessagePriority;
  eligibleAtMs: number;
  displayed: boolean;
  leasedUntilMs: number | null;
};

/** Capacities bound what there is; this bounds what a mistake in them can cost. The first of each group come first. */
const MAX_ACTIVE = 2_000;

const ALIVE = `m.customer_id = $1 and m.ended_at is null and m.erased_at is null and not m.seen_before`;
const DUE = `m.eligible_at <= $2 and m.expires_at > $2`;
const GROUP = 'link_id, agreement, slot, category';
/** A guest's own order, as `chooseFeed` has it within a category. */
const OWN_ORDER = `case m.priority when 'high' then 0 when 'normal' then 1 else 2 end, m.eligible_at, m.id`;
const MESSAGE = 'm.id, m.iss, m.link_id, m.agreement, m.slot, m.category, m.priority, m.eligible_at';
const FOUND = 'id, iss, link_id, agreement, slot, category, priority, eligible_at, place';

/** Walks the index `hosted_messages_feed` from one group to the next, and takes the first few of each. */
const READ_ACTIVE = `
  with recursive groups as (
    (select ${GROUP} from hosted_messages m where ${ALIVE} order by ${GROUP} limit 1)
    union all
    select n.* from groups g cross join lateral (
      select ${GROUP} from hosted_messages m
      where ${ALIVE} and (${GROUP}) > (g.link_id, g.agreement, g.slot, g.category) order by ${GROUP} limit 1) n
  ), fresh as (
    select f.* from groups g cross join lateral (
      select ${MESSAGE}, row_number() over (order by ${OWN_ORDER}) as place from hosted_messages m
      where ${ALIVE} and ${DUE} and m.link_id = g.link_id and m.agreement = g.agreement and m.slot = g.slot
        and m.category = g.category and not exists (
          select 1 from message_displays d where d.message_id = m.id and (d.displayed_at is not null
            or d.leased_until > $2 or d.dismissed_at is not null or d.reported_at is not null))) f
    where f.place <= $3
  ), shown as (
    select ${MESSAGE}, d.displayed_at is not null as displayed, d.leased_until,
      row_number() over (partition by m.link_id, m.agreement, m.slot, m.category order by ${OWN_ORDER}) as place
    from message_displays d join hosted_messages m on m.id = d.message_id
    where d.customer_id = $1 and d.leased_at > $2::timestamptz - interval '31 days'
      and (d.displayed_at is not null or d.leased_until > $2) and d.dismissed_at is null and d.reported_at is null
      and ${ALIVE} and ${DUE}
  ), found as (
    select ${FOUND}, false as displayed, null::timestamptz as leased_until from fresh
    union all select ${FOUND}, displayed, leased_until from shown where place <= $3
  )
  select id, iss, link_id as "linkId", agreement, slot, category, priority,
    (extract(epoch from eligible_at) * 1000)::float8 as "eligibleAtMs", displayed,
    (extract(epoch from leased_until) * 1000)::float8 as "leasedUntilMs"
  from found order by place, id limit $4`;

/**
 * Of each link, version, slot and category the first few in a guest's own order: `most` that were handed out, and as many that
 * were not. `chooseFeed` says why no others are needed; of a full vault they are a small part.
 */
export async function readActive(
  tx: Tx,
  customerId: string,
  { now, most }: { now: Date; most: number },
): Promise<FeedRow[]> {
  const { rows } = await tx.client.query<FeedRow>({
    name: 'feed-active',
    text: READ_ACTIVE,
    values: [customerId, now, most, MAX_ACTIVE],
  });
  return rows;
}

/** What is told of a message that was chosen. */
export type ChosenRow = {
  id: string;
  jti: string;
  bodyId: string;
  thread: string | null;
  placedAt: Date;
  expiresAt: Date;
};

export async function readChosen(tx: Tx, ids: readonly string[]): Promise<Map<string, ChosenRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await tx.client.query<ChosenRow>(
    `select id, jti, body_id as "bodyId", thread, placed_at as "placedAt", expires_at as "expiresAt"
     from hosted_messages where id = any($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
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
