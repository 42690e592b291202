import { Command, CommanderError } from 'commander';
import { addAgreement } from './agreement.ts';
import { type CliContext, EXIT } from './context.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addDocument } from './document.ts';
import { describeError } from './errors.ts';
import { addKeys } from './keys.ts';
import { addLedger } from './ledger.ts';
import { addLink } from './link.ts';
import { addMigrate } from './migrate.ts';
import { addPeer } from './peer.ts';
import { addReport } from './report.ts';
import { addStart } from './start.ts';
import { addToken } from './token.ts';
import { addVersion } from './version.ts';

export type { CliContext, DemoOptions, RunningNode } from './context.ts';

/** Runs one command; resolves with the exit code. Nothing it meets leaves a stack trace for the user. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const program = new Command('intervault')
    .description('The node an institution runs to take part in a federation of digital vaults')
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: (text) => context.out(text.trimEnd()),
      writeErr: (text) => context.err(text.trimEnd()),
    })
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes: 0 done; 1 failed or refused; 2 wrong usage; 3 configuration not valid;
            4 no node answers; 5 credentials not accepted.`,
    );
  addStart(program, context);
  addDemo(program, context);
  addMigrate(program, context);
  addToken(program, context);
  addPeer(program, context);
  addLink(program, context);
  addDocument(program, context);
  addAgreement(program, context);
  addReport(program, context);
  addLedger(program, context);
  addKeys(program, context);
  addDoctor(program, context);
  addVersion(program, context);
  for (const command of program.commands) inheritSettings(command, program);

  process.exitCode = EXIT.ok;
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    return explain(error, argv.includes('--json'), context);
  }
}

function inheritSettings(command: Command, program: Command): void {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inheritSettings(child, program);
}

function explain(error: unknown, json: boolean, context: CliContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { code, message, hint, exitCode, answered } = describeError(error);
  if (json && !answered) {
    context.out(JSON.stringify({ error: { code, message, ...(hint !== undefined && { hint }) } }));
  }
  context.err(`${code}: ${message}`);
  if (hint !== undefined) context.err(`hint: ${hint}`);
  return exitCode;
}
