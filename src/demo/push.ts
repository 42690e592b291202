import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ApiError } from '../api-client/index.ts';
import type { DemoFile } from './files.ts';
import type { Party } from './setup.ts';
import type { Timeline } from './timeline.ts';

/** One document of the demo: what was handed in, and what the sender's node called it. */
export type Pushed = { id: string; file: DemoFile; sha256: string };

export type PushPlan = {
  a: Party;
  b: Party;
  link: string;
  files: readonly DemoFile[];
  count: number;
  timeline: Timeline;
};

const CONCURRENCY = 8;
/** The recipient stays down for this long, while the sender goes on. */
const DOWN_MS = 1_500;
const POLL_MS = 150;
/** Without any progress for this long something is wrong. */
const STALL_MS = 120_000;
const LIST_PAGE = 100;

/** Hands `count` documents to the sender, kills the recipient in the middle, and waits until every one is settled. */
export async function pushDocuments(plan: PushPlan): Promise<{ pushed: Pushed[]; killed: number }> {
  const { a, b, files, count, timeline } = plan;
  const digests = new Map<string, string>();
  for (const file of files) digests.set(file.path, await digestOf(file.path));

  const pushed: Pushed[] = [];
  let next = 0;
  let killed = 0;
  let kill: Promise<void> | undefined;
  let restart: Promise<void> | undefined;

  async function killRecipient(): Promise<void> {
    await b.institution.kill();
    killed++;
    timeline.say(b.institution.name, `killed (SIGKILL) after ${pushed.length} of ${count} submissions`);
    restart = restartRecipient();
  }

  async function restartRecipient(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
    await b.institution.start();
    timeline.say(b.institution.name, 'restarted on what the kill left');
  }

  async function worker(): Promise<void> {
    for (;;) {
      const index = next++;
      if (index >= count) return;
      const file = files[index % files.length] as DemoFile;
      const document = await submit(plan, file, index);
      pushed.push({ id: document.id, file, sha256: digests.get(file.path) as string });
      if (pushed.length >= Math.ceil(count / 2)) {
        kill ??= killRecipient();
        // The second half is handed in while the recipient is dead.
        await kill;
      }
      timeline.progress(`${pushed.length} of ${count} handed in`);
    }
  }
  const workers = Math.min(CONCURRENCY, Math.ceil(count / 4));
  await Promise.all(Array.from({ length: workers }, worker));
  timeline.say(
    a.institution.name,
    `${count} documents handed in, each durable with its evidence before it was answered`,
  );
  await restart;
  await settled(plan);
  return { pushed, killed };
}

/** The same key at each try: a submission whose answer was lost is not a second document. */
async function submit(plan: PushPlan, file: DemoFile, index: number): Promise<{ id: string }> {
  const submission = {
    metadata: { ...file.metadata, link: plan.link },
    file: { path: file.path, name: file.name, type: file.contentType },
    idempotencyKey: `demo-${process.pid}-${index}`,
  };
  for (let tries = 1; ; tries++) {
    try {
      return await plan.a.integrator.submit<{ id: string }>(submission);
    } catch (error) {
      const retryable = error instanceof ApiError && error.problem['retryable'] === true;
      if (!retryable || tries >= 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * tries));
    }
  }
}

/** Waits until the sender has a terminal answer for every document. */
async function settled({ a, count, timeline }: PushPlan): Promise<void> {
  let best = count + 1;
  let progressAt = Date.now();
  for (;;) {
    const waiting = await countWaiting(a);
    if (waiting === 0) {
      timeline.say(a.institution.name, 'every document has its signed answer');
      return;
    }
    if (waiting < best) {
      best = waiting;
      progressAt = Date.now();
    }
    if (Date.now() - progressAt > STALL_MS)
      throw new Error(`${waiting} documents are still without an answer`);
    timeline.progress(`${count - waiting} of ${count} settled`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

type Page = { documents: { id: string; state: string }[]; next?: string | null };

async function countWaiting(a: Party): Promise<number> {
  let waiting = 0;
  for (const state of ['submitted', 'sending']) {
    let cursor = '';
    do {
      const page = await a.integrator.get<Page>(
        `/v1/documents?state=${state}&limit=${LIST_PAGE}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      waiting += page.documents.length;
      cursor = page.next ?? '';
    } while (cursor !== '');
  }
  return waiting;
}

function digestOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const digest = createHash('sha256');
    createReadStream(path)
      .on('data', (chunk) => digest.update(chunk))
      .on('error', reject)
      .on('end', () => resolve(digest.digest('hex')));
  });
}
