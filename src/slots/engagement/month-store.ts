import type pg from 'pg';
import { insertRows, type Tx } from '../../db/index.ts';
import { FIGURES, type Figure, type ToldMonth } from '../../protocol/slot/engagement.ts';

/** A node that stood still longer than this tells nothing of what was before. */
export const MONTHS_BACK = 3;

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

export type Month = { peer: string; month: string; from: Date; until: Date; doneUntil: Date };

export type Candidate = { customerId: string; linkId: string; did: Figure[] };

/** Whom a guest wrote to in a month, under each link, and what they did with it; a page, from the first link after `after`. */
export async function readCandidates(
  tx: Tx,
  asked: Month & { after: string; limit: number },
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
     where m.iss = $1 and m.placed_at >= $2 and m.placed_at < $3 and m.customer_id is not null and m.link_id > $5::uuid
     group by m.customer_id, m.link_id order by m.link_id limit $6`,
    [asked.peer, asked.from, asked.until, asked.doneUntil, asked.after, asked.limit],
  );
  return rows;
}

/** Alone with a guest's month: true unless it is closed already. What a try that died left behind is gone. */
export async function beginMonth(tx: Tx, { peer, month }: Pick<Month, 'peer' | 'month'>): Promise<boolean> {
  await tx.client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `engagement month ${JSON.stringify([peer, month])}`,
  ]);
  const { rowCount } = await tx.client.query(
    'select 1 from engagement_months where peer = $1 and month = $2',
    [peer, month],
  );
  return rowCount === 0;
}

/** A customer with two links is one member, who did what they did under either. */
export async function addMembers(
  tx: Tx,
  { peer, month }: Pick<Month, 'peer' | 'month'>,
  members: readonly { customerId: string; did: readonly Figure[] }[],
): Promise<void> {
  await tx.client.query(
    `insert into engagement_groups as g (peer, month, member, did)
     select $1, $2, m.member, string_to_array(m.did, ',') from (
       select member, string_agg(nullif(did, ''), ',') as did from unnest($3::uuid[], $4::text[]) as u (member, did)
       group by member
     ) m
     on conflict (peer, month, member) do update set did = g.did || excluded.did`,
    [peer, month, members.map(({ customerId }) => customerId), members.map(({ did }) => did.join(','))],
  );
}

/**
 * Takes out whom the guest knows one by one: by another link, or by what it was told of the month. Without them it could
 * subtract what it knows.
 */
export async function removeKnown(tx: Tx, month: Month, known: readonly string[]): Promise<void> {
  await tx.client.query(
    `delete from engagement_groups g where g.peer = $1 and g.month = $2 and (
       g.member = any($3::uuid[]) or exists (
         select 1 from engagement_reports r join hosted_messages m on m.id = r.message_id
         where r.customer_id = g.member and r.peer = $1 and m.placed_at >= $4 and m.placed_at < $5))`,
    [month.peer, month.month, known, month.from, month.until],
  );
}

export async function countGroup(
  tx: Tx,
  { peer, month }: Pick<Month, 'peer' | 'month'>,
): Promise<{ customers: number; did: Record<Figure, number> }> {
  const figures = FIGURES.map((figure) => `count(*) filter (where '${figure}' = any(did))::int as ${figure}`);
  const { rows } = await tx.client.query<Record<Figure, number> & { customers: number }>(
    `select count(*)::int as customers, ${figures.join(', ')} from engagement_groups where peer = $1 and month = $2`,
    [peer, month],
  );
  const [counted] = rows;
  if (counted === undefined) throw new Error('a count without a row');
  const { customers, ...did } = counted;
  return { customers, did };
}

/** How a group differs from each that was told of before and is kept. */
export async function readDifferences(
  tx: Tx,
  { peer, month }: Pick<Month, 'peer' | 'month'>,
): Promise<{ came: number; went: number }[]> {
  const { rows } = await tx.client.query<{ came: number; went: number }>(
    `select ((select count(*) from engagement_groups where peer = $1 and month = $2) - count(n.member))::int as came,
       (count(*) - count(n.member))::int as went
     from engagement_groups g
     left join engagement_groups n on n.peer = g.peer and n.month = $2 and n.member = g.member
     where g.peer = $1 and g.month <> $2
     group by g.month`,
    [peer, month],
  );
  return rows;
}

/** Keeps who was in a group that is told of, without what they did; forgets who was in another. */
export async function endGroup(
  tx: Tx,
  { peer, month }: Pick<Month, 'peer' | 'month'>,
  told: boolean,
): Promise<void> {
  await tx.client.query(
    told
      ? 'update engagement_groups set did = null where peer = $1 and month = $2'
      : 'delete from engagement_groups where peer = $1 and month = $2',
    [peer, month],
  );
}

/** Forgets who was in the groups that no new one is held against any more. */
export async function forgetGroups(tx: Tx, peer: string, kept: number): Promise<void> {
  await tx.client.query(
    `delete from engagement_groups where peer = $1 and month not in (
       select distinct month from engagement_groups where peer = $1 order by month desc limit $2)`,
    [peer, kept],
  );
}

export async function insertMonth(tx: Tx, peer: string, told: ToldMonth, at: Date): Promise<void> {
  await tx.client.query(
    'insert into engagement_months (peer, month, customers, figures, closed_at) values ($1, $2, $3, $4, $5)',
    [peer, told.month, told.customers ?? null, told.figures ?? null, at],
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
