import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { ACCESS, ROLES, type Role } from '../src/http/access.ts';

/** docs/access.md, whole: `node scripts/access-docs.ts` writes it, a test compares it and walks every cell. */
export const ACCESS_DOCS_FILE = new URL('../docs/access.md', import.meta.url);

type Operation = { operationId: string; summary: string };

export function renderAccessDocs(): string {
  const { paths } = load(readFileSync(new URL('../openapi.yaml', import.meta.url), 'utf8')) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const rows = Object.entries(paths)
    .filter(([template]) => template.startsWith('/v1'))
    .flatMap(([template, item]) =>
      Object.entries(item).map(([method, operation]) => row(method.toUpperCase(), template, operation)),
    );
  return `# Who may call what

A token of the institution API carries one role. An operation that is not in the table is allowed to nobody.

- **operator** runs the node: peers, keys, deliveries. Sees what is exchanged, never the files.
- **integrator** is the institution's own back end: sends documents, makes links.
- **vault** is the back end of a vault: receives documents, makes links.
- **auditor** reads and changes nothing. Each of an auditor's reads is in the access journal before it is answered, with the
  purpose where the header \`IVX-Purpose\` gives one.

This table is generated from the program: \`node scripts/access-docs.ts\` writes it; a test compares it, and calls every
operation with a token of every role.

| operation | | ${ROLES.join(' | ')} |
|---|---|${ROLES.map(() => ':-:').join('|')}|
${rows.join('\n')}
`;
}

function row(method: string, template: string, { operationId, summary }: Operation): string {
  const allowed: readonly Role[] = (ACCESS as Record<string, readonly Role[]>)[operationId] ?? [];
  const cells = ROLES.map((role) => (allowed.includes(role) ? 'yes' : '')).join(' | ');
  return `| \`${method} ${template}\` | ${summary} | ${cells} |`;
}

if (import.meta.main) await writeFile(ACCESS_DOCS_FILE, renderAccessDocs());
