import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client/index.ts';
import { addNodeOptions, connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError, EXIT } from './context.ts';
import { asRunHere } from './invocation.ts';
import { readJsonFile } from './json-file.ts';
import { formatTimeAndAge, renderFields, renderTable, withProgress } from './output.ts';

type Scopes = Record<string, { documents?: string[]; readReceipts?: boolean }>;
type Half = { rev: number; state: string; scopes: Scopes; restorableUntil?: string; acknowledged?: boolean };
type Link = {
  id: string;
  peer: { id: string; organizationName: string };
  customer?: string;
  initiatedBy: 'self' | 'peer';
  state: string;
  scopes: Scopes;
  self?: Half;
  other?: Half;
  createdAt?: string;
};

type StartOptions = NodeOptions & {
  customer: string;
  peer: string;
  holder: string;
  returnUrl: string;
  session: string;
  consent: string;
  scopes?: string;
  give?: string;
  take?: string;
  readReceipts?: boolean;
};

const CONSENT_EXAMPLE =
  '{"jurisdiction": "FR", "method": "web", "purposes": ["Recevoir mes documents"], "policyUrl": "https://…", "services": ["Coffre"], "sensitive": false}';

export function addLink(program: Command, context: CliContext): void {
  const link = program
    .command('link')
    .description("links between a customer's accounts here and there: nothing flows without one")
    .addHelpText(
      'after',
      `
Examples:
  intervault link list --peer https://coffre.assurance-b.example
  intervault link show 0190b0a1-…
  intervault link revoke 0190b0a1-…

How a link is made: the institution that starts it gets a link token; the customer carries it to the other
one, agrees there, and brings a completion code back into the session that started it.
  here   intervault link start --customer C-1 --peer https://… --holder "M. D••••" --return-url https://… \\
           --session S --consent consent.json --give billing.invoice,statement.account
  there  intervault link redeem --customer 77 --session T --consent consent.json < token
  there  intervault link redemption 0190b0a1-… --session T
  here   intervault link complete 0190b0a1-… --customer C-1 --session S --code 4F7KH-9QXM2`,
    );
  const add = (usage: string, description: string, examples: string) =>
    addNodeOptions(link.command(usage).description(description)).addHelpText(
      'after',
      `\nExamples:\n${examples
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n')}`,
    );

  add('list', 'links, the newest first', 'intervault link list --peer https://coffre.assurance-b.example')
    .option('--peer <id>', 'with this peer')
    .option('--limit <n>', 'how many, at most 200', '50')
    .option('--cursor <cursor>', 'continue where the last page ended')
    .action((options) => list(context, options));

  add('find <customer>', 'the links of one of our customers', 'intervault link find C-1').action(
    async (customer: string, options: NodeOptions) => {
      const { api } = await connectNode(context, options, ['searchLinks']);
      tellList(context, options, await api.post('/v1/links/search', { customer }));
    },
  );

  add('show <id>', 'one link: what each side allows', 'intervault link show 0190b0a1-…').action(
    async (id: string, options: NodeOptions) => {
      const { api } = await connectNode(context, options, ['getLink']);
      tell(context, options, await api.get<Link>(linkPath(id)));
    },
  );

  add(
    'start',
    'begin a link: prints the token the customer carries to the other institution',
    'intervault link start --customer C-1 --peer https://coffre.assurance-b.example --holder "M. D••••" \\\n  --return-url https://banque-a.example/liens --session S --consent consent.json --give billing.invoice',
  )
    .requiredOption('--customer <reference>', 'our own reference of the customer; it never leaves the node')
    .requiredOption('--peer <id>', 'the other institution')
    .requiredOption('--holder <name>', 'the holder as the customer will recognise it, masked')
    .requiredOption('--return-url <url>', 'where the customer takes the completion code')
    .requiredOption('--session <name>', "names the customer's session; completing takes the same")
    .requiredOption('--consent <file>', 'JSON: what the customer agreed to')
    .option('--give <types>', 'document types their vault may take from us, separated by commas')
    .option('--take <types>', 'document types our vault may take from them')
    .option('--read-receipts', 'both may tell that a document was opened')
    .option('--scopes <file>', 'JSON: the whole scopes instead, by host')
    .action((options: StartOptions) => start(context, options));

  add(
    'inspect [token]',
    'who asks what with a link token, which is read from stdin unless given',
    'intervault link inspect < token',
  ).action(async (given: string | undefined, options: NodeOptions) => {
    const token = await readToken(given);
    const { api } = await connectNode(context, options, ['inspectLinkToken']);
    const asked = await api.post<Record<string, unknown>>('/v1/links/inspect', { token });
    context.out(JSON.stringify(asked, null, options.json === true ? undefined : 2));
  });

  add(
    'redeem [token]',
    'the customer agreed here: consume the token, read from stdin unless given',
    'intervault link redeem --customer 77 --session T --consent consent.json < token',
  )
    .requiredOption('--customer <reference>', 'our own reference of the customer')
    .requiredOption('--session <name>', 'the session in which the customer agreed')
    .requiredOption('--consent <file>', 'JSON: what the customer agreed to')
    .option('--scopes <file>', 'JSON: less than was asked, by host')
    .action(
      async (
        given: string | undefined,
        options: NodeOptions & { customer: string; session: string; consent: string; scopes?: string },
      ) => {
        const { customer, session } = options;
        const body = {
          token: await readToken(given),
          customer,
          session,
          consent: await readJsonFile(options.consent, CONSENT_EXAMPLE),
          ...(options.scopes !== undefined && { scopes: await readJsonFile(options.scopes, SCOPES_EXAMPLE) }),
        };
        const { api } = await connectNode(context, options, ['redeemLinkToken']);
        const redeemed = await withProgress(
          context,
          'asking the other institution',
          api.post<{ link: string; expiresAt: string }>('/v1/links/redeem', body),
        );
        if (options.json === true) context.out(JSON.stringify(redeemed));
        else {
          context.out(redeemed.link);
          context.err(asRunHere(`next: intervault link redemption ${redeemed.link} --session ${session}`));
        }
      },
    );

  add(
    'redemption <id>',
    'the completion code, once the other institution has confirmed',
    'intervault link redemption 0190b0a1-… --session T',
  )
    .requiredOption('--session <name>', 'the session in which the customer agreed')
    .action(async (id: string, options: NodeOptions & { session: string }) => {
      const { api } = await connectNode(context, options, ['getRedemption']);
      const status = await api.post<Record<string, string>>(linkPath(id, '/redemption'), {
        session: options.session,
      });
      if (options.json === true) context.out(JSON.stringify(status));
      else context.out(renderFields(Object.entries(status)));
    });

  add(
    'complete <id>',
    'the customer came back with the code: the link is active',
    'intervault link complete 0190b0a1-… --customer C-1 --session S --code 4F7KH-9QXM2',
  )
    .requiredOption('--customer <reference>', 'the customer who started it')
    .requiredOption('--session <name>', 'the session that started it')
    .requiredOption('--code <code>', 'what the other institution showed')
    .action(
      async (id: string, options: NodeOptions & { customer: string; session: string; code: string }) => {
        const { customer, session, code } = options;
        const { api } = await connectNode(context, options, ['completeLink']);
        const body = { customer, session, code };
        tell(context, options, await api.post<Link>(linkPath(id, '/complete'), body));
      },
    );

  for (const [action, description] of [
    ['pause', 'hold what flows, until it is resumed'],
    ['resume', 'end a pause'],
    ['revoke', 'end a link at once; it can be restored for some days'],
    ['restore', 'undo a revocation, while there is time'],
  ] as const) {
    add(`${action} <id>`, description, `intervault link ${action} 0190b0a1-…`).action(
      async (id: string, options: NodeOptions) => {
        const { api } = await connectNode(context, options, [`${action}Link`]);
        tell(context, options, await api.post<Link>(linkPath(id, `/${action}`)));
      },
    );
  }
}

