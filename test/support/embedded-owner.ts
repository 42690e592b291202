// Run as a process of its own: owns an embedded PostgreSQL in the folder argv[2] until it is killed, or until
// SIGINT, when it asks the database one more thing and stops it. Each event is one line of JSON on stdout.
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts';

const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

try {
  const server = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', log: () => {} });
  process.once('SIGINT', async () => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query('select 41 + 1 as answer');
    await client.end();
    await server.stop();
    tell({ drained: rows[0].answer });
  });
  tell({ pid: server.pid(), host: server.connection.host, url: server.url });
} catch (error) {
  const { code, hint, message } = error as { code?: string; hint?: string; message?: string };
  tell({ code, hint, message });
}
