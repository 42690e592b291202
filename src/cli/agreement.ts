import { type Command, Option } from 'commander';
import { tellDiff } from './agreement-diff.ts';
import { type ProposeOptions, propose, template } from './agreement-propose.ts';
import {
  type AgreementDetails,
  agreementPath,
  FIND_OPERATION,
  findAgreementId,
  readAgreements,
} from './agreement-shapes.ts';
import { inReadingOrder } from './agreement-terms.ts';
import { agreementTable, summaryText, tellAgreement } from './agreement-text.ts';
import { addNodeOptions, connectNode, type NodeOptions } from './connect.ts';
import type { CliContext } from './context.ts';
import { asRunHere } from './invocation.ts';
import { formatTimeAndAge, printable, withProgress } from './output.ts';
import { peerId } from './peer-shapes.ts';
import { readTime } from './time-option.ts';

export function addAgreement(program: Command, context: CliContext): void {
  const agreement = program
    .command('agreement')
    .description('what this institution and a peer grant each other, signed by both')
    .addHelpText(
      'after',
      `
Examples:
  intervault agreement template https://coffre.assurance-b.example > terms.json
  intervault agreement propose https://coffre.assurance-b.example --terms terms.json
  intervault agreement list --state open
  intervault agreement show q7dPAe

One side proposes, the other accepts: both then hold a version that both have signed. To amend it:
  intervault agreement show q7dPAe --terms > terms.json
  intervault agreement propose https://coffre.assurance-b.example --terms terms.json --amend

An id may be given by its beginning, 6 characters at least, where no other version begins so.`,
    );
  const add = (usage: string, description: string, examples: string) =>
    addNodeOptions(agreement.command(usage).description(description)).addHelpText(
      'after',
      `\nExamples:\n${examples
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n')}`,
    );
  /** An id may begin with a hyphen, and is no option then. */
  const addForId = (usage: string, description: string, examples: string) =>
    add(usage, description, examples).allowUnknownOption();
  const at = 'https://coffre.assurance-b.example';

  add(
    'template <peer>',
    'print terms to start from: complete, valid, the same for both sides',
    `intervault agreement template ${at} > terms.json`,
  ).action((peer: string, options: NodeOptions) => template(context, peer, options));

  add(
    'propose <peer>',
    'send terms to a peer, signed: an agreement, an amendment, or a counter-proposal',
    [
      `intervault agreement propose ${at} --terms terms.json`,
      `intervault agreement propose ${at} --terms terms.json --amend --note "De nouveaux types"`,
      `intervault agreement propose ${at} --terms terms.json --counter q7dPAe`,
    ].join('\n'),
  )
    .requiredOption('--terms <file>', 'JSON: the whole terms; - for stdin')
    .option('--amend [id]', 'replace this version; default: the newest that is agreed with the peer')
    .option('--counter <id>', "decline the peer's open proposal, and propose this instead")
    .option('--expires-at <time>', 'until when it may be accepted; default: 14 days, the longest')
    .option('--note <text>', 'a word to the people of the peer')
    .action((peer: string, options: ProposeOptions) => propose(context, peer, options));

  add(
    'list',
    'proposals and versions, the newest first, and who is to answer them',
    `intervault agreement list\nintervault agreement list --peer ${at} --state current`,
  )
    .option('--peer <id>', 'with this peer')
    .addOption(new Option('--state <state>', 'of this state').choices([...STATES, ...STANDINGS]))
    .action((options: ListOptions) => list(context, options));

  addForId(
    'show <id>',
    'one version: its state, its terms, and how it came about',
    'intervault agreement show q7dPAe\nintervault agreement show q7dPAe --terms > terms.json',
  )
    .option('--terms', 'print only the terms, as JSON: what an amendment starts from')
    .action((id: string, options: NodeOptions & { terms?: boolean }) => show(context, id, options));

  addForId(
    'diff <id> [other]',
    'what the terms of a version change against those it replaces, or those of another one',
    'intervault agreement diff q7dPAe\nintervault agreement diff q7dPAe Zl0wXc',
  ).action((id: string, other: string | undefined, options: NodeOptions) =>
    tellDiff(context, [id, other], options),
  );

  addForId(
    'accept <id>',
    "sign the peer's proposal: it binds both institutions from then on",
    'intervault agreement accept q7dPAe',
  ).action((id: string, options: NodeOptions) => accept(context, id, options));

  addForId(
    'decline <id>',
    "refuse the peer's proposal, or withdraw your own",
    'intervault agreement decline q7dPAe --note "Pas avant 19 heures"',
  )
    .option('--note <text>', 'a word to the people of the peer')
    .action((id: string, options: NodeOptions & { note?: string }) => decline(context, id, options));

  addForId(
    'terminate <id>',
    'end the agreement that this version belongs to, after its notice',
    'intervault agreement terminate q7dPAe\nintervault agreement terminate q7dPAe --ends-at 2027-12-31 --note "Fin du partenariat"',
  )
    .option('--ends-at <time>', 'when; default: as soon as the notice allows')
    .option('--note <text>', 'a word to the people of the peer')
    .action((id: string, options: TerminateOptions) => terminate(context, id, options));

  addForId(
    'evidence <id>',
    'check and print who signed what about a version; exit code 1 unless all of it holds',
    'intervault agreement evidence q7dPAe\nintervault agreement evidence q7dPAe --json > preuve.json',
  ).action(async (id: string, options: NodeOptions) => {
    // It brings the whole protocol, which no other command waits for.
    const { tellAgreementEvidence } = await import('./agreement-evidence.ts');
    return tellAgreementEvidence(context, id, options);
  });
}