const SCOPES_EXAMPLE = '{"https://coffre.assurance-b.example": {"documents": ["billing.invoice"]}}';

function linkPath(id: string, action = ''): string {
  return `/v1/links/${encodeURIComponent(id)}${action}`;
}

/** Not as an argument where it can be helped: it would stand in the list of processes. */
async function readToken(given: string | undefined): Promise<string> {
  const token = (given ?? (process.stdin.isTTY ? '' : await text(process.stdin))).trim();
  if (token !== '') return token;
  throw new CliError('usage.link_token', 'no link token was given', {
    hint: 'pipe it in: intervault link inspect < token',
    exitCode: EXIT.usage,
  });
}

async function start(context: CliContext, options: StartOptions): Promise<void> {
  const { customer, peer, holder, returnUrl, session } = options;
  const consent = await readJsonFile(options.consent, CONSENT_EXAMPLE);
  const { api } = await connectNode(context, options, ['startLink', 'getNode']);
  const scopes =
    options.scopes !== undefined
      ? await readJsonFile(options.scopes, SCOPES_EXAMPLE)
      : await scopesOf(api, options);
  const started = await api.post<{ link: string; token: string; url?: string; expiresAt: string }>(
    '/v1/links',
    {
      customer,
      peer,
      holder,
      returnUrl,
      session,
      consent,
      scopes,
    },
  );
  if (options.json === true) {
    context.out(JSON.stringify(started));
    return;
  }
  context.out(started.token);
  context.err(`link ${started.link}, token valid until ${formatTimeAndAge(started.expiresAt, Date.now())}`);
  if (started.url !== undefined) context.err(`the customer goes to ${started.url}`);
}

