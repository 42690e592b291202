import type { Command } from 'commander';
import type { Config } from '../config.ts';
import type { CliContext, RunningNode } from './context.ts';
import { requireConfig } from './context.ts';
import { asRunHere } from './invocation.ts';
import { removeNodeFile, writeNodeFile } from './node-file.ts';

export function addStart(program: Command, context: CliContext): void {
  program
    .command('start')
    .description('run the node until SIGTERM or Ctrl-C')
    .option('--json', 'once ready, one JSON line on stdout, among those of the log')
    .addHelpText(
      'after',
      `
Examples:
  intervault start
  INTERVAULT_PUBLIC_URL=https://coffre.banque-a.example DATABASE_URL=postgresql://… intervault start
  intervault start --json | jq 'select(.event == "node.ready")'

JSON logs go to stdout, one line an event; what an operator should read goes to stderr. With --json, stdout also gets
one object that tells what stderr does: what was made, where, and the addresses. It may stand between lines of the log:
only it has "event": "node.ready". With INTERVAULT_LOG_LEVEL=silent it stands alone.`,
    )
    .action((options: { json?: boolean }) => start(context, options.json === true));
}

async function start(context: CliContext, json: boolean): Promise<void> {
  const config = requireConfig(context);
  const stopped = context.untilStopped();
  const slow = setTimeout(() => context.err('starting: preparing the database…'), 2_000);
  const node = await context.startNode(config).finally(() => clearTimeout(slow));
  const url = urlOf(node.address, config.tlsCertFile === undefined ? 'http' : 'https');
  const managementUrl = urlOf(node.management, 'http');
  const { dataDir, publicUrl, allowInsecurePeers } = config;
  await writeNodeFile(dataDir, { url, managementUrl, pid: process.pid, entityId: publicUrl ?? '' });
  announce(context, config, node, url);
  if (json) {
    const { created } = node;
    const where = { dataDir, created, url, managementUrl, entityId: publicUrl ?? null };
    context.out(JSON.stringify({ event: 'node.ready', pid: process.pid, ...where, allowInsecurePeers }));
  }
  const signal = await stopped;
  context.err(`${signal}: finishing what is in flight; send it again to stop at once`);
  await removeNodeFile(config.dataDir);
  await node.stop();
  context.err('stopped');
}

function announce(context: CliContext, config: Config, node: RunningNode, url: string): void {
  if (node.created.length > 0) {
    context.err(`First start. Made in ${config.dataDir}:`);
    for (const file of node.created) context.err(`  ${file}`);
    context.err('These keys are this institution: back them up, and show them to nobody.');
  }
  context.err(`Institution API:  ${url}/v1`);
  context.err(`Management:       ${urlOf(node.management, 'http')} (/livez, /readyz, /metrics)`);
  if (config.publicUrl === undefined) {
    context.err(
      'Federation:       off; set INTERVAULT_PUBLIC_URL to this node’s public https address to turn it on',
    );
  } else {
    context.err(`Federation:       ${config.publicUrl}`);
  }
  if (config.allowInsecurePeers) {
    context.err('');
    context.err('!! INTERVAULT_ALLOW_INSECURE_PEERS is on: plain HTTP and private addresses are accepted.');
    context.err('!! Nothing sent this way is protected. For a demonstration or development only.');
    context.err('');
  }
  context.err(asRunHere('Next:             intervault token create --role operator --ttl 1h'));
}

export function urlOf(address: { host: string; port: number }, scheme: string): string {
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '[::1]' : address.host;
  return `${scheme}://${host}:${address.port}`;
}
