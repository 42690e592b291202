import type pg from 'pg';
import type { Tx } from '../db/index.ts';

/** What this node is in a sequence. */
export type Role = 'host' | 'guest';

/** A sequence as this node holds it; see migration 0011 for the members. */
export type Sequence = {
  agreement: string;
  role: Role;
  peer: string;
  seq: number;
  head: string;
  total: number;
  counted: number;
  latestS: number;
  closedS: number;
  statements: number;
  serviceMonth: string | null;
  serviceCount: number;
  pastAt: Date | null;
  suspendedAt: Date | null;
};

const COLUMNS = `agreement, role, peer, seq, head, total, counted, latest_s as "latestS", closed_s as "closedS",
  statements, service_month as "serviceMonth", service_count as "serviceCount", past_at as "pastAt",
  suspended_at as "suspendedAt"`;

export type SequenceKey = Pick<Sequence, 'agreement' | 'role'>;
export type NewSequence = Pick<Sequence, 'agreement' | 'role' | 'peer' | 'head'>;

/** Locks sequences in one order, made where there is none. */
export async function lockSequences(
  tx: Tx,
  role: Role,
  wanted: readonly NewSequence[],
): Promise<Map<string, Sequence>> {
  const agreements = wanted.map(({ agreement }) => agreement);
  const lock = async () => {
    const { rows } = await tx.client.query<Sequence>({
      name: 'ledger-lock',
      text: `select ${COLUMNS} from ledger_sequences where role = $1 and agreement = any($2::text[])
        order by agreement for update`,
      values: [role, agreements],
    });
    return new Map(rows.map((row) => [row.agreement, row]));
  };
  const known = await lock();
  if (known.size === new Set(agreements).size) return known;
  const fresh = wanted.filter(({ agreement }) => !known.has(agreement));
  await tx.client.query(
    `insert into ledger_sequences (agreement, role, peer, head)
     select agreement, $1, peer, head from unnest($2::text[], $3::text[], $4::text[]) as t (agreement, peer, head)
     order by agreement on conflict (agreement, role) do nothing`,
    [
      role,
      fresh.map(({ agreement }) => agreement),
      fresh.map(({ peer }) => peer),
      fresh.map(({ head }) => head),
    ],
  );
  return lock();
}

/** Sequences as they stand, without a lock. */
export async function readSequences(
  client: pg.ClientBase,
  filter: { role?: Role; agreements?: readonly string[]; peer?: string },
): Promise<Sequence[]> {
  const { rows } = await client.query<Sequence>(
    `select ${COLUMNS} from ledger_sequences
     where ($1::text is null or role = $1) and ($2::text[] is null or agreement = any($2))
       and ($3::text is null or peer = $3)
     order by agreement, role`,
    [filter.role ?? null, filter.agreements ?? null, filter.peer ?? null],
  );
  return rows;
}

/** What this node, as guest of some agreements, acknowledges of what their hosts counted. */
export async function readCounted(
  tx: Tx,
  agreements: readonly string[],
): Promise<Map<string, { counted: number; suspended: boolean }>> {
  const { rows } = await tx.client.query<{ agreement: string; counted: number; suspended: boolean }>({
    name: 'ledger-counted',
    text: `select agreement, counted, suspended_at is not null as suspended from ledger_sequences
      where role = 'guest' and agreement = any($1::text[])`,
    values: [agreements],
  });
  return new Map(rows.map((row) => [row.agreement, row]));
}

/** Writes where locked sequences stand now. */
export async function writeSequences(tx: Tx, sequences: readonly Sequence[]): Promise<void> {
  if (sequences.length === 0) return;
  const column = <K extends keyof Sequence>(name: K) => sequences.map((one) => one[name]);
  await tx.client.query({
    name: 'ledger-write',
    text: `update ledger_sequences s set seq = t.seq, head = t.head, total = t.total, counted = t.counted,
       latest_s = t.latest_s, closed_s = t.closed_s, statements = t.statements, service_month = t.service_month,
       service_count = t.service_count, past_at = t.past_at
     from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
       $8::bigint[], $9::int[], $10::text[], $11::int[], $12::timestamptz[])
       as t (agreement, role, seq, head, total, counted, latest_s, closed_s, statements, service_month, service_count,
         past_at)
     where s.agreement = t.agreement and s.role = t.role`,
    values: [
      column('agreement'),
      column('role'),
      column('seq'),
      column('head'),
      column('total'),
      column('counted'),
      column('latestS'),
      column('closedS'),
      column('statements'),
      column('serviceMonth'),
      column('serviceCount'),
      column('pastAt'),
    ],
  });
}

/** Stops messages under these agreements, or lets them go on. Returns whether that changed anything. */
export async function suspend(tx: Tx, agreement: string, at: Date | null): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `update ledger_sequences set suspended_at = $2
     where agreement = $1 and role = 'guest' and (suspended_at is null) = ($2::timestamptz is not null)`,
    [agreement, at],
  );
  return rowCount === 1;
}

/** With which peer an agreement is that both sides signed; undefined for what is no first version of one. */
export async function readParties(
  client: pg.ClientBase,
  agreements: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await client.query<{ id: string; peer: string }>(
    `select id, peer from agreement_versions
     where id = any($1::text[]) and root = id and state in ('agreed', 'accepting')`,
    [agreements],
  );
  return new Map(rows.map(({ id, peer }) => [id, peer]));
}
