import type pg from 'pg';
import { firstUuidV7At } from '../protocol/ids.ts';
import type { DirectionFacts } from '../protocol/report/relationship.ts';

/** What one direction is read by: the vault's side (`host`) or the one that writes (`guest`). */
export type Span = { peer: string; from: Date; until: Date };

type MonthRow = { month: string; contacts: number; reach: number };

const byMonth = (contacts: string) => `
  with contacts as (${contacts})
  select to_char(at at time zone 'UTC', 'YYYY-MM') as month, count(*)::int as contacts,
    count(distinct link_id)::int as reach
  from contacts group by grouping sets ((to_char(at at time zone 'UTC', 'YYYY-MM')), ()) order by 1`;

const HOSTED_CONTACTS = `
  select m.link_id, m.placed_at as at from hosted_messages m
  where m.iss = $1 and m.placed_at >= $2 and m.placed_at < $3 and m.replaces is null`;

// By the receipt, which stands in the evidence: what this side notes by its own clock is another time.
const SENT_CONTACTS = `
  select m.link_id, e.event_at as at from sent_messages m
  join evidence_records e on e.exchange_jti = m.id and e.exchange_iss <> m.peer and e.event = 'RelayAcceptance'
  where m.peer = $1 and m.id >= $4::uuid and m.id < $5::uuid and e.event_at >= $2 and e.event_at < $3 and m.replaces is null`;

/** Contacts by month, and over all of them, whose `month` is null. */
async function readContacts(
  client: pg.ClientBase,
  role: 'host' | 'guest',
  span: Span,
): Promise<{ months: MonthRow[]; reach: number }> {
  const values = [span.peer, span.from, span.until];
  const { rows } = await client.query<Omit<MonthRow, 'month'> & { month: string | null }>(
    byMonth(role === 'host' ? HOSTED_CONTACTS : SENT_CONTACTS),
    role === 'host' ? values : [...values, ...idsSentFor(span)],
  );
  const months = rows.flatMap(({ month, contacts, reach }) =>
    month === null ? [] : [{ month, contacts, reach }],
  );
  return { months, reach: rows.find(({ month }) => month === null)?.reach ?? 0 };
}

const TOLD = {
  host: 'engagement_months',
  guest: 'received_engagement_months',
} as const;

async function readTold(
  client: pg.ClientBase,
  role: 'host' | 'guest',
  { peer, months }: { peer: string; months: readonly string[] },
): Promise<DirectionFacts['told']> {
  const { rows } = await client.query<{
    customers: number;
    figures: { displayed?: number; opened?: number };
  }>(
    `select customers, figures from ${TOLD[role]}
     where peer = $1 and month = any($2::text[]) and customers is not null ${role === 'host' ? 'and told_at is not null' : ''}
     order by month`,
    [peer, months],
  );
  return rows.map(({ customers, figures }) => ({
    customers,
    displayed: figures.displayed,
    opened: figures.opened,
  }));
}

async function readDocuments(
  client: pg.ClientBase,
  role: 'host' | 'guest',
  span: Span,
): Promise<{ documents: number; customers: number }> {
  const values = [span.peer, span.from, span.until];
  const { rows } = await client.query<{ documents: number; customers: number }>(
    role === 'host'
      ? `select count(*)::int as documents, count(distinct d.link_id)::int as customers
         from received_documents d
         where d.iss = $1 and d.received_at >= $2 and d.received_at < $3`
      : `select count(*)::int as documents, count(distinct d.link_id)::int as customers
         from sent_documents d
         join evidence_records e on e.exchange_jti = d.id and e.exchange_iss <> d.peer and e.event = 'RelayAcceptance'
         where d.peer = $1 and d.id >= $4::uuid and d.id < $5::uuid and e.event_at >= $2 and e.event_at < $3`,
    role === 'host' ? values : [...values, ...idsSentFor(span)],
  );
  return rows[0] ?? { documents: 0, customers: 0 };
}

/** Words that ask for a person: those of this node's customers as a host, of the peer's as a guest. */
async function readAsks(
  client: pg.ClientBase,
  role: 'host' | 'guest',
  { peer, from, until }: Span,
): Promise<DirectionFacts['asks']> {
  const { rows } = await client.query<{ asked: number; answered: number | null }>(
    `select extract(epoch from decided_at)::int as asked, extract(epoch from human_answered_at)::int as answered
     from replies
     where peer = $1 and kind = 'ask_human' and state = 'accepted' and decided_at >= $2 and decided_at < $3
       and (iss = peer) = $4
     order by decided_at`,
    [peer, from, until, role === 'guest'],
  );
  return rows.map(({ asked, answered }) => ({ askedS: asked, answeredS: answered ?? undefined }));
}

