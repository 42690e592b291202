import { type Command, Option } from 'commander';
import { addNodeOptions, connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, EXIT } from './context.ts';
import { asRunHere } from './invocation.ts';
import {
  FIND_ACCOUNT,
  findAccount,
  type LedgerAccount,
  type LedgerSide,
  type LedgerStatement,
  ledgerPath,
  type Reconciliation,
  readAccounts,
  readEntries,
} from './ledger-shapes.ts';
import {
  accountTable,
  accountText,
  entryTable,
  reconciliationText,
  statementTable,
  statementText,
} from './ledger-text.ts';
import { withProgress } from './output.ts';

const MOST = 1_000;

type EntryOptions = NodeOptions & { side: LedgerSide; wrong?: boolean };
type StatementOptions = NodeOptions & {
  side: LedgerSide;
  new?: boolean;
  number?: string;
  countersign?: boolean;
};

export function addLedger(program: Command, context: CliContext): void {
  const ledger = program
    .command('ledger')
    .description('what this institution and a peer owe each other in contacts')
    .addHelpText(
      'after',
      `
Examples:
  intervault ledger balance
  intervault ledger entries q7dPAe --side granted --wrong
  intervault ledger statement q7dPAe --new
  intervault ledger reconcile https://coffre.assurance-b.example

An account is meant by the beginning of its agreement (6 characters at least), by its peer, or not at all where there is one.`,
    );
  const add = (usage: string, description: string, examples: readonly string[]) =>
    addNodeOptions(ledger.command(usage).description(description))
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
      .allowUnknownOption();
  const side = () =>
    new Option('--side <side>', 'hosted: written here; granted: written by the peer, checked here')
      .choices(['hosted', 'granted'])
      .default('hosted');

  add('balance [account]', 'who is ahead, by how much, and what happens past the tolerance', [
    'intervault ledger balance',
    'intervault ledger balance q7dPAe',
  ]).action((account: string | undefined, options: NodeOptions) => balance(context, account, options));

  add('entries [account]', 'entries of one direction, the oldest first', [
    'intervault ledger entries q7dPAe',
    'intervault ledger entries q7dPAe --side granted --wrong',
  ])
    .addOption(side())
    .option('--wrong', 'only those that are wrong')
    .action((account: string | undefined, options: EntryOptions) => entries(context, account, options));

  add('statement [account]', 'statements; make one up to now; countersign what people settled', [
    'intervault ledger statement q7dPAe --side granted',
    'intervault ledger statement q7dPAe --new',
    'intervault ledger statement q7dPAe --number 3 --side granted --countersign',
  ])
    .addOption(side())
    .option('--new', 'state the own account up to now')
    .option('--number <number>', 'show this one, with who signed it')
    .option('--countersign', 'countersign a statement of the peer that the node disputed')
    .action((account: string | undefined, options: StatementOptions) => statement(context, account, options));

  add(
    'reconcile [account]',
    'what both books differ by, message by message; exit code 1 if anything is wrong',
    ['intervault ledger reconcile q7dPAe'],
  ).action((account: string | undefined, options: NodeOptions) => reconcile(context, account, options));
}

function tell(context: CliContext, options: NodeOptions, answer: object, text: () => string): void {
  context.out(options.json === true ? JSON.stringify(answer) : text());
}

async function balance(context: CliContext, given: string | undefined, options: NodeOptions): Promise<void> {
  const { api } = await connectNode(context, options, [FIND_ACCOUNT]);
  if (given !== undefined) {
    const account: LedgerAccount = await findAccount(api, given);
    tell(context, options, account, () => accountText(account));
    return;
  }
  const accounts = await readAccounts(api);
  if (accounts.length === 0 && options.json !== true) context.err('no messages yet, and no accounts');
  else tell(context, options, { accounts }, () => accountTable(accounts));
}

async function entries(context: CliContext, given: string | undefined, options: EntryOptions): Promise<void> {
  const { api } = await connectNode(context, options, [FIND_ACCOUNT, 'listLedgerEntries']);
  const { agreement } = await findAccount(api, given);
  const wanted = { side: options.side, most: MOST, ...(options.wrong === true && { faulty: true }) };
  const found = await withProgress(context, 'reading the entries', readEntries(api, agreement, wanted));
  if (found.length === 0 && options.json !== true) context.err('no such entries');
  else tell(context, options, { entries: found }, () => entryTable(found));
}

async function statement(
  context: CliContext,
  given: string | undefined,
  options: StatementOptions,
): Promise<void> {
  const { side, number } = options;
  const needed = ['listLedgerStatements', 'getLedgerStatement'];
  if (options.new === true) needed.push('createLedgerStatement');
  if (options.countersign === true) needed.push('countersignLedgerStatement');
  const { api } = await connectNode(context, options, [FIND_ACCOUNT, ...needed]);
  const { agreement, peer } = await findAccount(api, given);
  if (options.new === true) {
    const made = await api.post<LedgerStatement>(ledgerPath(agreement, '/statements'));
    tell(context, options, made, () => statementText(made));
    context.err(
      asRunHere(
        `signed, and on its way to ${peer.organizationName}; next: intervault ledger statement ${agreement.slice(0, 6)}`,
      ),
    );
    return;
  }
  if (number !== undefined) {
    const at = `/statements/${encodeURIComponent(number)}`;
    const shown =
      options.countersign === true
        ? await api.post<LedgerStatement>(ledgerPath(agreement, `${at}/countersign`))
        : await api.get<LedgerStatement>(ledgerPath(agreement, `${at}?side=${side}`));
    tell(context, options, shown, () => statementText(shown));
    return;
  }
  const { statements } = await api.get<{ statements: LedgerStatement[] }>(
    ledgerPath(agreement, `/statements?side=${side}&limit=200`),
  );
  if (statements.length === 0 && options.json !== true) context.err('no statements yet');
  else tell(context, options, { statements }, () => statementTable(statements));
}

/** What time alone settles is no fault. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(['unacknowledged', 'unposted', 'unsettled']);

async function reconcile(
  context: CliContext,
  given: string | undefined,
  options: NodeOptions,
): Promise<void> {
  const { api } = await connectNode(context, options, [FIND_ACCOUNT, 'reconcileLedger']);
  const { agreement } = await findAccount(api, given);
  const found = await api.get<Reconciliation>(ledgerPath(agreement, '/reconciliation'));
  tell(context, options, found, () => reconciliationText(found));
  if (found.differences.some(({ kind }) => !ON_ITS_WAY.has(kind))) process.exitCode = EXIT.failed;
}
