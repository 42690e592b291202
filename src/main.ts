#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type CliContext, runCli } from './cli/index.ts';
import { environmentForOthers, loadConfig } from './config.ts';
import { runDemo } from './demo/index.ts';
import { ACCESS, type AccessTable, issueNodeToken, ROLES } from './http/index.ts';
import { migrateDatabase, startNode } from './node.ts';

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

function roleFor(operationIds: readonly string[]): string {
  const access: AccessTable = ACCESS;
  const role = ROLES.find((one) => operationIds.every((id) => access[id]?.includes(one) === true));
  if (role === undefined) throw new Error(`no role may call ${operationIds.join(' and ')}`);
  return role;
}

const context: CliContext = {
  version: manifest.version,
  migrationsDir: path.join(import.meta.dirname, '..', 'migrations'),
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  loadConfig,
  startNode,
  migrateDatabase,
  issueToken: issueNodeToken,
  roles: ROLES,
  roleFor,
  runDemo: (options) =>
    runDemo(options, {
      program: [process.execPath, import.meta.filename],
      env: environmentForOthers(),
      untilStopped,
    }),
  untilStopped,
};

// Whoever reads the output may stop reading (`… | head`): that is no error, and there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), context);
