// Run as a process of its own: the node as it is, started by its own composition root with its default settings. What
// the institution API will do is asked for in process; links are written into the database, for the bench alone.
import { pino } from 'pino';
import { v7 as uuidV7 } from 'uuid';
import { loadConfig } from '../src/config.ts';
import { createLogger } from '../src/http/logger.ts';
import { issueNodeToken } from '../src/http/node-token.ts';
import { type Node, startNode } from '../src/node.ts';
import type { LinkId } from '../src/protocol/ids.ts';
import { SAMPLE_FIELDS, sampleContent, sampleStream } from './sample-content.ts';
import { serveCommands } from './serve.ts';

const TOKEN_TTL_S = 3600;

let running: Node | undefined;

function node(): Node {
  if (running === undefined) throw new Error('the node has not been started');
  return running;
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

function submit(link: string, file: AsyncIterable<Buffer>) {
  return node().documents.submit(
    {
      link: link as LinkId,
      fields: { ...SAMPLE_FIELDS },
      contentType: 'application/pdf',
      name: 'bulletin.pdf',
      submittedBy: 'bench',
    },
    file,
  );
}

const SCOPES = {
  documents: [SAMPLE_FIELDS.type],
  contact: ['service'],
  engagement: 'none',
  readReceipts: true,
} as const;

const commands = {
  async start({ env, logFile }: { env: Record<string, string>; logFile: string }): Promise<void> {
    const loaded = loadConfig(env);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const logger = createLogger(loaded.config.logLevel, pino.destination({ dest: logFile, sync: false }));
    running = await startNode(loaded.config, { logger });
  },
  /** What a peer has to pin. */
  async pin(): Promise<string> {
    const own = node().config.publicUrl;
    const key = await node()
      .db.read.selectFrom('own_keys')
      .select('kid')
      .where('purpose', '=', 'federation')
      .where('state', '=', 'active')
      .executeTakeFirstOrThrow();
    if (own === undefined) throw new Error('the node has no public URL');
    return key.kid;
  },
  /** An access token of its institution API. */
  async token(role: string): Promise<string> {
    const issued = await issueNodeToken(node().config, { role, subject: 'bench', ttlS: TOKEN_TTL_S });
    return issued.token;
  },
  async addPeer(peer: { url: string; pin: string }): Promise<void> {
    await node().registry.peerAdmin.add(peer);
  },
  /** Links that both sides agreed to, each to a customer of its own. */
  async seedLinks({ peer, ids, initiatedBy }: { peer: string; ids: string[]; initiatedBy: 'self' | 'peer' }) {
    const own = node().config.publicUrl as string;
    const scopes = JSON.stringify({ [own]: SCOPES, [peer]: SCOPES });
    const halves = { rev: 1, state: 'active', scopes, consent: null, restorable_until: null } as const;
    await node().db.transact(async ({ kysely }) => {
      for (const id of ids) {
        const customer = uuidV7();
        await kysely.insertInto('customers').values({ id: customer, reference: id }).execute();
        await kysely
          .insertInto('links')
          .values({ id, peer, customer_id: customer, initiated_by: initiatedBy, erased_at: null })
          .execute();
        await kysely
          .insertInto('link_halves')
          .values([
            { link_id: id, owner: 'self', ...halves },
            { link_id: id, owner: 'peer', ...halves },
          ])
          .execute();
      }
    });
  },
  /** Submits documents, `concurrency` at a time; resolves once all are durable. */
  async submit(plan: { links: string[]; count: number; contentBytes: number; concurrency: number }) {
    const content = sampleContent(plan.contentBytes);
    let begun = 0;
    async function worker(): Promise<void> {
      while (begun < plan.count) {
        const link = plan.links[begun++ % plan.links.length] as string;
        await submit(link, once(content));
      }
    }
    await Promise.all(Array.from({ length: plan.concurrency }, worker));
  },
  /** One document as a stream; its id. */
  async submitLarge({ link, sizeBytes }: { link: string; sizeBytes: number }): Promise<string> {
    const submitted = await submit(link, sampleStream(sizeBytes));
    return submitted.id;
  },
  /** Opens stored bodies and tells how many bytes of content they have, to their end. */
  async readBodies(ids: string[]): Promise<number> {
    const bodies = await node().exchange.bodies.open(ids);
    if (bodies.size !== ids.length) throw new Error(`${ids.length - bodies.size} bodies are missing`);
    let bytes = 0;
    for (const body of bodies.values()) {
      body.manifest();
      for await (const chunk of body.content()) bytes += chunk.length;
    }
    return bytes;
  },
  async suspendPeer(url: string): Promise<void> {
    await node().registry.peerAdmin.suspend(url, 'the bench fills the queue');
  },
  /** Resumes the peer, makes all that was held due now, and starts the outbox on it. */
  async releasePeer(url: string): Promise<void> {
    await node().registry.peerAdmin.resume(url);
    await node().db.transact(({ client }) =>
      client.query('update deliveries set next_attempt_at = now() where lease_owner is null'),
    );
    node().outbox.wake(url);
  },
};
export type NodeCommands = typeof commands;

serveCommands(commands, async () => {
  await running?.stop();
});
