import type pg from 'pg';
import type { GuestEvent, MessageEvent } from '../../protocol/slot/engagement.ts';
import { MONTHS_BACK } from './month-store.ts';

export type LearnedRow = {
  peer: string;
  linkId: string;
  messageId: string | null;
  kind: MessageEvent | GuestEvent | 'reply' | 'ask_human' | 'callback';
  at: Date;
  /**
   * What the guest has of exactly this: it has it or it is on its way (`told`), it is to be told while the customer agrees
   * (`due`), no answer said whether it has it (`unconfirmed`).
   */
  named: 'told' | 'due' | 'unconfirmed' | null;
  toldAt: Date | null;
  /** The calendar month in which its message was placed, `YYYY-MM`, UTC; of what is about a message that figures may count. */
  month: string | null;
  /** What takes it back; null where nothing does. */
  undo: 'restored' | 'unreported' | null;
};

/** The last one of a page. */
export type LearnedCursor = { at: Date; kind: string; id: string };

const NAMED = `case when r.told_at is not null or r.exchange_jti is not null then 'told' else 'due' end`;

/**
 * What a customer did with messages, with guests, and said to them; the newest first. Of a link that was erased nothing is
 * known any more, nor is what a guest was told of it.
 */
export async function readLearned(
  client: pg.ClientBase,
  customer: string,
  page: { before: LearnedCursor | undefined; limit: number },
): Promise<LearnedRow[]> {
  const { rows } = await client.query<LearnedRow>(
    `select * from (
       select d.iss as peer, m.link_id as "linkId", d.message_id as "messageId", e.kind, coalesce(r.at, e.at) as at,
         case when r.id is not null then ${NAMED} end as named, r.told_at as "toldAt",
         to_char(m.placed_at at time zone 'UTC', 'YYYY-MM') as month,
         case when m.ended_at is null and m.erased_at is null and m.expires_at > now() then e.undo end as undo
       from message_displays d join hosted_messages m on m.id = d.message_id and m.customer_id = d.customer_id
       cross join lateral (values ('displayed', d.displayed_at, null), ('opened', d.opened_at, null),
         ('clicked', d.clicked_at, null), ('dismissed', d.dismissed_at, 'restored'),
         ('reported', d.reported_at, 'unreported')) as e (kind, at, undo)
       left join engagement_reports r on r.message_id = d.message_id and r.kind = e.kind
       where d.customer_id = $1 and e.at is not null
       union all
       -- What was taken back here after it was told.
       select r.peer, r.link_id, r.message_id, r.kind, r.at, ${NAMED}, r.told_at, null, null
       from engagement_reports r join message_displays d on d.message_id = r.message_id
       where r.customer_id = $1
         and ((r.kind = 'dismissed' and d.dismissed_at is null) or (r.kind = 'reported' and d.reported_at is null))
       union all
       select r.peer, r.link_id, null, r.kind, r.at, ${NAMED}, r.told_at, null, null
       from engagement_reports r where r.customer_id = $1 and r.message_id is null
       union all
       select s.peer, s.link_id, m.id, s.kind, s.at, case s.state when 'failed' then 'unconfirmed' else 'told' end,
         s.decided_at, null, null
       from replies s left join hosted_messages m on m.iss = s.peer and m.jti = s.message
       where s.customer_id = $1 and s.said_by = 'customer' and (s.state in ('sending', 'accepted')
         -- A word that was given up with the guest's signature was not taken.
         or (s.state = 'failed' and s.code in ('exchange.unconfirmed', 'exchange.conflict')))
     ) learned
     where $2::timestamptz is null or (at, kind, coalesce("messageId", "linkId")) < ($2, $3, $4::uuid)
     order by at desc, kind desc, coalesce("messageId", "linkId") desc limit $5`,
    [customer, page.before?.at ?? null, page.before?.kind ?? null, page.before?.id ?? null, page.limit],
  );
  return rows;
}

/** What is known of one guest's month, as far as it concerns one customer. */
export type MonthKnown = {
  /** What was done from then on is in no figure. */
  countedUntil: Date;
  closed: boolean;
  /** The figures that were told, or are about to be. */
  figures: string[];
  toldAt: Date | null;
  isMember: boolean;
  /** Who was in its group is forgotten, of all or of those whose link was erased. */
  membersForgotten: boolean;
  /** The customer's links with the guest under which it placed something in this month. */
  links: string[];
  /** Whether the guest was told of the month's messages one by one. */
  toldByName: boolean;
  /** Not closed in time: it never will be. */
  passedOver: boolean;
};

export type MonthAsked = { peer: string; month: string };

export async function readMonthsKnown(
  client: pg.ClientBase,
  customer: string,
  asked: readonly MonthAsked[],
  { now, closeAfterMs }: { now: Date; closeAfterMs: number },
): Promise<(MonthAsked & MonthKnown)[]> {
  if (asked.length === 0) return [];
  const { rows } = await client.query<MonthAsked & MonthKnown>(
    `select a.peer, a.month, a.until + $5::float8 * interval '1 millisecond' as "countedUntil",
       e.month is not null as closed,
       array(select jsonb_object_keys(coalesce(e.figures, '{}'))) as figures, e.told_at as "toldAt",
       exists (select 1 from engagement_groups g where g.peer = a.peer and g.month = a.month and g.member = $1) as "isMember",
       not exists (select 1 from engagement_groups g where g.peer = a.peer and g.month = a.month)
         or exists (select 1 from message_displays d join hosted_messages m on m.id = d.message_id
           where d.customer_id = $1 and d.iss = a.peer and m.customer_id is null) as "membersForgotten",
       array(select distinct m.link_id::text from hosted_messages m
         where m.customer_id = $1 and m.iss = a.peer and m.placed_at >= a.since and m.placed_at < a.until) as links,
       exists (select 1 from engagement_reports r join hosted_messages m on m.id = r.message_id
         where r.customer_id = $1 and r.peer = a.peer and m.placed_at >= a.since and m.placed_at < a.until
           and (r.told_at is not null or r.exchange_jti is not null)) as "toldByName",
       a.since < (date_trunc('month', ($4::timestamptz - $5::float8 * interval '1 millisecond') at time zone 'UTC')
         - $6 * interval '1 month') at time zone 'UTC' as "passedOver"
     from (
       select peer, month, to_date(month, 'YYYY-MM')::timestamp at time zone 'UTC' as since,
         (to_date(month, 'YYYY-MM') + interval '1 month') at time zone 'UTC' as until
       from unnest($2::text[], $3::text[]) as u (peer, month)
     ) a
     left join engagement_months e on e.peer = a.peer and e.month = a.month`,
    [
      customer,
      asked.map(({ peer }) => peer),
      asked.map(({ month }) => month),
      now,
      closeAfterMs,
      MONTHS_BACK,
    ],
  );
  return rows;
}
