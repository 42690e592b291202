import type pg from 'pg';
import type { Tx } from '../db/index.ts';
import type { QuietHours } from '../protocol/slot/quiet-hours.ts';
import type { RollingLimit } from '../protocol/slot/windows.ts';

/** How a customer wants to be contacted in this vault. */
export type ContactWishes = {
  locale: string | undefined;
  /** IANA time zone. */
  zone: string | undefined;
  /** Over all guests. */
  calm: RollingLimit | undefined;
  quiet: QuietHours | undefined;
};

export type Mute = { peer: string; until: Date | null };

type Row = {
  customer_id: string;
  locale: string | null;
  zone: string | null;
  calm_max: number | null;
  calm_per: number | null;
  calm_unit: RollingLimit['unit'] | null;
  quiet_from: string | null;
  quiet_to: string | null;
  quiet_zone: string | null;
};

const COLUMNS =
  'customer_id, locale, zone, calm_max, calm_per, calm_unit, quiet_from, quiet_to, quiet_zone' as const;

function wishesOf(row: Row): ContactWishes {
  const { calm_max: max, calm_per: per, calm_unit: unit, quiet_from: from, quiet_to: to } = row;
  return {
    locale: row.locale ?? undefined,
    zone: row.zone ?? undefined,
    calm: max === null || per === null || unit === null ? undefined : { max, per, unit },
    quiet:
      from === null || to === null || row.quiet_zone === null
        ? undefined
        : { from, to, zone: row.quiet_zone },
  };
}

export const NO_WISHES: ContactWishes = {
  locale: undefined,
  zone: undefined,
  calm: undefined,
  quiet: undefined,
};

/** Locks customers' contacts, in the order of their ids, and reads their wishes. */
export async function lockContacts(tx: Tx, ids: readonly string[]): Promise<Map<string, ContactWishes>> {
  const { rows } = await tx.client.query<Row>({
    name: 'contacts-lock',
    text: `insert into customer_contact (customer_id) select id from unnest($1::uuid[]) as c (id) order by id
     on conflict (customer_id) do update set customer_id = excluded.customer_id returning ${COLUMNS}`,
    values: [[...new Set(ids)].sort()],
  });
  return new Map(rows.map((row) => [row.customer_id, wishesOf(row)]));
}

export async function readMutes(client: pg.ClientBase, ids: readonly string[]): Promise<Map<string, Mute[]>> {
  const { rows } = await client.query<Mute & { customer_id: string }>({
    name: 'contacts-mutes',
    text: 'select customer_id, peer, until from customer_mutes where customer_id = any($1::uuid[]) order by peer',
    values: [ids],
  });
  return Map.groupBy(rows, (row) => row.customer_id);
}

/** Undefined for a customer this node does not know. */
export async function readWishes(client: pg.ClientBase, id: string): Promise<ContactWishes | undefined> {
  const { rows } = await client.query<Row & { known: string }>(
    `select c.id as known, ${COLUMNS} from customers c left join customer_contact on customer_id = c.id where c.id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return row.customer_id === null ? NO_WISHES : wishesOf(row);
}

export async function writeWishes(tx: Tx, id: string, wishes: ContactWishes): Promise<void> {
  const { locale, zone, calm, quiet } = wishes;
  await tx.client.query(
    `update customer_contact set locale = $2, zone = $3, calm_max = $4, calm_per = $5, calm_unit = $6,
       quiet_from = $7, quiet_to = $8, quiet_zone = $9, changed_at = now()
     where customer_id = $1`,
    [
      id,
      locale ?? null,
      zone ?? null,
      calm?.max ?? null,
      calm?.per ?? null,
      calm?.unit ?? null,
      quiet?.from ?? null,
      quiet?.to ?? null,
      quiet?.zone ?? null,
    ],
  );
}

/** A mute in place of an earlier one of the same peer; none where `until` is undefined. Returns whether it began or ended one. */
export async function writeMute(
  tx: Tx,
  id: string,
  mute: { peer: string; until: Date | null | undefined },
): Promise<boolean> {
  if (mute.until === undefined) {
    const ended = await tx.client.query('delete from customer_mutes where customer_id = $1 and peer = $2', [
      id,
      mute.peer,
    ]);
    return (ended.rowCount ?? 0) > 0;
  }
  // One that is over is none.
  await tx.client.query(
    'delete from customer_mutes where customer_id = $1 and peer = $2 and until <= now()',
    [id, mute.peer],
  );
  const { rows } = await tx.client.query<{ began: boolean }>(
    `insert into customer_mutes (customer_id, peer, until) values ($1, $2, $3)
     on conflict (customer_id, peer) do update set until = excluded.until, muted_at = now()
     returning xmax = 0 as began`,
    [id, mute.peer, mute.until],
  );
  return rows[0]?.began === true;
}

export async function writeProviders(tx: Tx, id: string, declared: number | null): Promise<void> {
  await tx.client.query('update customer_contact set declared_providers = $2 where customer_id = $1', [
    id,
    declared,
  ]);
}
