import { open } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/db/embedded/index.ts';
import { familyCpuUs } from './procfs.ts';
import { median } from './statistics.ts';

/** One durable PostgreSQL for everything that is compared, with a database for each. */
export type Store = {
  readonly version: string;
  /** What one write of 8 KiB with fdatasync costs in the store's folder, and one commit, milliseconds. */
  readonly fsyncMs: number;
  readonly commitMs: number;
  createDatabase(name: string): Promise<StoreDatabase>;
  /** Each commit waits 2 ms for its fsync to begin: a slower disk for everybody. Returns what a commit then costs. */
  slowDisk(on: boolean): Promise<number>;
  /** So that nobody pays in a timed round for what another one wrote. */
  checkpoint(): Promise<void>;
  /** Of the server and all its processes. */
  cpuUs(): number;
  /** SIGKILL to the server; it is started again at once. Resolves when it answers. */
  crash(): Promise<void>;
  stop(): Promise<void>;
};

export type StoreDatabase = { readonly url: string; readonly pool: pg.Pool };

const PROBES = 200;

/** Throws unless what this server acknowledges is on disk: figures of any other are worth nothing. */
export async function assertDurable(client: Pick<pg.Pool, 'query'>): Promise<void> {
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
    const { rows } = await client.query('select current_setting($1) as value', [setting]);
    if (rows[0].value !== 'on') throw new Error(`${setting} is ${rows[0].value}: the bench refuses to run`);
  }
}

export async function openStore(folder: string, onTrouble: (line: string) => void): Promise<Store> {
  const server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'store'),
    settings: { max_connections: '200' },
    log: (line) => {
      if (/did not start|PANIC/.test(line)) onTrouble(line);
    },
  });
  const admin = createPool(server.url);
  const pools = [admin];
  try {
    await assertDurable(admin);
    await admin.query('create table commit_probe (at timestamptz not null)');
    const { rows } = await admin.query('show server_version');
    return {
      version: rows[0].server_version,
      fsyncMs: await fsyncCostMs(folder),
      commitMs: await commitCostMs(admin),
      async createDatabase(name) {
        await admin.query(`create database ${name}`);
        const url = server.url.replace('@/intervault?', `@/${name}?`);
        const pool = createPool(url);
        pools.push(pool);
        return { url, pool };
      },
      async slowDisk(on) {
        await admin.query(`alter system set commit_delay = ${on ? 2000 : 0}`);
        await admin.query(`alter system set commit_siblings = ${on ? 0 : 5}`);
        await admin.query('select pg_reload_conf()');
        // A server process notices at its next command after the signal.
        await new Promise((resolve) => setTimeout(resolve, 200));
        return commitCostMs(admin, 20);
      },
      async checkpoint() {
        await admin.query('checkpoint');
      },
      cpuUs: () => familyCpuUs(server.pid()),
      async crash() {
        process.kill(server.pid(), 'SIGKILL');
        await answering(admin);
      },
      async stop() {
        for (const pool of pools) await pool.end();
        await server.stop();
      },
    };
  } catch (error) {
    await admin.end();
    await server.stop();
    throw error;
  }
}

function createPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  // An idle connection breaks when the crash bench kills the server.
  pool.on('error', () => {});
  return pool;
}

async function answering(pool: pg.Pool): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await pool.query('select 1');
      return;
    } catch (error) {
      if (tries > 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function commitCostMs(pool: pg.Pool, probes = PROBES): Promise<number> {
  return medianMs(probes, () => pool.query('insert into commit_probe values (now())'));
}

async function fsyncCostMs(folder: string): Promise<number> {
  const file = await open(path.join(folder, 'fsync-probe'), 'w');
  const block = Buffer.alloc(8192, 1);
  try {
    return await medianMs(PROBES, async () => {
      await file.write(block, 0, block.length, 0);
      await file.datasync();
    });
  } finally {
    await file.close();
  }
}

async function medianMs(times: number, work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let done = 0; done < times; done++) {
    const startMs = performance.now();
    await work();
    took.push(performance.now() - startMs);
  }
  return median(took);
}
