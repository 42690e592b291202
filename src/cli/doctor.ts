import type { Command } from 'commander';
import { type CliContext, CliError, requireConfig } from './context.ts';
import type { Finding } from './doctor/finding.ts';
import { asRunHere } from './invocation.ts';
import { printable, renderTable, withProgress } from './output.ts';

export function addDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description(
      'look at the node, its keys, database, disk, public URL, clocks and peers; a line and a hint each',
    )
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  intervault doctor
  intervault doctor --json | jq '.findings[] | select(.status == "failed")'

Run it where the data directory of the node is, with the environment of the node. It changes nothing, and looks at what
it can while the node is down. Exit code 1 if anything failed; warnings leave it at 0.`,
    )
    .action(async (options: { json?: boolean }) => {
      const config = requireConfig(context);
      // What it looks with takes longer to load than most commands to run.
      const { examine } = await import('./doctor/examine.ts');
      const found = await withProgress(context, 'looking', examine(context, config));
      const findings = found.map((one) =>
        one.hint === undefined ? one : { ...one, hint: asRunHere(one.hint) },
      );
      const bad = findings.filter(({ status }) => status === 'failed').length;
      if (options.json === true) context.out(JSON.stringify({ ok: bad === 0, findings }));
      else print(context, findings);
      if (bad > 0) {
        throw new CliError('doctor.failed', `${bad} of ${findings.length} checks failed`, { answered: true });
      }
    });
}

const MARKS: Readonly<Record<Finding['status'], string>> = {
  ok: 'ok',
  warning: 'WARN',
  failed: 'FAIL',
  skipped: '-',
};

function print(context: CliContext, findings: readonly Finding[]): void {
  const rows = findings.map(({ check, status, detail }) => [MARKS[status], check, detail]);
  const [heading = '', ...lines] = renderTable(['', 'CHECK', 'FOUND'], rows).split('\n');
  const indent = ' '.repeat(heading.indexOf('FOUND'));
  for (const [at, line] of lines.entries()) {
    context.out(line);
    const hint = findings[at]?.hint;
    if (hint !== undefined) context.out(`${indent}${printable(hint)}`);
  }
}
