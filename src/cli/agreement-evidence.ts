import type { ApiClient } from '../api-client/index.ts';
import { sha256 } from '../protocol/digest.ts';
import { type ChainEntry, type ChainReport, verifyExchangeChain } from '../protocol/evidence-chain.ts';
import { EVIDENCE_MAX_BYTES, EVIDENCE_TYP } from '../protocol/evidence-record.ts';
import { parseJws } from '../protocol/jose/jws.ts';
import { type AgreementDetails, agreementPath, FIND_OPERATION, findAgreementId } from './agreement-shapes.ts';
import { connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError } from './context.ts';
import { chainText, KEY_OPERATIONS, type Keys, readKeys } from './evidence-text.ts';
import { formatTime, renderFields, withProgress } from './output.ts';

type Exchange = {
  act: string;
  iss: string;
  jti: string;
  envelope?: string;
  /** As it was signed, byte for byte. */
  manifest?: string;
  records: { event: string; issuer: string; at: string; jws: string }[];
};

type Checked = {
  exchange: Exchange;
  holds: boolean;
  /** Absent where the envelope is not held any more. */
  report?: ChainReport;
  /** Whether the manifest is the one that the envelope signs; absent where it is not held any more. */
  signsManifest?: boolean;
  /** Of a proposal: whether it is this version that the envelope signs. */
  signsVersion?: boolean;
};

const MEANING: Readonly<Record<string, string>> = {
  SubmissionAcceptance: "the sender's people asked their node to say it",
  Envelope: 'the sender said it, sealed, to the recipient',
  RelayAcceptance: 'the recipient took it: its receipt',
  RelayRejection: 'the recipient refused it: its receipt',
  RelayFailure: 'no answer was obtained from the recipient',
  ReceiptStored: "the sender's node holds that receipt",
};

const OUTCOMES: Readonly<Record<ChainReport['outcome'], string>> = {
  accepted: 'taken, and neither side can deny it',
  rejected: 'refused by the recipient, which signed that it did',
  unconfirmed: 'no answer was obtained: the recipient may or may not have it',
  open: 'not answered yet',
  contradictory: 'the recipient signed two answers that contradict each other',
};

/** Checks every exchange about a version that the node holds, with the keys of both sides. */
export async function tellAgreementEvidence(
  context: CliContext,
  given: string,
  options: NodeOptions,
): Promise<void> {
  const operations = ['getAgreementEvidence', 'getAgreement', FIND_OPERATION, ...KEY_OPERATIONS];
  const { api } = await connectNode(context, options, operations);
  const id = await findAgreementId(api, given);
  const { version, keys, exchanges } = await withProgress(context, 'checking the evidence', check(api, id));
  const ok = exchanges.every(({ holds }) => holds);
  if (options.json === true) {
    context.out(JSON.stringify({ agreement: id, holds: ok, exchanges: exchanges.map(shapeOf) }));
  } else {
    print(context, version, exchanges, keys);
    context.out('');
    context.out(ok ? 'All of it holds.' : 'It DOES NOT HOLD: nothing may be concluded from it.');
  }
  if (ok) return;
  throw new CliError('evidence.broken', 'the evidence about this agreement does not hold', {
    hint: 'keep the output of this command with --json, and compare it with the other institution’s',
    answered: true,
  });
}

async function check(api: ApiClient, id: string) {
  const [version, evidence] = await Promise.all([
    api.get<AgreementDetails>(agreementPath(id)),
    api.get<{ exchanges: Exchange[] }>(agreementPath(id, '/evidence')),
  ]);
  const keys = await readKeys(api, version.peer.id);
  const exchanges = await Promise.all(
    evidence.exchanges.map(async (exchange): Promise<Checked> => {
      const { act, iss, jti, envelope, records } = exchange;
      if (envelope === undefined) return { exchange, holds: false };
      const report = await verifyExchangeChain(
        {
          ...{ jti, envelope, records: records.map(({ jws }) => jws) },
          holder: iss === version.peer.id ? 'recipient' : 'sender',
        },
        (issuer, kid) => keys.get(`${issuer} ${kid}`)?.key,
      );
      const signed = report.envelope?.manifest.sha256;
      const { manifest } = exchange;
      const signs = {
        ...(manifest !== undefined && { signsManifest: sha256(manifest) === signed }),
        ...(act === 'agreement.propose' && { signsVersion: signed === id }),
      };
      const holds = report.ok && !Object.values(signs).includes(false);
      return { exchange, holds, report, ...signs };
    }),
  );
  return { version, keys, exchanges };
}

function shapeOf({ exchange: { envelope, records, ...exchange }, holds, report }: Checked) {
  return {
    ...{ ...exchange, holds },
    ...(report && { outcome: report.outcome, entries: report.entries, missing: report.missing }),
    ...{ envelope: envelope ?? null, records },
  };
}

function print(
  context: CliContext,
  { id, peer }: AgreementDetails,
  exchanges: readonly Checked[],
  keys: Keys,
): void {
  context.out(
    renderFields([
      ['agreement', id],
      ['with', `${peer.organizationName} (${peer.id})`],
    ]),
  );
  for (const { exchange, report, signsManifest, signsVersion } of exchanges) {
    const { act, iss, jti } = exchange;
    context.out('');
    context.out(
      renderFields([
        ['exchange', jti],
        ['said', `${act}, ${iss === peer.id ? 'there' : 'here'}`],
        ['signs', signsVersion === undefined ? undefined : SIGNS[`${signsVersion}`]],
        ['manifest', signsManifest === undefined ? undefined : MANIFEST[`${signsManifest}`]],
        ['outcome', report === undefined ? NO_ENVELOPE : OUTCOMES[report.outcome]],
      ]),
    );
    if (report !== undefined)
      context.out(
        chainText(report, keys, (entry) => MEANING[entry.event] ?? changeText(exchange, entry, id)),
      );
  }
}

/** What a record of a change says: `agreement:ID:STATE`, or `agreement:ID:terminated:SIDE:TIME`. */
function changeText({ records }: Exchange, entry: ChainEntry, id: string): string | undefined {
  const record = records.find(({ jws }) => sha256(jws) === entry.sha256);
  const parsed = record && parseJws(record.jws, { typ: EVIDENCE_TYP, maxBytes: EVIDENCE_MAX_BYTES });
  const subject = parsed?.ok === true ? parsed.jws.claims['subject'] : undefined;
  const [, version, state, , ...time] = typeof subject === 'string' ? subject.split(':') : [];
  if (version === undefined || state === undefined) return undefined;
  if (time.length > 0) return `the agreement is terminated, to end ${formatTime(time.join(':'))}`;
  return `${version === id ? 'the version' : version} is ${state} from then on`;
}

const SIGNS = {
  true: 'this version: its id is the digest in the envelope',
  false: 'BROKEN: another version than this one',
} as const;

const MANIFEST = {
  true: 'the one that the envelope signs',
  false: 'BROKEN: another one than the envelope signs',
} as const;

const NO_ENVELOPE = 'MISSING: its envelope is not held any more';
