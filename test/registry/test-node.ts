import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Test } from 'tap';
import type { Clock } from '../../src/clock.ts';
import { createDatabase, createPools, type Database } from '../../src/db/index.ts';
import { createFileKeyStore, type KeyStore } from '../../src/keys/index.ts';
import {
  createRegistry,
  type RecordEvidence,
  type Registry,
  type RegistryConfig,
  type RegistryDeps,
  registryFederationRoutes,
} from '../../src/registry/index.ts';
import { createTestDatabase } from '../support/database.ts';

export type Recorded = Parameters<RecordEvidence>[1];
export type LogLine = { level: string; message: string; fields: Record<string, unknown> };

export type TestNode = {
  url: string;
  registry: Registry;
  db: Database;
  keys: KeyStore;
  keyDirectory: string;
  evidence: Recorded[];
  lines: LogLine[];
  app: FastifyInstance;
  clock: Clock & { offsetMs: number };
  /** A second process of the same node: same database, same key directory. */
  replica(config?: Partial<RegistryConfig>): Promise<Registry>;
  /** Signed with the active federation key: what a peer of this node pins. */
  federationKid(): Promise<string>;
};

/** A registry with a database, keys and a server of its own, reachable on loopback. Ends with `t`. */
export async function startTestNode(
  t: Test,
  options: {
    config?: Partial<RegistryConfig>;
    deps?: Partial<RegistryDeps>;
    /** Runs before each request to the node is answered. */
    onRequest?: () => Promise<void>;
    /** Answers in place of the registry's own routes. */
    app?: FastifyInstance;
  } = {},
): Promise<TestNode> {
  const { url: databaseUrl } = await createTestDatabase(t);
  const db = createDatabase(createPools({ connection: { connectionString: databaseUrl }, size: 8 }));
  const app = options.app ?? Fastify();
  // The address is the identity, so the server listens before there is a registry to ask.
  let registry: Registry | undefined;
  const late = {
    get ownConfiguration() {
      if (registry === undefined) throw new Error('asked before the registry was started');
      return registry.ownConfiguration;
    },
  };
  app.addHook('onRequest', async () => options.onRequest?.());
  if (options.app === undefined) await app.register(registryFederationRoutes(late));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const clock = { offsetMs: 0, nowMs: () => Date.now() + clock.offsetMs };
  const home = await mkdtemp(join(tmpdir(), 'intervault-registry-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const directory = join(home, 'keys');
  const evidence: Recorded[] = [];
  const lines: LogLine[] = [];
  const log = {
    info: (fields: object, message: string) => lines.push({ level: 'info', message, fields: { ...fields } }),
    warn: (fields: object, message: string) => lines.push({ level: 'warn', message, fields: { ...fields } }),
    error: (fields: object, message: string) =>
      lines.push({ level: 'error', message, fields: { ...fields } }),
  };

  async function create(config: Partial<RegistryConfig> = {}): Promise<Registry> {
    const registry = createRegistry({
      db,
      keys: createFileKeyStore({ directory, clock }),
      clock,
      config: {
        publicUrl: url,
        allowInsecurePeers: true,
        organizationName: 'Banque A',
        contacts: ['ops@example.org'],
        peerPollS: 900,
        keyPublishS: 3600,
        limits: { max_document_bytes: 1024 },
        capabilities: ['document.push'],
        ...options.config,
        ...config,
      },
      log,
      recordEvidence: async (_tx, record) => {
        evidence.push(record);
      },
      ...options.deps,
    });
    await registry.start();
    t.teardown(() => registry.stop());
    return registry;
  }

  t.teardown(async () => {
    await db.close();
  });
  t.teardown(() => app.close());
  const started = await create();
  registry = started;
  return {
    url,
    registry: started,
    db,
    keys: createFileKeyStore({ directory, clock }),
    keyDirectory: directory,
    evidence,
    lines,
    app,
    clock,
    replica: create,
    federationKid: async () => {
      const own = await started.ownKeys.list();
      const active = own.find((key) => key.purpose === 'federation' && key.state === 'active');
      if (active === undefined) throw new Error('no active federation key');
      return active.kid;
    },
  };
}

/** Polls until `holds`, for at most `timeoutMs`. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 8_000): Promise<boolean> {
  const endMs = Date.now() + timeoutMs;
  while (Date.now() < endMs) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
