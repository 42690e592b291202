import type { Database } from '../db/index.ts';

export type QueueLength = {
  peer: string;
  queued: number;
  /** When the oldest exchange that waits was made, Unix milliseconds. */
  oldestMs: number;
};

/** A look for a graph, not worth holding up deliveries for. */
const TIMEOUT_MS = 3_000;

/** What waits for whom. Reads the whole queue: ask now and then. */
export async function readQueueLengths(db: Database): Promise<QueueLength[]> {
  return db.transact(async ({ client }) => {
    await client.query(`set local statement_timeout = ${TIMEOUT_MS}`);
    const { rows } = await client.query<{ peer: string; queued: number; oldest: string }>(
      'select peer, count(*)::int as queued, min(jti::text) as oldest from deliveries group by peer',
    );
    return rows.map(({ peer, queued, oldest }) => ({ peer, queued, oldestMs: timeOfUuidV7(oldest) }));
  });
}

/** RFC 9562 section 5.7: the first 48 bits are Unix milliseconds. */
function timeOfUuidV7(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
