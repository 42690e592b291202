// Run as a process of its own: the least that any feed has to do. One indexed read of a customer's newest messages, their
// texts in clear, answered as JSON. No token, no consent, no cap, no lease, no lock, no sealed text.
import { fastify } from 'fastify';
import pg from 'pg';
import { serveCommands } from '../serve.ts';

const app = fastify();
let pool: pg.Pool | undefined;

app.get<{ Params: { customer: string } }>('/v1/customers/:customer/feed', async (request) => {
  const { rows } = await (pool as pg.Pool).query({
    name: 'feed',
    text: `select id, sender, title, body, placed_at from messages where customer = $1 order by placed_at limit 10`,
    values: [request.params.customer],
  });
  return { items: rows };
});

const commands = {
  /** Returns its base URL. */
  async start(given: { databaseUrl: string; customers: readonly string[]; each: number }): Promise<string> {
    pool = new pg.Pool({ connectionString: given.databaseUrl });
    await pool.query(
      `create table messages (id bigint generated always as identity primary key, customer uuid not null,
         sender text not null, title text not null, body text not null, placed_at timestamptz not null)`,
    );
    await pool.query(
      `insert into messages (customer, sender, title, body, placed_at)
       select customer, 'Guest ' || n % 20, 'Votre épargne, conseil ' || n, repeat('Un conseiller peut vous rappeler. ', 8),
         now() - n * interval '1 second'
       from generate_series(1, $2::int) as n, unnest($1::uuid[]) as c (customer)`,
      [given.customers, given.each],
    );
    await pool.query('create index messages_newest on messages (customer, placed_at)');
    await pool.query('vacuum analyze messages');
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
};
export type FeedCeilingCommands = typeof commands;

serveCommands(commands, async () => {
  await app.close();
  await pool?.end();
});
