import { writeFile } from 'node:fs/promises';
import { nodeProblems } from '../src/http/index.ts';
import { REFUSALS, type RefusalCode } from '../src/protocol/refusal.ts';

/** docs/problems.md, whole: `node scripts/problem-docs.ts` writes it, a test compares it. */
export const PROBLEM_DOCS_FILE = new URL('../docs/problems.md', import.meta.url);

export function renderProblemDocs(): string {
  const rows = nodeProblems.list().map((row) => ({ ...row, decided: isDecided(row.code) }));
  return `# Problems

Every refusal has a code that never changes its meaning. The institution API and the federation API answer it as problem
details (RFC 9457): \`code\`, \`title\`, \`status\`, \`retryable\`, \`requestId\` and, where they help, \`detail\` and
\`pointer\` (the field at fault). The commands print the code first, so that it can be searched for here.

*Retryable* says whether the same request, unchanged, may succeed later. A \`Retry-After\` header says when to try.

*Signed* marks what a recipient answers a peer with a signed rejection and status 422: the decision is final, and both
sides keep it as evidence. The same code may stand on a document that the peer rejected.

This table is generated from the program: \`node scripts/problem-docs.ts\` writes it, a test compares it.

| code | status | retryable | signed | what it says |
|---|---|---|---|---|
${rows.map(renderRow).join('\n')}
`;
}

function isDecided(code: string): boolean {
  return Object.hasOwn(REFUSALS, code) && REFUSALS[code as RefusalCode].kind === 'decided';
}

type Row = { code: string; status: number; retryable: boolean; decided: boolean; title: string };

function renderRow({ code, status, retryable, decided, title }: Row): string {
  const yes = (value: boolean) => (value ? 'yes' : '');
  return `| \`${code}\` | ${status} | ${yes(retryable)} | ${yes(decided)} | ${title.replaceAll('|', '\\|')} |`;
}

if (import.meta.main) await writeFile(PROBLEM_DOCS_FILE, renderProblemDocs());
