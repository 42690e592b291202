import { writeFile } from 'node:fs/promises';
import { REFUSALS, type RefusalKind } from '../src/protocol/refusal.ts';

/** spec/7-refusals.md, whole: `node scripts/spec-refusals.ts` writes it, a test compares it. */
export const REFUSALS_CHAPTER = new URL('../spec/7-refusals.md', import.meta.url);

const SENDER: Readonly<Record<RefusalKind, string>> = {
  decided: 'stores the receipt; the exchange is over',
  terminal: 'closes the exchange',
  transient: 'sends the same bytes again, later',
};

type Row = { code: string; kind: RefusalKind; status: number; title: string; erds: string };

export function renderRefusals(): string {
  const rows = Object.entries(REFUSALS).map(([code, entry]): Row => {
    const { kind, status, title, erds = '' }: { erds?: string } & Omit<Row, 'code' | 'erds'> = entry;
    return { code, kind, status, title, erds };
  });
  return `# 7. Refusals

Every answer of the federation API but acceptance. \`node scripts/spec-refusals.ts\` writes this chapter from the
program's own table, and a test compares the two; [vectors/refusals.json](vectors/refusals.json) has at least one
request for each code.

A code is stable: it keeps its meaning for as long as it exists, and a sender may rely on it. A sender that meets a
code it does not know goes by the answer itself: a receipt is a decision, a problem says \`retryable\`, and a status of
404, 405, 410, or 500 or above is never final, whatever it says of itself: no refusal for good has one of these.

Three kinds, by what the sender may conclude:

| kind | answer | stored by the recipient | the sender |
|---|---|---|---|
| \`decided\` | 422 with a signed RelayRejection whose \`reason\` is the code | yes: the same answer, with 200, for ever | ${SENDER.decided} |
| \`terminal\` | problem with \`"retryable": false\` | nothing; the id is not consumed | ${SENDER.terminal} |
| \`transient\` | problem with \`"retryable": true\` | nothing; the id is not consumed | ${SENDER.transient} |

*ERDS* is the reason that evidence carries in \`erds\` beside our own code; see [chapter 6](6-evidence.md). A problem has
none: the column says which one a record of that outcome bears.

${(['decided', 'terminal', 'transient'] as const).map((kind) => renderKind(kind, rows)).join('\n\n')}

\`exchange.closed\` is decided by a closing and answered with 200, to the closing and to any PUT that comes after it.
\`quota.exceeded\` is answered to documents over the volume that their agreement version grants for a calendar month,
UTC ([chapter 8](8-agreements.md#documents-under-an-agreement)); without an agreement there is no quota ([decision 16](decisions/0016-quota-by-agreement.md)).
`;
}

function renderKind(kind: RefusalKind, rows: readonly Row[]): string {
  const lines = rows
    .filter((row) => row.kind === kind)
    .map((row) => `| \`${row.code}\` | ${row.status} | ${row.title} | ${row.erds && `\`${row.erds}\``} |`);
  return `## ${kind[0]?.toUpperCase()}${kind.slice(1)}: the sender ${SENDER[kind]}

| code | status | meaning | ERDS |
|---|---|---|---|
${lines.join('\n')}`;
}

if (import.meta.main) await writeFile(REFUSALS_CHAPTER, renderRefusals());
