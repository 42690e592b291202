import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type pg from 'pg';
import { v7 as uuidV7 } from 'uuid';
import type { Child } from './child.ts';
import type { Bench } from './context.ts';
import type { NodeCommands } from './node-under-test.ts';

/** A node in a process of its own, with a database of its own in the store. */
export type BenchNode = {
  readonly name: string;
  /** Its entity id and the origin of its federation API. */
  readonly url: string;
  readonly pool: pg.Pool;
  /** The process that runs now. */
  child(): Child<NodeCommands>;
  /** SIGKILL, and a new process on what it left. */
  crash(): Promise<void>;
};

/** Links between a node and a peer: a million payslips a night go to as many customers. */
const LINKS = 1_000;
const QUICK_LINKS = 50;

export async function startBenchNode(bench: Bench, name: string): Promise<BenchNode> {
  const database = await bench.store.createDatabase(name.replaceAll('-', '_'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    DATABASE_URL: database.url,
    INTERVAULT_DATA_DIR: path.join(bench.folder, name),
    INTERVAULT_PUBLIC_URL: url,
    INTERVAULT_PORT: String(port),
    INTERVAULT_LISTEN_HOST: '127.0.0.1',
    INTERVAULT_MANAGEMENT_PORT: '0',
    INTERVAULT_ALLOW_INSECURE_PEERS: 'true',
    // Everything comes from one peer, and from one caller, faster than their default allowances.
    INTERVAULT_PEER_RATE_PER_MIN: '10000000',
    INTERVAULT_TOKEN_RATE_PER_MIN: '10000000',
    ...bench.options.nodeEnv,
  };
  const logFile = path.join(bench.folder, `${name}.log`);
  async function start(): Promise<Child<NodeCommands>> {
    const started = await bench.start<NodeCommands>('node-under-test.ts', name);
    await started.ask('start', { env, logFile });
    return started;
  }
  let child = await start();
  return {
    name,
    url,
    pool: database.pool,
    child: () => child,
    async crash() {
      await child.kill();
      child = await start();
    },
  };
}

/** Makes the load generator a peer of the node, with links; returns their ids. */
export async function peerWithLoad(bench: Bench, node: BenchNode): Promise<string[]> {
  await node.child().ask('addPeer', { url: bench.peer.entityId, pin: bench.peer.pin });
  const ids = linkIds(bench);
  await node.child().ask('seedLinks', { peer: bench.peer.entityId, ids, initiatedBy: 'peer' });
  return ids;
}

/** Makes two nodes peers of each other, with links; returns their ids. */
export async function peerNodes(bench: Bench, a: BenchNode, b: BenchNode): Promise<string[]> {
  const ids = linkIds(bench);
  for (const [one, other, initiatedBy] of [
    [a, b, 'self'],
    [b, a, 'peer'],
  ] as const) {
    await one.child().ask('addPeer', { url: other.url, pin: await other.child().ask('pin') });
    await one.child().ask('seedLinks', { peer: other.url, ids, initiatedBy });
  }
  return ids;
}

function linkIds(bench: Bench): string[] {
  return Array.from({ length: bench.options.quick ? QUICK_LINKS : LINKS }, () => uuidV7());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
