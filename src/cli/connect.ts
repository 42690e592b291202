import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import tls from 'node:tls';
import type { Command } from 'commander';
import { type ApiClient, type ApiClientOptions, createApiClient } from '../api-client/index.ts';
import type { Config } from '../config.ts';
import { type CliContext, CliError, EXIT, requireConfig } from './context.ts';
import { readNodeFile } from './node-file.ts';

/** What every command that calls a node takes. */
export type NodeOptions = { url?: string; token?: string; json?: boolean };

export type ConnectedNode = { api: ApiClient; url: string; config: Config };

/** Long enough for one command, however large its document. */
const TOKEN_TTL_S = 3_600;

export function addNodeOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the node to call; default: the one that runs on the data directory')
    .option(
      '--token <token>',
      'the access token; better in INTERVAULT_API_TOKEN, where no process list shows it',
    )
    .option('--json', 'one JSON object on stdout');
}

/**
 * The node a command is for: the one that runs on this data directory, called with a token that
 * may do what the command needs, signed on the spot; or the one that is named, with the token that is given.
 */
export async function connectNode(
  context: CliContext,
  options: NodeOptions,
  operationIds: readonly string[],
): Promise<ConnectedNode> {
  const config = requireConfig(context);
  const given = options.token ?? config.apiToken?.reveal();
  const url = options.url === undefined ? config.apiUrl : parseUrl(options.url);
  if (url !== undefined) {
    if (given === undefined) {
      throw new CliError('usage.token', `an access token is needed to call ${url}`, {
        hint: 'set INTERVAULT_API_TOKEN to one that `intervault token create` printed beside that node',
        exitCode: EXIT.usage,
      });
    }
    return { api: createApiClient({ baseUrl: url, token: given }), url, config };
  }
  const file = await readNodeFile(config.dataDir);
  if (file === undefined) {
    throw new CliError('node.not_running', `no node runs on ${config.dataDir}`, {
      hint: 'start it with `intervault start`, set INTERVAULT_DATA_DIR to its folder, or name a node with --url and --token',
      exitCode: EXIT.unreachable,
    });
  }
  const token = given ?? (await ownToken(context, config, operationIds));
  const trust = file.url.startsWith('https:') ? await trustOwnCertificate(config) : undefined;
  return {
    api: createApiClient({ baseUrl: file.url, token, ...(trust && { tls: trust }) }),
    url: file.url,
    config,
  };
}

function parseUrl(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text).origin;
  throw new CliError('usage.url', `${text} is not the URL of a node`, {
    hint: 'for example http://127.0.0.1:8080',
    exitCode: EXIT.usage,
  });
}

async function ownToken(
  context: CliContext,
  config: Config,
  operationIds: readonly string[],
): Promise<string> {
  const role = await context.roleFor(operationIds);
  return (await context.issueToken(config, { role, subject: 'cli', ttlS: TOKEN_TTL_S })).token;
}

/**
 * The node beside us shows the certificate of its public name, at an address of this machine: so that certificate is
 * trusted, and held to that name.
 */
async function trustOwnCertificate(config: Config): Promise<ApiClientOptions['tls']> {
  if (config.tlsCertFile === undefined || config.publicUrl === undefined) return undefined;
  const host = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '');
  return {
    ca: [...tls.getCACertificates('default'), await readFile(config.tlsCertFile, 'utf8')],
    ...(isIP(host) === 0 && { servername: host }),
    checkServerIdentity: (_address, certificate) => tls.checkServerIdentity(host, certificate),
  };
}
