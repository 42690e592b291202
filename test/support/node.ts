import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Logger, pino } from 'pino';
import type { Test } from 'tap';
import { v7 as uuidV7 } from 'uuid';
import type { Clock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config.ts';
import { type Node, startNode } from '../../src/node.ts';
import type { LinkId } from '../../src/protocol/ids.ts';
import type { LinkScopesByHost } from '../../src/protocol/link-scopes.ts';
import { createTestDatabase } from './database.ts';
import type { Hop } from './hop.ts';

export type TestNode = Node & { readonly url: string; readonly env: Record<string, string> };

/** A port outside the ephemeral range, where nobody listens by chance; taken ones are tried again. */
function randomPort(): number {
  return 20_000 + Math.floor(Math.random() * 12_000);
}

export type TestNodeOptions = {
  clock?: Clock;
  env?: Record<string, string>;
  logLevel?: string;
  /** In place of one on stderr: for tests of what is logged. */
  logger?: Logger;
  /** Puts a hop in front: peers reach the node through it, at the hop's address. */
  hop?: Hop;
};

/** A whole node in this process, with a database and a data directory of its own; stopped when `t` ends. */
export async function startTestNode(t: Test, options: TestNodeOptions = {}): Promise<TestNode> {
  for (let tries = 0; ; tries++) {
    // A database that met one address is of no use for another.
    const database = await createTestDatabase(t);
    const dataDir = await mkdtemp(path.join(tmpdir(), 'ivx-'));
    t.teardown(() => rm(dataDir, { recursive: true, force: true }));
    const port = randomPort();
    const local = `http://127.0.0.1:${port}`;
    const url = options.hop?.url ?? local;
    if (options.hop !== undefined) options.hop.target = local;
    const env = {
      DATABASE_URL: database.url,
      INTERVAULT_DATA_DIR: dataDir,
      INTERVAULT_PUBLIC_URL: url,
      INTERVAULT_PORT: String(port),
      INTERVAULT_LISTEN_HOST: '127.0.0.1',
      INTERVAULT_MANAGEMENT_PORT: '0',
      INTERVAULT_ALLOW_INSECURE_PEERS: 'true',
      INTERVAULT_RETRY_BASE_MS: '100',
      INTERVAULT_DATABASE_POOL_SIZE: '6',
      ...options.env,
    };
    try {
      const node = await restartTestNode(t, env, options);
      return node;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EADDRINUSE' || tries > 20) throw error;
    }
  }
}

/** Starts a node on what an earlier one left. */
export async function restartTestNode(
  t: Test,
  env: Record<string, string>,
  options: TestNodeOptions = {},
): Promise<TestNode> {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const logger =
    options.logger ??
    pino({ level: options.logLevel ?? process.env['TEST_LOG_LEVEL'] ?? 'silent' }, pino.destination(2));
  const node = await startNode(loaded.config, { logger, ...(options.clock && { clock: options.clock }) });
  t.teardown(() => node.stop());
  return { ...node, url: env['INTERVAULT_PUBLIC_URL'] as string, env };
}

/** Makes two nodes active peers of each other, each pinned to the other's federation key. */
export async function peerNodes(a: TestNode, b: TestNode): Promise<void> {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const preview = await one.registry.peerAdmin.discover(other.url);
    const pin = preview.federationKeys[0]?.kid;
    if (pin === undefined) throw new Error('the peer shows no federation key');
    await one.registry.peerAdmin.add({ url: other.url, pin });
  }
}

export const ALL_SCOPES = {
  documents: ['billing.invoice', 'statement.account', 'payroll.payslip', 'certificate.insurance', 'other'],
  contact: ['service'],
  engagement: 'none',
  readReceipts: true,
} as const;

/** A link both sides agreed to, written straight into both databases: for tests of what needs one, not of links. */
export async function seedLink(
  a: TestNode,
  b: TestNode,
  options: { scopes?: LinkScopesByHost; reference?: string } = {},
): Promise<LinkId> {
  const id = uuidV7() as LinkId;
  const scopes = JSON.stringify(options.scopes ?? { [a.url]: ALL_SCOPES, [b.url]: ALL_SCOPES });
  for (const [node, peer, initiatedBy] of [
    [a, b, 'self'],
    [b, a, 'peer'],
  ] as const) {
    await node.db.transact(async ({ kysely }) => {
      const customerId = uuidV7();
      await kysely
        .insertInto('customers')
        .values({ id: customerId, reference: `${options.reference ?? 'customer'}-${id}` })
        .execute();
      await kysely
        .insertInto('links')
        .values({ id, peer: peer.url, customer_id: customerId, initiated_by: initiatedBy, erased_at: null })
        .execute();
      for (const owner of ['self', 'peer'] as const) {
        await kysely
          .insertInto('link_halves')
          .values({
            link_id: id,
            owner,
            rev: 1,
            state: 'active',
            scopes,
            consent: null,
            restorable_until: null,
          })
          .execute();
      }
    });
  }
  return id;
}

export const INVOICE = { type: 'billing.invoice', title: 'Facture', issuedAt: '2026-11-01', language: 'fr' };

/** Submits one document through the service, as the institution API does. */
export function submit(from: TestNode, link: LinkId, content: Buffer, contentType = 'application/pdf') {
  return from.documents.submit(
    { link, fields: INVOICE, contentType, name: 'document', submittedBy: 'test' },
    (async function* () {
      yield content;
    })(),
  );
}

/** Waits until a sent document has this state. */
export function untilState(from: TestNode, id: string, state: string, timeoutMs?: number) {
  return eventually(async () => {
    const document = await from.documents.sent(id);
    return document?.state === state ? document : undefined;
  }, timeoutMs);
}

/** Waits for a condition that the nodes' own work brings about. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