async function scopesOf(api: ApiClient, { give, take, readReceipts, peer }: StartOptions): Promise<Scopes> {
  if (give === undefined && take === undefined) {
    throw new CliError('usage.scopes', 'nothing would flow through this link', {
      hint: 'say what with --give, --take or --scopes',
      exitCode: EXIT.usage,
    });
  }
  const { entityId } = await api.get<{ entityId?: string }>('/v1/node');
  const hostScopes = (types: string) => ({
    documents: types.split(',').map((type) => type.trim()),
    ...(readReceipts === true && { readReceipts }),
  });
  return {
    ...(give !== undefined && { [peer]: hostScopes(give) }),
    ...(take !== undefined && entityId !== undefined && { [entityId]: hostScopes(take) }),
  };
}

type Page = { links: Link[]; next?: string | null };

async function list(
  context: CliContext,
  options: NodeOptions & { peer?: string; limit: string; cursor?: string },
): Promise<void> {
  const { peer, limit, cursor } = options;
  const query = new URLSearchParams({ limit, ...(peer && { peer }), ...(cursor && { cursor }) });
  const { api } = await connectNode(context, options, ['listLinks']);
  tellList(context, options, await api.get<Page>(`/v1/links?${query}`));
}

function tellList(context: CliContext, options: NodeOptions, page: Page): void {
  if (options.json === true) {
    context.out(JSON.stringify(page));
    return;
  }
  if (page.links.length === 0) context.err('no links');
  else
    context.out(
      renderTable(
        ['LINK', 'STATE', 'WITH', 'CUSTOMER', 'STARTED', 'FLOWS'],
        page.links.map((link) => [
          link.id,
          link.state,
          link.peer.organizationName,
          link.customer ?? '',
          link.initiatedBy === 'self' ? 'here' : 'there',
          flows(link.scopes, link.peer.id),
        ]),
      ),
    );
  if (page.next != null) context.err(`more: repeat this command with --cursor ${page.next}`);
}

/** How many document types go which way. */
function flows(scopes: Scopes, peer: string): string {
  return Object.entries(scopes)
    .map(([host, { documents = [] }]) => `${host === peer ? 'out' : 'in'} ${documents.length}`)
    .join(', ');
}

function tell(context: CliContext, options: NodeOptions, link: Link): void {
  if (options.json === true) {
    context.out(JSON.stringify(link));
    return;
  }
  const nowMs = Date.now();
  const half = (one: Half | undefined) =>
    one &&
    [
      one.state,
      one.restorableUntil !== undefined && `restorable until ${formatTimeAndAge(one.restorableUntil, nowMs)}`,
      one.acknowledged === false && 'not acknowledged by the peer yet',
    ]
      .filter((part) => part !== false)
      .join(', ');
  context.out(
    renderFields([
      ['link', link.id],
      ['state', link.state],
      ['with', `${link.peer.organizationName} (${link.peer.id})`],
      ['customer', link.customer],
      ['started', link.initiatedBy === 'self' ? 'here' : 'there'],
      ['since', formatTimeAndAge(link.createdAt, nowMs)],
      ['our half', half(link.self)],
      ['their half', half(link.other)],
      ...Object.entries(link.scopes).map(
        ([host, { documents = [], readReceipts }]) =>
          [
            host === link.peer.id ? 'they may take' : 'we may take',
            `${documents.join(', ') || 'no documents'}${readReceipts === true ? '; told when opened' : ''}`,
          ] as const,
      ),
    ]),
  );
}
