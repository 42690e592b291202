import type { Command } from 'commander';
import type { CliContext } from './context.ts';

export function addVersion(program: Command, context: CliContext): void {
  program
    .command('version')
    .description('the version of this program, of its protocol and of Node')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  intervault version
  intervault version --json`,
    )
    .action((options: { json?: boolean }) => {
      const versions = { intervault: context.version, protocol: 1, node: process.versions.node };
      if (options.json === true) context.out(JSON.stringify(versions));
      else
        context.out(
          `intervault ${versions.intervault} (protocol ${versions.protocol}, Node ${versions.node})`,
        );
    });
}
