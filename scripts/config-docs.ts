import { writeFile } from 'node:fs/promises';
import { type ConfigRow, describeConfig } from '../src/config.ts';

/** docs/configuration.md, whole: `node scripts/config-docs.ts` writes it, a test compares it. */
export const CONFIG_DOCS_FILE = new URL('../docs/configuration.md', import.meta.url);

export function renderConfigDocs(rows: readonly ConfigRow[] = describeConfig()): string {
  return `# Configuration

A node reads its environment once, when it starts, and nothing else. A value that is out of range, an
\`INTERVAULT_…\` variable that does not exist and values that contradict each other stop the start with one line
each, all at once. An empty value counts as absent.

This table is generated from the program: \`node scripts/config-docs.ts\` writes it, a test compares it.

| variable | type | default | what it is |
|---|---|---|---|
${rows.map(renderRow).join('\n')}
`;
}

function renderRow(row: ConfigRow): string {
  const type = [row.type, row.allowed, row.unit].filter((part) => part !== undefined).join('; ');
  const description = row.secret
    ? `${row.description} A secret: never logged, never shown.`
    : row.description;
  return `| \`${row.variable}\` | ${cell(type)} | ${cell(row.default)} | ${cell(description)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) await writeFile(CONFIG_DOCS_FILE, renderConfigDocs());
