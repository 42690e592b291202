import { Command, CommanderError } from 'commander';
import { type CliContext, CliError, EXIT } from './context.ts';
import { addDemo } from './demo.ts';
import { addMigrate } from './migrate.ts';
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
  const { code, message, hint, exitCode } = describe(error);
  if (json) context.out(JSON.stringify({ error: { code, message, ...(hint !== undefined && { hint }) } }));
  context.err(`${code}: ${message}`);
  if (hint !== undefined) context.err(`hint: ${hint}`);
  return exitCode;
}

/** Errors of startup, of keys and of the node carry a stable code and mostly a hint; the rest is ours to repair. */
function describe(error: unknown): { code: string; message: string; hint?: string; exitCode: number } {
  const { code, hint, exitCode } = error as { code?: unknown; hint?: unknown; exitCode?: unknown };
  return {
    code: typeof code === 'string' ? code : 'internal.error',
    message: error instanceof Error ? error.message : String(error),
    ...(typeof hint === 'string' && { hint }),
    exitCode: error instanceof CliError && typeof exitCode === 'number' ? exitCode : EXIT.failed,
  };
}