const STATES = [
  'open',
  'accepting',
  'agreed',
  'declined',
  'withdrawn',
  'crossed',
  'superseded',
  'expired',
  'refused',
  'terminated',
];
/** Where an agreed version stands. */
const STANDINGS = ['upcoming', 'current', 'draining', 'ended'];

type ListOptions = NodeOptions & { peer?: string; state?: string };
type TerminateOptions = NodeOptions & { endsAt?: string; note?: string };

async function list(context: CliContext, options: ListOptions): Promise<void> {
  const { peer, state } = options;
  const { api } = await connectNode(context, options, ['listAgreements']);
  const standing = state !== undefined && STANDINGS.includes(state) ? state : undefined;
  const filter = {
    ...(peer !== undefined && { peer: peerId(peer) }),
    ...(state !== undefined && { state: standing === undefined ? state : 'agreed' }),
  };
  const found = await withProgress(context, 'reading the agreements', readAgreements(api, filter));
  const agreements =
    standing === undefined ? found : found.filter((version) => version.standing === standing);
  if (options.json === true) {
    context.out(JSON.stringify({ agreements }));
  } else if (agreements.length > 0) {
    context.out(agreementTable(agreements, Date.now()));
  } else if (peer === undefined && state === undefined) {
    context.err(
      asRunHere(
        'no agreements yet: `intervault agreement template PEER > terms.json`, then `intervault agreement propose PEER --terms terms.json`',
      ),
    );
  } else {
    context.err('no such agreements');
  }
}

async function show(
  context: CliContext,
  given: string,
  options: NodeOptions & { terms?: boolean },
): Promise<void> {
  const { api } = await connectNode(context, options, ['getAgreement', FIND_OPERATION]);
  const version = await api.get<AgreementDetails>(agreementPath(await findAgreementId(api, given)));
  const json = options.json === true;
  if (options.terms === true)
    context.out(JSON.stringify(inReadingOrder(version.terms), null, json ? undefined : 2));
  else if (json) context.out(JSON.stringify(version));
  else {
    tellAgreement(context, version);
    if (version.state !== 'open' || version.proposer === 'self') return;
    const { id, peer } = version;
    context.err('');
    context.err(asRunHere(`next: intervault agreement accept ${id}`));
    context.err(asRunHere(`  or: intervault agreement decline ${id} --note …`));
    context.err(
      asRunHere(
        `  or: intervault agreement propose ${printable(peer.id)} --terms terms.json --counter ${id}`,
      ),
    );
  }
}

/** What was changed and, for people, what comes of it. */
function tellChange(
  context: CliContext,
  options: NodeOptions,
  version: AgreementDetails,
  comment: string | undefined,
): void {
  if (options.json === true) {
    context.out(JSON.stringify(version));
    return;
  }
  context.out(summaryText(version, Date.now()));
  if (comment !== undefined) context.err(asRunHere(printable(comment)));
}

async function accept(context: CliContext, given: string, options: NodeOptions): Promise<void> {
  const { api } = await connectNode(context, options, ['acceptAgreement', FIND_OPERATION]);
  const id = await findAgreementId(api, given);
  const version = await api.post<AgreementDetails>(agreementPath(id, '/accept'));
  const comment =
    version.state === 'accepting'
      ? `signed, and on its way to ${version.peer.organizationName}: agreed once its receipt is here; next: intervault agreement show ${id}`
      : undefined;
  tellChange(context, options, version, comment);
}

async function decline(
  context: CliContext,
  given: string,
  options: NodeOptions & { note?: string },
): Promise<void> {
  const { note } = options;
  const { api } = await connectNode(context, options, ['declineAgreement', 'getAgreement', FIND_OPERATION]);
  const id = await findAgreementId(api, given);
  const body = note === undefined ? undefined : { note };
  const version = await api.post<AgreementDetails>(agreementPath(id, '/decline'), body);
  const { organizationName: name } = version.peer;
  const comment =
    version.proposer === 'self'
      ? `it was your own proposal, and is withdrawn; ${name} is told, if it has it already`
      : `declined; ${name} is told`;
  tellChange(context, options, version, comment);
}

async function terminate(context: CliContext, given: string, options: TerminateOptions): Promise<void> {
  const { endsAt, note } = options;
  const body = {
    ...(endsAt !== undefined && { endsAt: readTime(endsAt) }),
    ...(note !== undefined && { note }),
  };
  const { api } = await connectNode(context, options, ['terminateAgreement', FIND_OPERATION]);
  const id = await findAgreementId(api, given);
  const version = await api.post<AgreementDetails>(agreementPath(id, '/terminate'), body);
  const ends = formatTimeAndAge(version.endsAt, Date.now());
  const comment = `the agreement ends ${ends}; until then all goes on, and what names a version of it is taken for that version's drain after; next: intervault agreement show ${id}`;
  tellChange(context, options, version, comment);
}
