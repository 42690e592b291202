import type pg from 'pg';
import { insertRows, type Tx } from '../db/index.ts';
import type { ContactCategory } from '../protocol/agreement/terms.ts';
import type { MessagePriority } from '../protocol/slot/message.ts';

/** A message in one of this node's slots. */
export type HostedMessage = {
  id: string;
  iss: string;
  jti: string;
  linkId: string;
  customerId: string;
  agreement: string;
  slot: string;
  category: ContactCategory;
  priority: MessagePriority;
  bodyId: string;
  thread: string | null;
  replaces: string | null;
  placedAt: Date;
  eligibleAt: Date;
  expiresAt: Date;
};

/** What caps and capacity look at. Times are Unix milliseconds: there are dozens of these for each message. */
export type HostedContact = {
  customerId: string;
  iss: string;
  jti: string;
  slot: string;
  category: ContactCategory;
  edit: boolean;
  placedAtMs: number;
  expiresAtMs: number;
  ended: boolean;
};

/**
 * Contacts of some guests with some customers: those since a time, and older ones that are still active, which none of
 * over 30 days is; oldest first. The customers' contacts are locked.
 */
export async function readContacts(
  tx: Tx,
  asked: readonly { customerId: string; iss: string; since: Date }[],
): Promise<HostedContact[]> {
  const { rows } = await tx.client.query<HostedContact>({
    name: 'slot-contacts',
    text: `select m.customer_id as "customerId", m.iss, m.jti, m.slot, m.category, m.replaces is not null as edit,
       (extract(epoch from m.placed_at) * 1000)::float8 as "placedAtMs",
       (extract(epoch from m.expires_at) * 1000)::float8 as "expiresAtMs", m.ended_at is not null as ended
     from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as a (customer_id, iss, since)
     join hosted_messages m on m.customer_id = a.customer_id and m.iss = a.iss
       and m.placed_at > least(a.since, now() - interval '31 days')
       and (m.placed_at > a.since or (m.ended_at is null and m.expires_at > now()))
     order by m.placed_at, m.jti`,
    values: [asked.map((one) => one.customerId), asked.map((one) => one.iss), asked.map((one) => one.since)],
  });
  return rows;
}

export type NamedMessage = {
  iss: string;
  jti: string;
  linkId: string;
  slot: string;
  category: ContactCategory;
  over: boolean;
};

/** Messages that others name, by {@link namedKey}. */
export async function readNamed(
  tx: Tx,
  names: readonly { iss: string; jti: string }[],
): Promise<Map<string, NamedMessage>> {
  if (names.length === 0) return new Map();
  const { rows } = await tx.client.query<NamedMessage>(
    `select m.iss, m.jti, m.link_id as "linkId", m.slot, m.category,
       (m.ended_at is not null or m.expires_at <= now()) as over
     from unnest($1::text[], $2::uuid[]) as n (iss, jti) join hosted_messages m on m.iss = n.iss and m.jti = n.jti`,
    [names.map((name) => name.iss), names.map((name) => name.jti)],
  );
  return new Map(rows.map((row) => [namedKey(row), row]));
}

export const namedKey = (name: { iss: string; jti: string }) => `${name.iss} ${name.jti}`;

export async function insertHosted(tx: Tx, messages: readonly HostedMessage[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'hosted_messages',
      columns: [
        'id',
        'iss',
        'jti',
        'link_id',
        'customer_id',
        'agreement',
        'slot',
        'category',
        'priority',
        'body_id',
        'thread',
        'replaces',
        'placed_at',
        'eligible_at',
        'expires_at',
      ],
    },
    messages.map((one) => [
      one.id,
      one.iss,
      one.jti,
      one.linkId,
      one.customerId,
      one.agreement,
      one.slot,
      one.category,
      one.priority,
      one.bodyId,
      one.thread,
      one.replaces,
      one.placedAt,
      one.eligibleAt,
      one.expiresAt,
    ]),
  );
}

/** Marks edits of what the customer has seen, or of such edits. */
export async function markSeenBefore(tx: Tx, edits: readonly { iss: string; jti: string }[]): Promise<void> {
  if (edits.length === 0) return;
  await tx.client.query(
    `update hosted_messages m set seen_before = true
     from unnest($1::text[], $2::uuid[]) as e (iss, jti), hosted_messages r
     left join message_displays d on d.message_id = r.id
     where m.iss = e.iss and m.jti = e.jti and r.iss = m.iss and r.jti = m.replaces
       and (r.seen_before or d.displayed_at is not null)`,
    [edits.map((edit) => edit.iss), edits.map((edit) => edit.jti)],
  );
}

export type EndedMessage = { iss: string; jti: string; endedAt: Date; eligibleAt: Date };

/** Ends messages; what is over already stays as it is. Returns those that it ended. */
export async function endHosted(
  tx: Tx,
  ended: readonly { iss: string; jti: string; at: Date }[],
  reason: 'withdrawn' | 'replaced',
): Promise<EndedMessage[]> {
  if (ended.length === 0) return [];
  const { rows } = await tx.client.query<EndedMessage>(
    `update hosted_messages m set ended_at = e.at, ended_reason = $4
     from (select * from unnest($1::text[], $2::uuid[], $3::timestamptz[]) as t (iss, jti, at) order by jti) e
     where m.iss = e.iss and m.jti = e.jti and m.ended_at is null and m.expires_at > e.at
     returning m.iss, m.jti, m.ended_at as "endedAt", m.eligible_at as "eligibleAt"`,
    [ended.map((one) => one.iss), ended.map((one) => one.jti), ended.map((one) => one.at), reason],
  );
  return rows;
}

export type SlotState = {
  peer: string;
  slot: string;
  pausedAt: Date | null;
  pausedReason: string | null;
  humanCheckedAt: Date | null;
  humanFailures: number;
};

export async function readSlotStates(
  client: pg.ClientBase,
  peers: readonly string[],
): Promise<Map<string, SlotState>> {
  const { rows } = await client.query<SlotState>({
    name: 'slot-states',
    text: `select peer, slot, paused_at as "pausedAt", paused_reason as "pausedReason",
       human_checked_at as "humanCheckedAt", human_failures as "humanFailures"
     from hosted_slots where peer = any($1::text[])`,
    values: [peers],
  });
  return new Map(rows.map((row) => [slotKey(row), row]));
}

export const slotKey = (slot: { peer: string; slot: string }) => `${slot.peer} ${slot.slot}`;
