import { type ApiClient, ApiError } from '../api-client/index.ts';
import { type ChainReport, verifyExchangeChain } from '../protocol/evidence-chain.ts';
import { connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError } from './context.ts';
import type { ReceivedDocument, SentDocument } from './document-shapes.ts';
import { chainText, KEY_OPERATIONS, type Keys, readKeys } from './evidence-text.ts';
import { renderFields, withProgress } from './output.ts';

type Evidence = {
  envelope: string | null;
  records: { event: string; issuer: string; at: string; jws: string }[];
};

const MEANING: Readonly<Record<string, string>> = {
  SubmissionAcceptance: "the sender's systems handed the document to its node",
  Envelope: 'the sender sent it, sealed, to the recipient',
  RelayAcceptance: 'the recipient took charge of it: its receipt',
  RelayRejection: 'the recipient refused it: its receipt',
  RelayFailure: 'no answer was obtained from the recipient',
  ReceiptStored: "the sender's node holds that receipt",
  ContentConsignment: 'it was filed in the vault, its digest checked again',
  ContentConsignmentFailure: 'it could not be filed in the vault',
  ConsignmentRejection: 'the vault refused it',
  ConsignmentNotification: 'the customer was told',
  ConsignmentNotificationFailure: 'the customer could not be told',
  ContentHandover: 'the customer downloaded it',
  ContentAccessTracking: 'the customer opened it',
  DocumentDeleted: 'the customer deleted it, and may still restore it',
  DocumentRestored: 'the customer restored it',
  Erasure: 'it was erased; the proofs remain',
};

const OUTCOMES: Readonly<Record<ChainReport['outcome'], string>> = {
  accepted: 'the recipient accepted the document, and neither side can deny it',
  rejected: 'the recipient refused the document, and signed that it did',
  unconfirmed: 'no answer was obtained: the recipient may or may not have it',
  open: 'the recipient has not answered yet',
  contradictory: 'the recipient signed two answers that contradict each other',
};

/** A document of either direction, and what the node holds to prove its exchange. */
type Case = {
  holder: 'sender' | 'recipient';
  id: string;
  jti: string;
  peer: string;
  title: string | undefined;
  sha256: string | undefined;
  evidence: Evidence;
};

/** Checks everything the node holds about a document, with the keys of both sides, and tells what that proves. */
export async function tellEvidence(context: CliContext, id: string, options: NodeOptions): Promise<void> {
  const operations = [
    ...['getDocument', 'getDocumentEvidence', 'getInboxDocument', 'getInboxEvidence'],
    ...KEY_OPERATIONS,
  ];
  const { api } = await connectNode(context, options, operations);
  const { found, keys, report } = await withProgress(context, 'checking the evidence', check(api, id));
  if (options.json === true) {
    const { ok, outcome, entries, missing } = report;
    const { holder, jti, evidence } = found;
    const checked = { document: found.id, exchange: jti, holder, holds: ok, outcome, entries, missing };
    context.out(JSON.stringify({ ...checked, envelope: evidence.envelope, records: evidence.records }));
  } else {
    print(context, found, report, keys);
  }
  if (report.ok) return;
  throw new CliError('evidence.broken', 'the evidence about this document does not hold', {
    hint: 'keep the output of this command with --json, and compare it with the other institution’s',
    answered: true,
  });
}

async function check(api: ApiClient, id: string): Promise<{ found: Case; keys: Keys; report: ChainReport }> {
  const found = await readCase(api, id);
  const { envelope, records } = found.evidence;
  if (envelope === null) {
    throw new CliError('evidence.no_envelope', 'the envelope of this document is not held any more', {
      hint: 'the records alone prove less; GET …/evidence shows them',
    });
  }
  const keys = await readKeys(api, found.peer);
  const report = await verifyExchangeChain(
    { jti: found.jti, holder: found.holder, envelope, records: records.map(({ jws }) => jws) },
    (issuer, kid) => keys.get(`${issuer} ${kid}`)?.key,
  );
  return { found, keys, report };
}

async function readCase(api: ApiClient, id: string): Promise<Case> {
  const name = encodeURIComponent(id);
  try {
    const { peer, metadata, file, ...sent } = await api.get<SentDocument>(`/v1/documents/${name}`);
    const evidence = await api.get<Evidence>(`/v1/documents/${name}/evidence`);
    const { title } = metadata ?? {};
    return { holder: 'sender', id: sent.id, jti: sent.id, peer, title, sha256: file?.sha256, evidence };
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'document.unknown')) throw error;
  }
  const received = await api.get<ReceivedDocument>(`/v1/inbox/${name}`);
  const evidence = await api.get<Evidence>(`/v1/inbox/${name}/evidence`);
  const { exchange: jti, peer, metadata, content } = received;
  const sha256 = content && Buffer.from(content.sha256, 'base64url').toString('hex');
  return { holder: 'recipient', id: received.id, jti, peer, title: metadata?.title, sha256, evidence };
}

function print(context: CliContext, found: Case, report: ChainReport, keys: Keys): void {
  context.out(
    renderFields([
      ['document', found.id],
      ['exchange', found.holder === 'recipient' ? found.jti : undefined],
      ['title', found.title],
      ['from', report.envelope?.iss],
      ['to', report.envelope?.aud],
      ['SHA-256', found.sha256],
    ]),
  );
  context.out('');
  context.out(chainText(report, keys, ({ event }) => MEANING[event]));
  context.out('');
  context.out(
    report.ok
      ? `The chain holds: ${OUTCOMES[report.outcome]}.`
      : 'The chain DOES NOT HOLD: nothing may be concluded from it.',
  );
}
