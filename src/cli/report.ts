import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { addNodeOptions, connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError, EXIT } from './context.ts';
import { renderTable } from './output.ts';
import { peerId } from './peer-shapes.ts';

type ReportOptions = NodeOptions & {
  from: string;
  to?: string;
  format?: 'csv' | 'html';
  lang: string;
  output?: string;
};

type Direction = Record<string, unknown> & { humanAnswers?: Record<string, unknown> };
type Report = {
  hosted: Direction;
  granted: Direction;
  reciprocity?: Record<string, number>;
  universality?: Record<string, number>;
};

export function addReport(program: Command, context: CliContext): void {
  const report = program.command('report').description('what a relationship is worth to both sides');
  const at = 'https://coffre.assurance-b.example';
  addNodeOptions(report.command('relationship <peer>'))
    .description('reach, contacts, documents, time to a human answer, opt-outs and reciprocity, both ways')
    .requiredOption('--from <month>', 'the first month, as 2026-10')
    .option('--to <month>', 'the last month; default: the first')
    .addOption(new Option('--format <format>', 'a file in place of a table').choices(['csv', 'html']))
    .addOption(new Option('--lang <language>', 'of the page').choices(['en', 'fr']).default('en'))
    .option('--output <file>', 'where to write it; default: stdout')
    .addHelpText(
      'after',
      `
Examples:
  intervault report relationship ${at} --from 2026-10
  intervault report relationship ${at} --from 2026-01 --to 2026-12 --format html --lang fr --output rapport.html

The peer works out the same figures from its own books. The page is complete in itself: open it in a browser, print it.`,
    )
    .action((peer: string, options: ReportOptions) => relationship(context, peer, options));
}

async function relationship(context: CliContext, peer: string, options: ReportOptions): Promise<void> {
  const { api } = await connectNode(context, options, ['getRelationshipReport']);
  const { from, to = from, format, lang } = options;
  if (format === undefined && options.output !== undefined) {
    throw new CliError('usage.format', 'a table is not written to a file', {
      hint: 'add --format csv or --format html',
      exitCode: EXIT.usage,
    });
  }
  const ref = encodeURIComponent(peerId(peer));
  const query = new URLSearchParams({ from, to, ...(format !== undefined && { format, lang }) });
  const path = `/v1/reports/relationship/${ref}?${query}`;
  if (format === undefined) {
    const report = await api.get<Report>(path);
    context.out(options.json === true ? JSON.stringify(report) : tableOf(report));
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of await api.download(path)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (options.output === undefined) {
    context.out(text.trimEnd());
    return;
  }
  await writeFile(options.output, text, { mode: 0o600 });
  context.out(options.json === true ? JSON.stringify({ file: options.output }) : options.output);
}

const ROWS: readonly (readonly [name: string, read: (direction: Direction) => unknown, unit?: string])[] = [
  ['customers reached', ({ reach }) => reach],
  ['contacts', ({ contacts }) => contacts],
  ['contacts per customer and month', (direction) => direction['contactsPerCustomerAndMonth']],
  ['customers who saw a message', (direction) => direction['displayedPercent'], ' %'],
  ['customers who opened a message', (direction) => direction['openedPercent'], ' %'],
  ['documents', ({ documents }) => documents],
  ['documents per customer', (direction) => direction['documentsPerCustomer']],
  ['asked for a person', ({ humanAnswers }) => humanAnswers?.['asked']],
  ['answered by a person', ({ humanAnswers }) => humanAnswers?.['answered']],
  ['median time to the answer', ({ humanAnswers }) => humanAnswers?.['medianHours'], ' h'],
  ['nine in ten answered within', ({ humanAnswers }) => humanAnswers?.['p90Hours'], ' h'],
  ['over 15 days', ({ humanAnswers }) => humanAnswers?.['over15DaysPercent'], ' %'],
  ['opted out', ({ optOuts }) => optOuts],
];

function tableOf({ hosted, granted, reciprocity, universality }: Report): string {
  const cell = (value: unknown, unit = '') => (value === undefined ? '' : `${String(value)}${unit}`);
  const rows = ROWS.map(([name, read, unit]) => [name, cell(read(hosted), unit), cell(read(granted), unit)]);
  const units = [
    ['contact units', cell(reciprocity?.['hosted']), cell(reciprocity?.['granted'])],
    ['balance', cell(reciprocity?.['balance']), ''],
    ['tolerance', cell(reciprocity?.['tolerance']), ''],
  ];
  const own = [
    ['customers who named their institutions', cell(universality?.['customers']), ''],
    ['of those institutions, here', cell(universality?.['percent'], ' %'), ''],
  ];
  return renderTable(['figure', 'hosted here', 'hosted by the peer'], [...rows, ...units, ...own]);
}
