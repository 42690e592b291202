import type { Command } from 'commander';
import { type CliContext, requireConfig } from './context.ts';
import { withProgress } from './output.ts';

export function addMigrate(program: Command, context: CliContext): void {
  program
    .command('migrate')
    .description('bring the database to this version; safe while replicas start')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  DATABASE_URL=postgresql://… intervault migrate
  intervault migrate --json

A node migrates at its start too; run this first where migrations need another database role.`,
    )
    .action(async (options: { json?: boolean }) => {
      const work = context.migrateDatabase(requireConfig(context));
      const result = await withProgress(context, 'bringing the database to this version', work);
      if (options.json === true) {
        context.out(JSON.stringify(result));
        return;
      }
      for (const name of result.applied) context.out(`applied ${name}`);
      context.out(`the database is at version ${result.version}`);
    });
}
