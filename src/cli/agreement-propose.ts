import { ApiError } from '../api-client/index.ts';
import {
  type AgreementDetails,
  agreementPath,
  FIND_OPERATION,
  findAgreementId,
  findNewest,
} from './agreement-shapes.ts';
import { termsTemplate, valueAt } from './agreement-terms.ts';
import { summaryText } from './agreement-text.ts';
import { type ConnectedNode, connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError } from './context.ts';
import { asRunHere } from './invocation.ts';
import { readJsonFile } from './json-file.ts';
import { formatTimeAndAge, printable } from './output.ts';
import { peerId, peerPath } from './peer-shapes.ts';
import { readTime } from './time-option.ts';

export type ProposeOptions = NodeOptions & {
  terms: string;
  amend?: string | true;
  counter?: string;
  expiresAt?: string;
  note?: string;
};

export async function template(context: CliContext, given: string, options: NodeOptions): Promise<void> {
  const { api } = await connectNode(context, options, ['getPeer', 'getNode']);
  const peer = await api.get<{ id: string }>(peerPath(given));
  const { entityId = '' } = await api.get<{ entityId?: string }>('/v1/node');
  const terms = termsTemplate([entityId, peer.id], Date.now());
  context.out(JSON.stringify(terms, null, options.json === true ? undefined : 2));
  if (options.json === true) return;
  context.err('each of `hosts` says what that institution takes in from the other one: edit it, then');
  context.err(asRunHere(`  intervault agreement propose ${printable(peer.id)} --terms terms.json`));
}

const TERMS_EXAMPLE = 'what `intervault agreement template PEER` prints';

export async function propose(context: CliContext, given: string, options: ProposeOptions): Promise<void> {
  const { note, expiresAt } = options;
  const peer = peerId(given);
  const terms = await readJsonFile(options.terms, TERMS_EXAMPLE);
  const more = {
    ...(expiresAt !== undefined && { expiresAt: readTime(expiresAt) }),
    ...(note !== undefined && { note }),
  };
  const { api } = await connectNode(context, options, ['proposeAgreement', 'getAgreement', FIND_OPERATION]);
  const body = { peer, terms, ...(await readBase(api, peer, options)), ...more };
  const version = await api
    .post<AgreementDetails>('/v1/agreements', body)
    .catch((error) => explainTerms(error, options.terms, terms));
  if (options.json === true) {
    context.out(JSON.stringify(version));
    return;
  }
  const nowMs = Date.now();
  context.out(summaryText(version, nowMs));
  const { organizationName: name } = version.peer;
  context.err(
    printable(
      `signed, and on its way: ${name} may accept it until ${formatTimeAndAge(version.expiresAt, nowMs)}`,
    ),
  );
  context.err(asRunHere(`next: intervault agreement show ${version.id}`));
}

/** What the proposal replaces and declines. A counter-proposal replaces what the countered one would have. */
async function readBase(
  api: ConnectedNode['api'],
  peer: string,
  { amend, counter }: ProposeOptions,
): Promise<{ replaces?: string; declines?: string }> {
  const declines = counter === undefined ? undefined : await findAgreementId(api, counter);
  const named =
    amend === undefined
      ? undefined
      : await (amend === true ? findNewest(api, peer) : findAgreementId(api, amend));
  const countered =
    declines !== undefined && named === undefined
      ? await api.get<AgreementDetails>(agreementPath(declines))
      : undefined;
  const replaces = named ?? countered?.replaces;
  return { ...(replaces !== undefined && { replaces }), ...(declines !== undefined && { declines }) };
}

const MAX_SHOWN = 80;

/** Where in the file, and what stands there. */
function explainTerms(error: unknown, file: string, terms: Record<string, unknown>): never {
  const { code, problem } = error instanceof ApiError ? error : {};
  const pointer = problem?.['pointer'];
  if (!(error instanceof ApiError) || code !== 'agreement.terms' || typeof pointer !== 'string') throw error;
  const inFile = pointer.replace(/^\/terms(?=\/|$)/, '');
  const value = JSON.stringify(valueAt(terms, inFile));
  const short = inFile !== '' && value !== undefined && value.length <= MAX_SHOWN;
  const where = `${inFile === '' ? 'at the top' : `at ${inFile}`} of ${file === '-' ? 'stdin' : file}`;
  throw new CliError(code, printable(`${error.message}, ${where}${short ? `, which is ${value}` : ''}`), {
    hint: '`intervault agreement template PEER` prints terms in which all is there and valid',
  });
}
