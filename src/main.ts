#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type CliContext, runCli } from './cli/index.ts';
import { environmentForOthers, loadConfig } from './config.ts';
import type { AccessTable } from './http/index.ts';

const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
  version: string;
};

/** The first signal asks to finish, a second one ends the process at once. */
function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve(signal);
      });
    }
  });
}

async function roleFor(operationIds: readonly string[]): Promise<string> {
  const { ACCESS, INSTITUTION_ROLES } = await import('./http/index.ts');
  const access: AccessTable = ACCESS;
  const role = INSTITUTION_ROLES.find((one) =>
    operationIds.every((id) => access[id]?.includes(one) === true),
  );
  if (role === undefined) throw new Error(`no role may call ${operationIds.join(' and ')}`);
  return role;
}

const context: CliContext = {
  version: manifest.version,
  migrationsDir: path.join(import.meta.dirname, '..', 'migrations'),
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  loadConfig,
  // Read when they are needed: most commands only call a node, and should be as quick as that.
  startNode: async (config) => (await import('./node.ts')).startNode(config),
  migrateDatabase: async (config) => (await import('./node-database.ts')).migrateDatabase(config),
  issueToken: async (config, request) => (await import('./http/index.ts')).issueNodeToken(config, request),
  roles: async () => (await import('./http/index.ts')).INSTITUTION_ROLES,
  roleFor,
  runDemo: async (options) => {
    const program = [process.execPath, import.meta.filename] as const;
    const { runDemo } = await import('./demo/index.ts');
    return runDemo(options, { program, env: environmentForOthers(), untilStopped });
  },
  untilStopped,
};

// Whoever reads the output may stop reading (`… | head`): that is no error, and there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), context);
