import type pg from 'pg';
import type { Tx } from '../../db/index.ts';
import type { GuestEvent, MessageEvent, ToldEvent } from '../../protocol/slot/engagement.ts';
import { CLOCK_SKEW_S } from '../../protocol/time.ts';

/** What is told of a link and no message, as mutes and their ends: so many a customer never comes to. */
const MAX_OF_LINK = 1_000;

/**
 * Keeps the first time of each kind for each message; only of messages and links that the host is party to, and of what
 * has happened, as far as clocks agree; of a link alone no more than a customer can do.
 */
export async function storeReceivedEvents(
  tx: Tx,
  told: readonly { peer: string; event: ToldEvent; receivedAt: Date }[],
): Promise<void> {
  if (told.length === 0) return;
  await tx.client.query(
    `insert into received_engagement (peer, link_id, message, kind, at, received_at)
     select t.peer, l.id, t.message, t.kind, t.at, t.received_at
     from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[])
       as t (peer, link_id, message, kind, at, received_at)
     left join sent_messages m on m.id = t.message and m.peer = t.peer
     join links l on l.id = coalesce(m.link_id, t.link_id) and l.peer = t.peer and l.erased_at is null
     where t.at <= t.received_at + $7 * interval '1 second' and case when t.message is not null then m.id is not null
       else not exists (select 1 from received_engagement e where e.link_id = l.id and e.message is null offset $8) end
     on conflict do nothing`,
    [
      told.map(({ peer }) => peer),
      told.map(({ event }) => ('link' in event ? event.link : null)),
      told.map(({ event }) => ('message' in event ? event.message : null)),
      told.map(({ event }) => event.kind),
      told.map(({ event }) => event.at),
      told.map(({ receivedAt }) => receivedAt),
      CLOCK_SKEW_S,
      MAX_OF_LINK - 1,
    ],
  );
}

export type ReceivedEvent = { kind: MessageEvent | GuestEvent; at: Date };

/** What customers did with messages, as far as they agreed to tell; by message, in order. */
export async function readReceivedEvents(
  client: pg.ClientBase,
  messages: readonly string[],
): Promise<Map<string, ReceivedEvent[]>> {
  const { rows } = await client.query<ReceivedEvent & { message: string }>(
    'select message, kind, at from received_engagement where message = any($1::uuid[]) order by at, kind',
    [messages],
  );
  const byMessage = Map.groupBy(rows, ({ message }) => message);
  return new Map([...byMessage].map(([id, events]) => [id, events.map(({ kind, at }) => ({ kind, at }))]));
}
