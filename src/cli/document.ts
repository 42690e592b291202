import { type Command, Option } from 'commander';
import { addNodeOptions, connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError, EXIT } from './context.ts';
import { getDocument } from './document-get.ts';
import { sendDocument } from './document-send.ts';
import type { ReceivedDocument, SentDocument } from './document-shapes.ts';
import { deliveryText, tellDocument } from './document-text.ts';
import { formatAge, formatBytes, renderTable } from './output.ts';

export function addDocument(program: Command, context: CliContext): void {
  const document = program
    .command('document')
    .description('documents sent to the vaults of other institutions, and received in ours')
    .addHelpText(
      'after',
      `
Examples:
  intervault document send facture.pdf --link 0190b0a1-… --type billing.invoice --wait
  intervault document list --state failed
  intervault document evidence 0190b0a2-…
  intervault document inbox --peer https://coffre.banque-a.example`,
    );
  const add = (usage: string, description: string, examples: string) =>
    addNodeOptions(document.command(usage).description(description)).addHelpText(
      'after',
      `\nExamples:\n${examples
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n')}`,
    );
  const collect = (value: string, earlier: string[]) => [...earlier, value];

  add(
    'send <file>',
    'push a file through a link; streams it, whatever its size',
    'intervault document send facture.pdf --link 0190b0a1-… --type billing.invoice --title "Facture de novembre"\nintervault document send paie.pdf --link 0190b0a1-… --type payroll.payslip --metadata paie.json --wait 60',
  )
    .requiredOption('--link <id>', "the customer's link")
    .option('--type <code>', 'one of `GET /v1/document-types`', 'other')
    .option('--title <text>', 'what the customer reads; default: the name of the file')
    .option('--issued <date>', 'the day the document bears, as 2026-11-21; default: today')
    .option('--language <tag>', 'of the document (BCP 47)', 'fr')
    .option('--metadata <file>', 'a JSON file with more fields: amount, period, dueDate, …')
    .option('--content-type <type>', 'default: told from the name of the file')
    .option('--idempotency-key <key>', 'makes repeating this command safe')
    .option('--wait [seconds]', 'wait until the recipient has answered; 60 seconds unless told')
    .action((file: string, options) => sendDocument(context, file, options));

  add(
    'list',
    'documents this node sent, the newest first',
    'intervault document list\nintervault document list --state failed --limit 200\nintervault document list --peer https://coffre.assurance-b.example --json',
  )
    .option('--state <state>', 'submitted, sending, accepted, rejected, failed, …')
    .option('--peer <id>', 'sent to this peer')
    .option('--link <id>', 'sent through this link')
    .option('--type <code>', 'of this type')
    .option('--limit <n>', 'how many', '50')
    .option('--cursor <cursor>', 'continue where the last page ended')
    .action((options: ListOptions) => list(context, options));

  add('show <id>', 'one document, and how its delivery goes', 'intervault document show 0190b0a2-…').action(
    async (id: string, options: NodeOptions) => {
      const { api } = await connectNode(context, options, ['getDocument']);
      tellDocument(context, options, await api.get<SentDocument>(documentPath(id)));
    },
  );

  add(
    'evidence <id>',
    'check and print who attested what about a document; exit code 1 unless all of it holds',
    'intervault document evidence 0190b0a2-…\nintervault document evidence 0190b0a2-… --json > preuve.json',
  ).action(async (id: string, options: NodeOptions) => {
    // It brings the whole protocol, which no other command waits for.
    const { tellEvidence } = await import('./document-evidence.ts');
    return tellEvidence(context, id, options);
  });

  add(
    'get <id>',
    'save the content of a document, sent or received, and check it against its digest',
    'intervault document get 0190b0a2-… -o facture.pdf',
  )
    .requiredOption('-o, --output <file>', 'where to save it')
    .option('--force', 'replace a file that is there')
    .action((id: string, options) => getDocument(context, id, options));

  add(
    'recall <id>',
    'withdraw a document: it is labelled in the vault, the customer keeps the copy',
    'intervault document recall 0190b0a2-… --reason error --note "Le montant était faux"',
  )
    .addOption(
      new Option('--reason <code>', 'why')
        .choices(['error', 'wrong_recipient', 'superseded', 'other'])
        .makeOptionMandatory(),
    )
    .option('--note <text>', 'a line for the customer')
    .action(async (id: string, options: NodeOptions & { reason: string; note?: string }) => {
      const { api } = await connectNode(context, options, ['recallDocument', 'getDocument']);
      const { reason, note } = options;
      await api.post(documentPath(id, '/recall'), { reason, ...(note !== undefined && { note }) });
      tellDocument(context, options, await api.get<SentDocument>(documentPath(id)));
    });

  for (const [action, operationId, description] of [
    ['retry', 'retryDocument', 'try the delivery now, whenever the next try is due'],
    ['cancel', 'cancelDocument', 'give the delivery up; it may turn out that the recipient had accepted it'],
  ] as const) {
    add(`${action} <id>`, description, `intervault document ${action} 0190b0a2-…`).action(
      async (id: string, options: NodeOptions) => {
        const { api } = await connectNode(context, options, [operationId]);
        tellDocument(context, options, await api.post<SentDocument>(documentPath(id, `/${action}`)));
      },
    );
  }

  add(
    'inbox',
    'documents this node received, the newest first',
    'intervault document inbox\nintervault document inbox --state received --limit 100',
  )
    .option('--state <state>', 'received, consigned, refused, notified or opened')
    .option('--peer <id>', 'sent by this peer')
    .option('--link <id>', 'through this link')
    .option('--limit <n>', 'how many, at most 100', '25')
    .option('--cursor <cursor>', 'continue where the last page ended')
    .option('--filter <name=value>', 'any other filter of `GET /v1/inbox`; may be repeated', collect, [])
    .action((options: ListOptions & { filter: string[] }) => inbox(context, options));
}

