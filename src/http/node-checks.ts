import type { Readiness } from './readiness.ts';

export type NodeCheckSources = Readonly<{
  askDatabase: () => Promise<unknown>;
  /** Of the database and of this release; undefined where the database has none. */
  migrations: () => Promise<{ applied: number | undefined; known: number }>;
  /** Rejects where the keys can't be read. */
  readKeys: () => Promise<void>;
  registry: () => {
    viewAgeMs: number;
    peers: Readonly<Record<string, number>>;
    stalePeers: readonly string[];
  };
}>;

/** A view that is renewed every second and older than this belongs to a node that decides by what was. */
const MAX_VIEW_AGE_MS = 15_000;

/** What a node needs to serve. Names no institution: whoever can reach the management port may read it. */
export function addNodeChecks(readiness: Readiness, sources: NodeCheckSources): void {
  readiness.add('database', async () => {
    await sources.askDatabase();
    return { ok: true };
  });
  readiness.add('migrations', async () => {
    const { applied, known } = await sources.migrations();
    if (applied === known) return { ok: true, detail: `at ${known}` };
    // A newer release migrates while this one still runs: what it has is still there.
    if ((applied ?? 0) > known) return { ok: true, detail: `at ${applied}, this release knows ${known}` };
    return { ok: false, detail: `at ${applied ?? 'none'}, this release needs ${known}` };
  });
  readiness.add('keys', async () => {
    await sources.readKeys();
    return { ok: true };
  });
  readiness.add('registry', () => {
    const { viewAgeMs } = sources.registry();
    const detail = `its view is ${Math.round(viewAgeMs / 1000)} s old`;
    return { ok: viewAgeMs <= MAX_VIEW_AGE_MS, detail };
  });
  // Their trouble is not this node's: it is told, and turns nothing red.
  readiness.add('peers', () => {
    const { peers, stalePeers } = sources.registry();
    const stale = stalePeers.length === 0 ? '' : `, ${stalePeers.length} with an expired configuration`;
    return { ok: true, detail: `${peers['active'] ?? 0} active${stale}` };
  });
}
