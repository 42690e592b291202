import type { Config } from '../config.ts';
import { startEmbeddedPostgres } from './embedded/index.ts';
import type { Connection } from './pool.ts';

/** The server that the configuration names, or an embedded one that lives until `stop`. */
export async function openDatabase(
  config: Config,
  log: (line: string) => void,
): Promise<{ connection: Connection; stop: () => Promise<void> }> {
  if (config.databaseUrl !== undefined) {
    return { connection: { connectionString: config.databaseUrl.reveal() }, stop: async () => {} };
  }
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  return { connection: embedded.connection, stop: () => embedded.stop() };
}