type ListOptions = NodeOptions & {
  state?: string;
  peer?: string;
  link?: string;
  type?: string;
  limit: string;
  cursor?: string;
};

function documentPath(id: string, action = ''): string {
  return `/v1/documents/${encodeURIComponent(id)}${action}`;
}

function queryOf(options: ListOptions, more: Record<string, string> = {}): string {
  const { state, peer, link, type, limit, cursor } = options;
  const given = Object.entries({ state, peer, link, type, limit, cursor, ...more });
  return new URLSearchParams(
    given.filter((entry): entry is [string, string] => entry[1] !== undefined),
  ).toString();
}

async function list(context: CliContext, options: ListOptions): Promise<void> {
  const { api } = await connectNode(context, options, ['listDocuments']);
  const page = await api.get<{ documents: SentDocument[]; next: string | null }>(
    `/v1/documents?${queryOf(options)}`,
  );
  if (options.json === true) {
    context.out(JSON.stringify(page));
    return;
  }
  const nowMs = Date.now();
  if (page.documents.length === 0) context.err('no documents');
  else
    context.out(
      renderTable(
        ['DOCUMENT', 'STATE', 'TYPE', 'SIZE', 'TO', 'SUBMITTED', 'DELIVERY'],
        page.documents.map((document) => [
          document.id,
          document.code === undefined ? document.state : `${document.state} (${document.code})`,
          document.type ?? '',
          document.contentSize === undefined ? '' : formatBytes(document.contentSize),
          document.peer,
          formatAge(document.submittedAt ?? document.createdAt, nowMs) ?? '',
          deliveryText(document, nowMs) ?? '',
        ]),
      ),
    );
  tellNext(context, page.next);
}

async function inbox(context: CliContext, options: ListOptions & { filter: string[] }): Promise<void> {
  const more = Object.fromEntries(options.filter.map(readFilter));
  const { api } = await connectNode(context, options, ['listInbox']);
  const page = await api.get<{ documents: ReceivedDocument[]; next?: string | null }>(
    `/v1/inbox?${queryOf(options, more)}`,
  );
  if (options.json === true) {
    context.out(JSON.stringify(page));
    return;
  }
  const nowMs = Date.now();
  if (page.documents.length === 0) context.err('nothing received');
  else
    context.out(
      renderTable(
        ['DOCUMENT', 'STATE', 'TYPE', 'SIZE', 'FROM', 'RECEIVED', 'TITLE'],
        page.documents.map((document) => [
          document.id,
          stateOfReceived(document),
          document.type ?? '',
          formatBytes(document.contentSize),
          document.peer,
          formatAge(document.receivedAt, nowMs) ?? '',
          document.metadata?.title ?? '',
        ]),
      ),
    );
  tellNext(context, page.next ?? null);
}

function readFilter(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new CliError('usage.filter', `${text} is not of the form name=value`, {
      hint: 'such as --filter type=billing.invoice',
      exitCode: EXIT.usage,
    });
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

function stateOfReceived({ state, recalled, deleted, erased }: ReceivedDocument): string {
  if (erased !== undefined) return 'erased';
  if (deleted !== undefined) return 'deleted';
  return recalled === undefined ? state : `${state}, recalled`;
}

function tellNext(context: CliContext, next: string | null): void {
  if (next !== null) context.err(`more: repeat this command with --cursor ${next}`);
}
