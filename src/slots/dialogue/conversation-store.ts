import type pg from 'pg';
import type { Tx } from '../../db/index.ts';
import { linkHolds } from './waiting-store.ts';

/** Where a customer's word belongs. */
export type Place = { linkId: string; peer: string; thread: string | null; message: string | null };

/** The conversation of a message that was handed out to this customer. */
export async function findByMessage(tx: Tx, customer: string, message: string): Promise<Place | undefined> {
  const { rows } = await tx.client.query<Place>(
    `select m.link_id as "linkId", m.iss as peer, coalesce(m.thread, m.jti) as thread, m.jti as message
     from hosted_messages m where m.id = $2 and m.customer_id = $1
       and exists (select 1 from message_displays d where d.message_id = m.id)`,
    [customer, message],
  );
  return rows[0];
}

export async function findByThread(tx: Tx, customer: string, thread: string): Promise<Place | undefined> {
  const { rows } = await tx.client.query<Place>(
    `select link_id as "linkId", peer, $2::uuid as thread, null::uuid as message from (
       select m.link_id, m.iss as peer from hosted_messages m
       where m.customer_id = $1 and m.jti = $2 and exists (select 1 from message_displays d where d.message_id = m.id)
       union
       select link_id, peer from replies where customer_id = $1 and thread = $2 and state <> 'undone'
     ) places limit 1`,
    [customer, thread],
  );
  return rows[0];
}

/** Words of this customer to one guest since a day ago, and how many of them were undone. */
export async function countSaid(
  tx: Tx,
  customer: string,
  peer: string,
): Promise<{ said: number; undone: number }> {
  const { rows } = await tx.client.query<{ said: number; undone: number }>(
    `select count(*) filter (where state <> 'undone')::int as said, count(*) filter (where state = 'undone')::int as undone
     from replies
     where customer_id = $1 and peer = $2 and said_by = 'customer' and at > now() - interval '24 hours'`,
    [customer, peer],
  );
  return rows[0] ?? { said: 0, undone: 0 };
}

export type ThreadSummary = {
  thread: string;
  peer: string;
  /** Words and answers; messages are not counted. */
  entries: number;
  lastAt: Date;
  waitingForHuman: boolean;
  /** Whether the guest has spoken last. */
  answered: boolean;
};

/** Conversations in which the customer said something; the newest first. */
export async function readThreads(
  client: pg.ClientBase,
  customer: string,
  limit: number,
): Promise<ThreadSummary[]> {
  const { rows } = await client.query<ThreadSummary>(
    `select thread, peer, count(*)::int as entries, max(at) as "lastAt",
       bool_or(kind = 'ask_human' and human_answered_at is null and state in ('sending', 'accepted') and ${linkHolds('replies')}) as "waitingForHuman",
       (array_agg(said_by order by at desc, jti desc))[1] = 'guest' as answered
     from replies where customer_id = $1 and state <> 'undone'
     group by thread, peer order by max(at) desc limit $2`,
    [customer, limit],
  );
  return rows;
}

/** A message of a conversation that the customer has seen, or that they answered. */
export type ThreadMessage = { id: string; jti: string; bodyId: string; placedAt: Date };

/** So many are read at most, the newest. */
const MAX_MESSAGES = 200;

/** Oldest first. */
export async function readThreadMessages(
  client: pg.ClientBase,
  customer: string,
  place: { peer: string; thread: string },
): Promise<ThreadMessage[]> {
  const { rows } = await client.query<ThreadMessage>(
    `select m.id, m.jti, m.body_id as "bodyId", m.placed_at as "placedAt" from hosted_messages m
     where m.customer_id = $1 and m.iss = $2 and (m.jti = $3 or m.thread = $3)
       and (exists (select 1 from message_displays d where d.message_id = m.id and d.displayed_at is not null)
         or exists (select 1 from replies r where r.customer_id = $1 and r.message = m.jti))
     order by m.placed_at desc, m.id desc limit $4`,
    [customer, place.peer, place.thread, MAX_MESSAGES],
  );
  return rows.reverse();
}
