import type pg from 'pg';
import type { Tx } from '../db/index.ts';
import type { EntryFault } from '../protocol/ledger/applying.ts';
import type { OverdueReason } from '../protocol/ledger/overdue.ts';
import type { Role, SequenceKey } from './sequence-store.ts';

export type DisputeReason = EntryFault | OverdueReason;

/** An objection of the guest to an entry, or to one that is not there. */
export type DisputeItem = { seq: number | null; exchange: string; reason: DisputeReason };

export type StoredDispute = DisputeItem & {
  id: number;
  agreement: string;
  role: Role;
  raisedAt: Date;
  resolvedAt: Date | null;
};

const COLUMNS = `id, agreement, role, seq, exchange, reason, raised_at as "raisedAt", resolved_at as "resolvedAt"`;

/** Raises what was not raised before, and returns that. */
export async function insertDisputes(
  tx: Tx,
  role: Role,
  items: readonly (DisputeItem & { agreement: string })[],
  at: Date,
): Promise<(DisputeItem & { agreement: string })[]> {
  if (items.length === 0) return [];
  const { rows } = await tx.client.query<DisputeItem & { agreement: string }>(
    `insert into ledger_disputes (agreement, role, seq, exchange, reason, raised_at)
     select agreement, $1, seq, exchange, reason, $2
     from unnest($3::text[], $4::bigint[], $5::uuid[], $6::text[]) as t (agreement, seq, exchange, reason)
     on conflict (agreement, role, exchange, reason, coalesce(seq, 0)) do nothing
     returning agreement, seq, exchange, reason`,
    [
      role,
      at,
      items.map(({ agreement }) => agreement),
      items.map(({ seq }) => seq),
      items.map(({ exchange }) => exchange),
      items.map(({ reason }) => reason),
    ],
  );
  return rows;
}

/** Posts were reversed: nobody objects to them any more. */
export async function resolveDisputes(
  tx: Tx,
  role: Role,
  posts: readonly { agreement: string; seq: number }[],
  at: Date,
): Promise<void> {
  if (posts.length === 0) return;
  await tx.client.query(
    `update ledger_disputes d set resolved_at = $2
     from unnest($3::text[], $4::bigint[]) as t (agreement, seq)
     where d.role = $1 and d.agreement = t.agreement and d.seq = t.seq and d.resolved_at is null`,
    [role, at, posts.map(({ agreement }) => agreement), posts.map(({ seq }) => seq)],
  );
}

/** How many objections are open, either way. */
export async function countOpen(
  client: pg.ClientBase,
  agreements: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ agreement: string; count: number }>(
    `select agreement, count(*) as count from ledger_disputes
     where resolved_at is null and agreement = any($1::text[]) group by agreement`,
    [agreements],
  );
  return new Map(rows.map(({ agreement, count }) => [agreement, count]));
}

/** How many entries a guest misses, as far as it said so. */
export async function countMissed(
  client: pg.ClientBase,
  agreements: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ agreement: string; count: number }>(
    `select agreement, count(*) as count from ledger_disputes
     where role = 'host' and seq is null and agreement = any($1::text[]) group by agreement`,
    [agreements],
  );
  return new Map(rows.map(({ agreement, count }) => [agreement, count]));
}

export async function readDisputes(
  client: pg.ClientBase,
  filter: Partial<SequenceKey> & { open?: boolean; after?: number },
  limit: number,
): Promise<StoredDispute[]> {
  const { rows } = await client.query<StoredDispute>(
    `select ${COLUMNS} from ledger_disputes
     where ($1::text is null or agreement = $1) and ($2::text is null or role = $2)
       and ($3::boolean is null or (resolved_at is null) = $3) and id > $4
     order by id limit $5`,
    [filter.agreement ?? null, filter.role ?? null, filter.open ?? null, filter.after ?? 0, limit],
  );
  return rows;
}

/** Open objections to entries of a range, and to what is missed of the time that it closed. */
export async function readOpenDisputes(
  client: pg.ClientBase,
  { agreement, role }: SequenceKey,
  range: { first: number; last: number; from: Date; until: Date },
  limit: number,
): Promise<StoredDispute[]> {
  const { rows } = await client.query<StoredDispute>(
    `select ${COLUMNS.replaceAll(/\b(agreement|exchange)\b/g, 'd.$1')} from ledger_disputes d
     left join ledger_contacts c on c.exchange = d.exchange and c.agreement = d.agreement
     where d.agreement = $1 and d.role = $2 and d.resolved_at is null
       and case when d.seq is null then c.decided_at >= $5 and c.decided_at < $6
         else d.seq between $3 and $4 end
     order by d.id limit $7`,
    [agreement, role, range.first, range.last, range.from, range.until, limit],
  );
  return rows;
}
