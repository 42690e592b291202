import type pg from 'pg';
import { insertRows, type Tx } from '../../db/index.ts';
import type { Figure, ToldMonth } from '../../protocol/slot/engagement.ts';

/** A node that stood still longer than this tells nothing of what was before. */
const MONTHS_BACK = 3;

/** Months of guests that are over and not closed yet, oldest first: those in which it sent something. */
export async function readOpenMonths(
  client: pg.ClientBase,
  endedBefore: Date,
): Promise<{ peer: string; month: string }[]> {
  const { rows } = await client.query<{ peer: string; month: string }>(
    `select p.entity_id as peer, to_char(f.month, 'YYYY-MM') as month
     from peers p cross join (
       select date_trunc('month', $1::timestamptz at time zone 'UTC') - n * interval '1 month' as month
       from generate_series(1, $2) as n
     ) f
     where exists (select 1 from hosted_messages h where h.iss = p.entity_id
         and h.placed_at >= f.month at time zone 'UTC'
         and h.placed_at < (f.month + interval '1 month') at time zone 'UTC')
       and not exists (select 1 from engagement_months m where m.peer = p.entity_id and m.month = to_char(f.month, 'YYYY-MM'))
     order by f.month, p.entity_id`,
    [endedBefore, MONTHS_BACK],
  );
  return rows;
}

export type Candidate = { customerId: string; linkId: string; did: Figure[] };

/** Whom a guest wrote to in a month, under each link, and what they did with what it wrote until a time. */
export async function readCandidates(
  tx: Tx,
  asked: { peer: string; from: Date; until: Date; doneUntil: Date },
): Promise<Candidate[]> {
  const { rows } = await tx.client.query<Candidate>(
    `select m.customer_id as "customerId", m.link_id as "linkId",
       array_remove(array[
         case when bool_or(d.displayed_at < $4) then 'displayed' end,
         case when bool_or(d.opened_at < $4) then 'opened' end,
         case when bool_or(d.clicked_at < $4) then 'clicked' end,
         case when bool_or(d.dismissed_at < $4) then 'dismissed' end,
         case when bool_or(d.reported_at < $4) then 'reported' end,
         case when bool_or(r.kind in ('reply', 'callback')) then 'replied' end,
         case when bool_or(r.kind = 'ask_human') then 'asked_human' end
       ], null) as did
     from hosted_messages m
     left join message_displays d on d.message_id = m.id
     left join replies r on r.customer_id = m.customer_id and r.message = m.jti and r.at < $4 and r.state <> 'undone'
     where m.iss = $1 and m.placed_at >= $2 and m.placed_at < $3 and m.customer_id is not null
     group by m.customer_id, m.link_id`,
    [asked.peer, asked.from, asked.until, asked.doneUntil],
  );
  return rows;
}

/** Groups that a guest was told of, the newest first. */
export async function readToldGroups(tx: Tx, peer: string, limit: number): Promise<Set<string>[]> {
  const { rows } = await tx.client.query<{ month: string; members: string[] }>(
    `select month, array_agg(member::text) as members from engagement_groups where peer = $1
     group by month order by month desc limit $2`,
    [peer, limit],
  );
  return rows.map(({ members }) => new Set(members));
}

/** False where another replica has closed it. */
export async function insertMonth(tx: Tx, peer: string, told: ToldMonth, at: Date): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into engagement_months (peer, month, customers, figures, closed_at) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [peer, told.month, told.customers ?? null, told.figures ?? null, at],
  );
  return rowCount === 1;
}

export async function insertGroup(
  tx: Tx,
  peer: string,
  month: string,
  members: readonly string[],
): Promise<void> {
  await tx.client.query(
    'insert into engagement_groups (peer, month, member) select $1, $2, unnest($3::uuid[])',
    [peer, month, members],
  );
}

export async function readDueMonths(tx: Tx, peer: string): Promise<ToldMonth[]> {
  const { rows } = await tx.client.query<MonthRow>(
    `select month, customers, figures from engagement_months
     where peer = $1 and exchange_jti is null and told_at is null order by month limit 12 for update`,
    [peer],
  );
  return rows.map(monthOf);
}

type MonthRow = { month: string; customers: number | null; figures: ToldMonth['figures'] | null };

const monthOf = ({ month, customers, figures }: MonthRow): ToldMonth => ({
  month,
  ...(customers !== null && figures !== null && { customers, figures }),
});

export async function carryMonths(
  tx: Tx,
  peer: string,
  jti: string,
  months: readonly string[],
): Promise<void> {
  await tx.client.query(
    'update engagement_months set exchange_jti = $2 where peer = $1 and month = any($3::text[])',
    [peer, jti, months],
  );
}

/** What hosts told this node; the first word of a month counts. */
export async function storeReceivedMonths(
  tx: Tx,
  told: readonly (ToldMonth & { peer: string; at: Date })[],
): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'received_engagement_months',
      columns: ['peer', 'month', 'customers', 'figures', 'received_at'],
      suffix: 'on conflict (peer, month) do nothing',
    },
    told.map(({ peer, month, customers, figures, at }) => [
      peer,
      month,
      customers ?? null,
      figures === undefined ? null : JSON.stringify(figures),
      at,
    ]),
  );
}

export type ReceivedMonth = ToldMonth & { peer: string; receivedAt: Date };

export async function readReceivedMonths(
  client: pg.ClientBase,
  filter: { peer?: string; since?: string },
): Promise<ReceivedMonth[]> {
  const { rows } = await client.query<MonthRow & { peer: string; receivedAt: Date }>(
    `select peer, month, customers, figures, received_at as "receivedAt" from received_engagement_months
     where ($1::text is null or peer = $1) and ($2::text is null or month >= $2)
     order by month desc, peer limit 500`,
    [filter.peer ?? null, filter.since ?? null],
  );
  return rows.map((row) => ({ peer: row.peer, ...monthOf(row), receivedAt: row.receivedAt }));
}