/**
 * Customers with messages who left: whose half at the host ended in the span, before the guest's did, and did not come back;
 * or lets nobody contact them since. By what each side journaled of both halves: a rev is its owner's time on both sides.
 */
const OPT_OUTS = `
  with ended as (
    select j.link_id, min(j.rev) as rev from link_journal j join links l on l.id = j.link_id and l.peer = $1
    where j.owner = $4 and j.state = 'revoked' and not exists (
      select 1 from link_journal k
      where k.link_id = j.link_id and k.owner = $4 and k.rev > j.rev and k.state <> 'revoked')
    group by j.link_id
  ), silent as (
    select h.link_id, h.rev from link_halves h join links l on l.id = h.link_id and l.peer = $1
    where h.owner = $4 and h.state <> 'revoked' and coalesce(jsonb_array_length(h.scopes -> $5 -> 'contact'), 0) = 0
  )
  select count(distinct link_id)::int as count from (
    select link_id, rev from ended e where not exists (
      select 1 from link_journal g
      where g.link_id = e.link_id and g.owner <> $4 and g.state = 'revoked' and g.rev < e.rev)
    union all select link_id, rev from silent
  ) o
  where o.rev >= $2 and o.rev < $3 and`;

const WITH_MESSAGES = {
  host: 'exists (select 1 from hosted_messages m where m.link_id = o.link_id)',
  guest: `exists (select 1 from sent_messages m
    where m.link_id = o.link_id and m.state not in ('submitted', 'refused', 'failed'))`,
} as const;

async function readOptOuts(
  client: pg.ClientBase,
  role: 'host' | 'guest',
  { peer, from, until, host }: Span & { host: string },
): Promise<number> {
  const owner = role === 'host' ? 'self' : 'peer';
  const { rows } = await client.query<{ count: number }>(`${OPT_OUTS} ${WITH_MESSAGES[role]}`, [
    peer,
    from.getTime(),
    until.getTime(),
    owner,
    host,
  ]);
  return rows[0]?.count ?? 0;
}

export async function readDirection(
  client: pg.ClientBase,
  role: 'host' | 'guest',
  given: Span & { months: readonly string[]; host: string },
): Promise<DirectionFacts> {
  const { months, reach } = await readContacts(client, role, given);
  const { documents, customers } = await readDocuments(client, role, given);
  const known = new Map(months.map((one) => [one.month, one]));
  return {
    months: given.months.map((month) => known.get(month) ?? { month, contacts: 0, reach: 0 }),
    reach,
    told: await readTold(client, role, given),
    documents,
    documentCustomers: customers,
    asks: await readAsks(client, role, given),
    optOuts: await readOptOuts(client, role, given),
  };
}

/** Customers of this vault who said how many institutions they have, and how many of those are here. */
export async function readUniversality(
  client: pg.ClientBase,
): Promise<{ customers: number; declared: number; present: number }> {
  const { rows } = await client.query<{ customers: number; declared: number; present: number }>(
    `select count(*)::int as customers, coalesce(sum(c.declared_providers), 0)::int as declared,
       coalesce(sum(least(c.declared_providers, p.present)), 0)::int as present
     from customer_contact c cross join lateral (
       select count(distinct l.peer)::int as present from links l
       where l.customer_id = c.customer_id
         and not exists (select 1 from link_halves h where h.link_id = l.id and h.state <> 'active')
         and (select count(*) from link_halves h where h.link_id = l.id) = 2
     ) p
     where c.declared_providers is not null`,
  );
  return rows[0] ?? { customers: 0, declared: 0, present: 0 };
}

/** An envelope is signed at most 14 days before its receipt, by a clock that may be a little ahead. */
const LONGEST_DELIVERY_MS = 15 * 86_400_000;
/** More than two nodes that exchange anything are apart. */
const CLOCKS_APART_MS = 86_400_000;

/** Nothing of the span was sent under an earlier id, nor under the last one or a later. */
function idsSentFor({ from, until }: Span): [string, string] {
  const day = new Date(until.getTime() + CLOCKS_APART_MS);
  return [firstUuidV7At(new Date(from.getTime() - LONGEST_DELIVERY_MS)), firstUuidV7At(day)];
}
