import { type Command, InvalidArgumentError } from 'commander';
import type { CliContext } from './context.ts';

export function addDemo(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('three institutions on this machine: push documents, trade contacts, kill one, lose nothing')
    .argument('[paths...]', 'files or folders to push; without any, the sample documents')
    .option('--json', 'one JSON object on stdout, progress on stderr')
    .option('--keep', 'leave the nodes running, and print how to call them')
    .option('--count <n>', 'how many documents, cycling through the files', parseCount)
    .addHelpText(
      'after',
      `
Examples:
  intervault demo
  intervault demo ~/Documents/factures --count 100
  intervault demo --json | jq .delivered
  intervault demo --keep`,
    )
    .action(async (files: string[], options: { json?: boolean; keep?: boolean; count?: number }) => {
      process.exitCode = await context.runDemo({
        files,
        json: options.json === true,
        keep: options.keep === true,
        count: options.count,
      });
    });
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new InvalidArgumentError('a whole number from 1 to 1000000');
  }
  return count;
}
