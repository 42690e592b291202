import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collectFiles, DemoFileError } from './files.ts';
import type { ProgramStarter } from './institution.ts';
import { printHandover } from './keep.ts';
import { linkCustomer, makePeers } from './link.ts';
import { pushDocuments } from './push.ts';
import { createInstitutions, type Party, startParties } from './setup.ts';
import { createTimeline } from './timeline.ts';
import { type Verdict, verifyAll } from './verify.ts';

export type DemoOptions = { files: string[]; json: boolean; keep: boolean; count: number | undefined };

export type DemoReport = Verdict & { documents: number; killed: number; seconds: number };

/**
 * Two institutions, each a whole node in a process of its own: they become peers, link a customer, push documents while
 * one is killed and restarted, and end with every document once, byte for byte, and proofs on both sides.
 *
 * @returns the exit code: 0 only where nothing was lost, nothing came twice and every receipt holds.
 */
export async function runDemo(
  options: DemoOptions,
  context: ProgramStarter & { untilStopped(): Promise<string> },
): Promise<number> {
  const timeline = createTimeline(process.stderr);
  const files = await collectFiles(options.files);
  if (files.length === 0)
    throw new DemoFileError('there is nothing to push: no file of a type that a vault takes');
  const count = options.count ?? files.length;
  const folder = await mkdtemp(path.join(tmpdir(), 'intervault-demo-'));
  const institutions = await createInstitutions(context, folder);
  const stopped = context.untilStopped();
  const interrupted = stopped.then((signal) => Promise.reject(new Error(`ended by ${signal}`)));
  interrupted.catch(() => {});
  try {
    const parties = await Promise.race([startParties(institutions, timeline), interrupted]);
    const report = await Promise.race([play(parties, files, count, timeline), interrupted]);
    summarize(report, options.json);
    if (options.keep) {
      await printHandover(parties, options.json ? process.stderr : process.stdout);
      await stopped;
    }
    return holds(report) ? 0 : 1;
  } finally {
    await Promise.all(institutions.map((institution) => institution.stop()));
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function play(
  { a, b }: { a: Party; b: Party },
  files: Awaited<ReturnType<typeof collectFiles>>,
  count: number,
  timeline: ReturnType<typeof createTimeline>,
): Promise<DemoReport> {
  await makePeers(a, b, timeline);
  const link = await linkCustomer(a, b, timeline);
  const { pushed, killed } = await pushDocuments({ a, b, link, files, count, timeline });
  const verdict = await verifyAll({ a, b }, pushed, timeline);
  return {
    documents: pushed.length,
    ...verdict,
    killed,
    seconds: Math.round(timeline.seconds() * 10) / 10,
  };
}

function holds(report: DemoReport): boolean {
  const { documents, delivered, receiptsVerified, receiptsAgree, duplicates, lost } = report;
  return (
    delivered === documents &&
    receiptsVerified === documents &&
    receiptsAgree === documents &&
    duplicates === 0 &&
    lost === 0
  );
}

function summarize(report: DemoReport, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  process.stdout.write(
    `
  ${report.documents} documents handed in, ${report.killed} kill in the middle, ${report.seconds} s
  ${report.delivered} in the other vault byte for byte, ${report.lost} lost, ${report.duplicates} twice
  ${report.receiptsVerified} receipts verified, ${report.receiptsAgree} of them held by both sides

  ${holds(report) ? 'Nothing was lost, nothing came twice, and both sides can prove it.' : 'THIS IS NOT AS IT SHOULD BE.'}
`,
  );
}
