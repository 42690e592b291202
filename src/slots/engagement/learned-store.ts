import type pg from 'pg';
import type { GuestEvent, MessageEvent } from '../../protocol/slot/engagement.ts';

export type LearnedRow = {
  peer: string;
  linkId: string;
  messageId: string | null;
  kind: MessageEvent | GuestEvent | 'reply' | 'ask_human' | 'callback';
  at: Date;
  individual: boolean;
  toldAt: Date | null;
};

/** The last one of a page. */
export type LearnedCursor = { at: Date; kind: string; id: string };

/** What a customer did with messages, with guests, and said to them; the newest first. */
export async function readLearned(
  client: pg.ClientBase,
  customer: string,
  page: { before: LearnedCursor | undefined; limit: number },
): Promise<LearnedRow[]> {
  const { rows } = await client.query<LearnedRow>(
    `select * from (
       select d.iss as peer, m.link_id as "linkId", d.message_id as "messageId", e.kind, coalesce(r.at, e.at) as at,
         r.id is not null as individual, r.told_at as "toldAt"
       from message_displays d join hosted_messages m on m.id = d.message_id
       cross join lateral (values ('displayed', d.displayed_at), ('opened', d.opened_at), ('clicked', d.clicked_at),
         ('dismissed', d.dismissed_at), ('reported', d.reported_at)) as e (kind, at)
       left join engagement_reports r on r.message_id = d.message_id and r.kind = e.kind
       where d.customer_id = $1 and e.at is not null
       union all
       -- What was taken back here after it was told.
       select r.peer, r.link_id, r.message_id, r.kind, r.at, true, r.told_at
       from engagement_reports r join message_displays d on d.message_id = r.message_id
       where r.customer_id = $1
         and ((r.kind = 'dismissed' and d.dismissed_at is null) or (r.kind = 'reported' and d.reported_at is null))
       union all
       select r.peer, r.link_id, null, r.kind, r.at, true, r.told_at
       from engagement_reports r where r.customer_id = $1 and r.message_id is null
       union all
       select s.peer, s.link_id, m.id, s.kind, s.at, true, s.decided_at
       from replies s left join hosted_messages m on m.iss = s.peer and m.jti = s.message
       where s.customer_id = $1 and s.said_by = 'customer' and s.state in ('sending', 'accepted')
     ) learned
     where $2::timestamptz is null or (at, kind, coalesce("messageId", "linkId")) < ($2, $3, $4::uuid)
     order by at desc, kind desc, coalesce("messageId", "linkId") desc limit $5`,
    [customer, page.before?.at ?? null, page.before?.kind ?? null, page.before?.id ?? null, page.limit],
  );
  return rows;
}
