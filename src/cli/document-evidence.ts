import type { ApiClient } from '../api-client/index.ts';
import { type ChainEntry, type ChainReport, verifyExchangeChain } from '../protocol/evidence-chain.ts';
import { importPublicJwk, type VerificationKey } from '../protocol/jose/keys.ts';
import { connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError } from './context.ts';
import type { SentDocument } from './document-shapes.ts';
import { formatTime, renderFields, renderTable } from './output.ts';
import { peerPath } from './peer-shapes.ts';

type KeyShape = { kid: string; purpose: string; status?: string; state?: string; jwk: unknown };
type Evidence = { envelope: string; records: { event: string; issuer: string; at: string; jws: string }[] };

const MEANING: Readonly<Record<string, string>> = {
  SubmissionAcceptance: 'our systems handed the document to our node',
  SubmissionRejection: 'our node refused the document',
  Envelope: 'our node sent it, sealed, to the recipient',
  RelayAcceptance: 'the recipient took charge of it: its receipt',
  RelayRejection: 'the recipient refused it: its receipt',
  RelayFailure: 'no answer was obtained from the recipient',
  ReceiptStored: 'our node holds that receipt',
  Erasure: 'the document was erased; proofs remain',
};

const OUTCOMES: Readonly<Record<ChainReport['outcome'], string>> = {
  accepted: 'the recipient accepted the document, and neither side can deny it',
  rejected: 'the recipient refused the document, and signed that it did',
  unconfirmed: 'no answer was obtained: the recipient may or may not have it',
  open: 'the recipient has not answered yet',
  contradictory: 'the recipient signed two answers that contradict each other',
};

/** Checks everything the node holds about a document it sent, with the keys of both sides, and tells what that proves. */
export async function tellEvidence(context: CliContext, id: string, options: NodeOptions): Promise<void> {
  const operations = ['getDocument', 'getDocumentEvidence', 'listKeys', 'getNode', 'getPeer'];
  const { api } = await connectNode(context, options, operations);
  const at = `/v1/documents/${encodeURIComponent(id)}`;
  const [document, evidence] = await Promise.all([
    api.get<SentDocument>(at),
    api.get<Evidence>(`${at}/evidence`),
  ]);
  const keys = await readKeys(api, document.peer);
  const chain = {
    jti: document.id,
    envelope: evidence.envelope,
    records: evidence.records.map(({ jws }) => jws),
  };
  const report = verifyExchangeChain(chain, (issuer, kid) => keys.get(`${issuer} ${kid}`)?.key);
  if (options.json === true) {
    const { ok, outcome, entries, missing } = report;
    context.out(JSON.stringify({ document: document.id, holds: ok, outcome, entries, missing, ...evidence }));
  } else {
    print(context, document, report, keys);
  }
  if (report.ok) return;
  throw new CliError('evidence.broken', 'the evidence about this document does not hold', {
    hint: 'keep the output of this command with --json, and compare it with the other institution’s',
    answered: true,
  });
}

type Keys = Map<string, { key: VerificationKey; disowned: boolean }>;

/** Every exchange key that either side ever had, by `issuer kid`. */
async function readKeys(api: ApiClient, peer: string): Promise<Keys> {
  const [own, node, other] = await Promise.all([
    api.get<{ keys: KeyShape[] }>('/v1/keys'),
    api.get<{ entityId?: string }>('/v1/node'),
    api.get<{ keys: KeyShape[] }>(peerPath(peer)),
  ]);
  const keys: Keys = new Map();
  const add = (issuer: string, shapes: readonly KeyShape[]) => {
    for (const { kid, purpose, jwk, status, state } of shapes) {
      if (purpose !== 'exchange') continue;
      const imported = importPublicJwk(jwk);
      // A key whose thumbprint is not its name is of no use, whoever listed it.
      if (!imported.ok || imported.key.kid !== kid) continue;
      keys.set(`${issuer} ${kid}`, { key: imported.key, disowned: (status ?? state) === 'revoked' });
    }
  };
  add(node.entityId ?? '', own.keys);
  add(peer, other.keys);
  return keys;
}

function print(context: CliContext, document: SentDocument, report: ChainReport, keys: Keys): void {
  context.out(
    renderFields([
      ['document', document.id],
      ['title', document.metadata?.title],
      ['from', report.envelope?.iss],
      ['to', document.peer],
      ['SHA-256', document.file?.sha256],
    ]),
  );
  context.out('');
  context.out(
    renderTable(
      ['CHECK', 'WHEN', 'WHO', 'ATTESTS', 'WHICH MEANS'],
      report.entries.map((entry) => [
        entry.problem === undefined ? 'holds' : 'BROKEN',
        entry.at === undefined ? '' : (formatTime(new Date(entry.at * 1000).toISOString()) ?? ''),
        entry.issuer ?? '',
        entry.event,
        meaningOf(entry, keys),
      ]),
    ),
  );
  for (const code of report.missing) context.out(`MISSING ${code}: ${MISSING[code]}`);
  context.out('');
  context.out(
    report.ok
      ? `The chain holds: ${OUTCOMES[report.outcome]}.`
      : 'The chain DOES NOT HOLD: nothing may be concluded from it.',
  );
}

const MISSING: Readonly<Record<ChainReport['missing'][number], string>> = {
  'chain.envelope': 'no genuine envelope of this exchange',
  'chain.submission': 'the envelope cites a submission that is not here',
  'chain.receipt_stored': 'our node never attested that it holds the receipt',
  'chain.receipt': 'our node attested a receipt that is not here',
};

function meaningOf(entry: ChainEntry, keys: Keys): string {
  const known = keys.get(`${entry.issuer} ${entry.kid}`);
  return [
    entry.problem ?? MEANING[entry.event] ?? '',
    entry.problem === undefined && entry.reason !== undefined && entry.reason,
    known?.disowned === true && 'the key was disowned since',
  ]
    .filter((text) => text !== false && text !== '')
    .join('; ');
}
