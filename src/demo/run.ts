import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ContactReport, playContacts } from './contacts.ts';
import { collectFiles, DemoFileError } from './files.ts';
import type { ProgramStarter } from './institution.ts';
import { printHandover } from './keep.ts';
import { closeBooks, type LedgerVerdict } from './ledger.ts';
import { type Customer, linkCustomer, makePeers } from './link.ts';
import { pushDocuments } from './push.ts';
import { createInstitutions, type Parties, startParties } from './setup.ts';
import { createTimeline } from './timeline.ts';
import { type Verdict, verifyAll } from './verify.ts';

export type DemoOptions = { files: string[]; json: boolean; keep: boolean; count: number | undefined };

export type DemoReport = Verdict &
  ContactReport &
  LedgerVerdict & { documents: number; killed: number; seconds: number };

/**
 * Three institutions, each a whole node in a process of its own: they become peers, link two customers, push documents and
 * trade contacts while one is killed and restarted, and end with every document once, byte for byte, proofs on both sides,
 * and books that agree to the unit.
 *
 * @returns the exit code: 0 only where nothing was lost, nothing came twice, every receipt holds and every book agrees.
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
  parties: Parties,
  files: Awaited<ReturnType<typeof collectFiles>>,
  count: number,
  timeline: ReturnType<typeof createTimeline>,
): Promise<DemoReport> {
  const { a, b, c } = parties;
  await makePeers(a, b, timeline);
  const link = await linkCustomer(a, b, CAMILLE, timeline);
  const { pushed, killed } = await pushDocuments({ a, b, link, files, count, timeline });
  const verdict = await verifyAll({ a, b }, pushed, timeline);

  await makePeers(c, b, timeline);
  const links = {
    camille: link,
    elias: await linkCustomer(a, b, ELIAS, timeline),
    camilleC: await linkCustomer(c, b, CAMILLE, timeline),
  };
  const contacts = await playContacts(parties, links, timeline);
  const ledger = await closeBooks(parties, contacts.agreements, timeline);
  return {
    documents: pushed.length,
    ...verdict,
    ...contacts.report,
    ...ledger,
    killed: killed + contacts.killed,
    seconds: Math.round(timeline.seconds() * 10) / 10,
  };
}

const CAMILLE: Customer = {
  holder: 'Mme C. D••••',
  at: ({ institution }) => `camille of ${institution.name}`,
};
const ELIAS: Customer = { holder: 'M. E. F••••', at: ({ institution }) => `elias of ${institution.name}` };

function holds(report: DemoReport): boolean {
  const { documents, delivered, receiptsVerified, receiptsAgree, duplicates, lost } = report;
  const { refusedByCap, replies, throttled, ledgerBalanced, statementsCountersigned } = report;
  return (
    refusedByCap === 1 &&
    replies === 1 &&
    throttled === 1 &&
    ledgerBalanced &&
    statementsCountersigned === 3 &&
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
  ${report.documents} documents handed in, ${report.killed} kills in the middle, ${report.seconds} s
  ${report.delivered} in the other vault byte for byte, ${report.lost} lost, ${report.duplicates} twice
  ${report.receiptsVerified} receipts verified, ${report.receiptsAgree} of them held by both sides
  ${report.messages} messages in each other's vaults, ${report.displayed} of them seen; ${report.refusedByCap} refused by a cap, ${report.throttled} by an imbalance
  ${report.replies} answered by a person; ${report.statementsCountersigned} statements countersigned, the books ${report.ledgerBalanced ? 'agree to the unit' : 'DIFFER'}

  ${holds(report) ? 'Nothing was lost, nothing came twice, and both sides can prove it.' : 'THIS IS NOT AS IT SHOULD BE.'}
`,
  );
}
