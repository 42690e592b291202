import type pg from 'pg';
import type { Tx } from '../db/index.ts';

/** A customer's links, all of them. */
export async function readLinksOf(client: pg.ClientBase, customerId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select id from links where customer_id = $1', [
    customerId,
  ]);
  return rows.map((row) => row.id);
}

/** Those with one peer. */
export async function readLinksWith(tx: Tx, customerId: string, peer: string): Promise<string[]> {
  const { rows } = await tx.client.query<{ id: string }>(
    'select id from links where customer_id = $1 and peer = $2 order by id desc',
    [customerId, peer],
  );
  return rows.map((row) => row.id);
}

/** The body of a message that was handed out to this customer. */
export async function readShownBody(
  client: pg.ClientBase,
  customerId: string,
  message: string,
): Promise<string | undefined> {
  const { rows } = await client.query<{ body_id: string }>(
    `select m.body_id from hosted_messages m join message_displays d on d.message_id = m.id
     where m.id = $2 and m.customer_id = $1 and m.erased_at is null`,
    [customerId, message],
  );
  return rows[0]?.body_id;
}
