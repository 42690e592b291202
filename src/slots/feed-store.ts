import type pg from 'pg';

/** A customer's links, all of them. */
export async function readLinksOf(client: pg.ClientBase, customerId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select id from links where customer_id = $1', [
    customerId,
  ]);
  return rows.map((row) => row.id);
}
