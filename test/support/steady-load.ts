import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../../src/protocol/digest.ts';
import type { LinkId } from '../../src/protocol/ids.ts';
import { type ApiClient, submissionForm } from './api.ts';
import { PDF } from './craft.ts';
import type { ProcessNode } from './process-node.ts';

/** An institution's billing system: it repeats a request under the same key until it has an answer. */
export type Submitter = {
  /** Resolves with the id once the node has acknowledged the document. */
  submit(content: Buffer): Promise<string>;
  /** SHA-256 of each file by the id that was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** How often a request had to be repeated. */
  readonly repeated: number;
};

const PATIENCE_MS = 30_000;
/** Well within the lifetime of a test's token. */
const TOKEN_FOR_MS = 300_000;

export function createSubmitter(node: ProcessNode, link: LinkId): Submitter {
  const acknowledged = new Map<string, string>();
  let repeated = 0;
  let api: { client: ApiClient; untilMs: number } | undefined;

  async function client(): Promise<ApiClient> {
    if (api === undefined || Date.now() > api.untilMs) {
      api = { client: await node.api('integrator'), untilMs: Date.now() + TOKEN_FOR_MS };
    }
    return api.client;
  }

  async function tryOnce(
    content: Buffer,
    key: string,
  ): Promise<{ id: string } | { problem: string; final: boolean }> {
    const metadata = {
      link,
      type: 'billing.invoice',
      title: 'Facture',
      issuedAt: '2026-11-01',
      language: 'fr',
    };
    try {
      const { status, body } = await (await client()).call('POST', '/v1/documents', {
        body: submissionForm(metadata, new Uint8Array(content)),
        headers: { 'idempotency-key': key },
      });
      if (status === 201) return { id: body['id'] as string };
      return { problem: `${status} ${body['code']}`, final: body['retryable'] === false };
    } catch (error) {
      return { problem: String(error), final: false };
    }
  }

  return {
    acknowledged,
    get repeated() {
      return repeated;
    },
    async submit(content) {
      const key = randomUUID();
      const until = Date.now() + PATIENCE_MS;
      for (;;) {
        const answer = await tryOnce(content, key);
        if ('id' in answer) {
          acknowledged.set(answer.id, sha256(content));
          return answer.id;
        }
        if (answer.final || Date.now() > until) throw new Error(`never acknowledged: ${answer.problem}`);
        repeated++;
        await sleep(150);
      }
    },
  };
}

/** A file that waits in memory at both nodes, and one that becomes an upload at both. */
export const smallFile = (bytes = 2_000) => Buffer.concat([PDF, randomBytes(bytes)]);
export const largeFile = (bytes = 1_500_000) => Buffer.concat([PDF, randomBytes(bytes)]);

export type SteadyLoad = {
  pause(): Promise<void>;
  resume(): void;
  /** The first submission that failed for good, if any. */
  failure(): unknown;
};

/** Documents one after the other from several clients, mostly small ones. */
export function startLoad(submitter: Submitter, random: () => number, clients = 3): SteadyLoad {
  let paused = true;
  let failure: unknown;
  let loops: Promise<void>[] = [];

  async function loop(): Promise<void> {
    while (!paused) {
      const size = 500 + Math.floor(random() * 30_000);
      const file = random() < 0.06 ? largeFile(300_000 + size * 20) : smallFile(size);
      const pauseMs = 60 + random() * 200;
      await submitter.submit(file);
      await sleep(pauseMs);
    }
  }

  return {
    async pause() {
      paused = true;
      await Promise.all(loops);
    },
    resume() {
      paused = false;
      loops = Array.from({ length: clients }, () =>
        loop().catch((error: unknown) => {
          failure ??= error;
        }),
      );
    },
    failure: () => failure,
  };
}
