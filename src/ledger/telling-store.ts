import type pg from 'pg';
import { type Database, insertRows, type Tx } from '../db/index.ts';

/** Two things go out side by side: entries, by number, and all else that is said, in its order. */
export type Lane = 'entries' | 'sayings';

export type Telling = { agreement: string; lane: Lane; peer: string; told: number };

/** There may be something to tell. */
export async function addTellings(
  tx: Tx,
  lane: Lane,
  to: readonly { agreement: string; peer: string }[],
): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'ledger_tellings',
      columns: ['agreement', 'lane', 'peer'],
      suffix: 'on conflict (agreement, lane) do nothing',
    },
    [...to]
      .sort((a, b) => (a.agreement < b.agreement ? -1 : 1))
      .map(({ agreement, peer }) => [agreement, lane, peer]),
  );
}

/** Says something, after what was said before. */
export async function insertSaying(
  tx: Tx,
  saying: { agreement: string; peer: string; act: string; body: object },
): Promise<void> {
  await tx.client.query('insert into ledger_sayings (agreement, act, body) values ($1, $2, $3)', [
    saying.agreement,
    saying.act,
    JSON.stringify(saying.body),
  ]);
  await addTellings(tx, 'sayings', [saying]);
}

const WAITING = `t.exchange_jti is null and t.due_at <= now() and case t.lane
  when 'entries' then exists (select 1 from ledger_sequences s
    where s.agreement = t.agreement and s.role = 'host' and s.seq > t.told)
  else exists (select 1 from ledger_sayings y where y.agreement = t.agreement) end`;

/** What waits to be told and has nothing under way. */
export async function readDueTellings(db: Database): Promise<Telling[]> {
  const { rows } = await db.withClient((client) =>
    client.query<Telling>(
      `select agreement, lane, peer, told from ledger_tellings t where ${WAITING} order by agreement, lane`,
    ),
  );
  return rows;
}

/** Takes one for this transaction; undefined where another replica has it, or an exchange is under way. */
export async function claimTelling(tx: Tx, { agreement, lane }: Telling): Promise<Telling | undefined> {
  const { rows } = await tx.client.query<Telling>(
    `select agreement, lane, peer, told from ledger_tellings t
     where agreement = $1 and lane = $2 and ${WAITING} for update skip locked`,
    [agreement, lane],
  );
  return rows[0];
}

export type Saying = { id: number; act: string; body: Record<string, unknown> };

export async function readNextSaying(
  client: pg.ClientBase,
  { agreement }: Telling,
): Promise<Saying | undefined> {
  const { rows } = await client.query<Saying>(
    'select id, act, body from ledger_sayings where agreement = $1 order by id limit 1',
    [agreement],
  );
  return rows[0];
}

export async function carryTelling(tx: Tx, telling: Telling, jti: string, upTo: number): Promise<void> {
  await tx.client.query(
    'update ledger_tellings set exchange_jti = $3, carried = $4 where agreement = $1 and lane = $2',
    [telling.agreement, telling.lane, jti, upTo],
  );
}

/**
 * The exchanges that carried something ended. `told`: the peer has it. `later`: to be said again, after a pause that grows.
 */
export async function settleTellings(
  tx: Tx,
  jtis: readonly string[],
  told: boolean,
  retry: { baseS: number; capS: number },
): Promise<void> {
  if (jtis.length === 0) return;
  if (told) {
    // Not by a number that has passed: two that are written side by side commit in any order.
    await tx.client.query(
      `delete from ledger_sayings y using ledger_tellings t
       where t.exchange_jti = any($1::uuid[]) and t.lane = 'sayings' and y.id = t.carried`,
      [jtis],
    );
  }
  await tx.client.query(
    told
      ? `update ledger_tellings set told = greatest(told, carried), carried = null, exchange_jti = null, failures = 0,
           due_at = now()
         where exchange_jti = any($1::uuid[])`
      : `update ledger_tellings set carried = null, exchange_jti = null, failures = failures + 1,
           due_at = now() + least($3::float8, $2::float8 * 2 ^ least(failures, 20)) * interval '1 second'
         where exchange_jti = any($1::uuid[])`,
    told ? [jtis] : [jtis, retry.baseS, retry.capS],
  );
}

/** How far the guests of some accounts have taken this node's entries. */
export async function readTold(
  client: pg.ClientBase,
  agreements: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ agreement: string; told: number }>(
    `select agreement, told from ledger_tellings where lane = 'entries' and agreement = any($1::text[])`,
    [agreements],
  );
  return new Map(rows.map(({ agreement, told }) => [agreement, told]));
}
