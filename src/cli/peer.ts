import type { Command } from 'commander';
import { ApiError } from '../api-client/index.ts';
import { addNodeOptions, connectNode, type NodeOptions } from './connect.ts';
import { type CliContext, CliError, EXIT } from './context.ts';
import { asRunHere } from './invocation.ts';
import {
  formatAge,
  formatDifference,
  formatTimeAndAge,
  printable,
  renderFields,
  renderTable,
  withProgress,
} from './output.ts';
import { type PeerDetails, type PeerPreview, type PeerSummary, peerPath } from './peer-shapes.ts';

export function addPeer(program: Command, context: CliContext): void {
  const peer = program
    .command('peer')
    .description('the institutions this node exchanges with')
    .addHelpText(
      'after',
      `
Examples:
  intervault peer discover https://coffre.assurance-b.example
  intervault peer add https://coffre.assurance-b.example --pin 0Iv3…
  intervault peer list
  intervault peer suspend https://coffre.assurance-b.example --reason "key compromise reported by phone"

Both sides add each other. A pin is the thumbprint of the other's federation key: compare it over another
channel (telephone, letter) before you give it.`,
    );

  const add = (usage: string, description: string, examples: string) =>
    addNodeOptions(peer.command(usage).description(description)).addHelpText(
      'after',
      `\nExamples:\n${examples
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n')}`,
    );

  add(
    'discover <url>',
    'fetch and check what a node says of itself, and keep nothing',
    'intervault peer discover https://coffre.assurance-b.example',
  ).action((url: string, options: NodeOptions) => discover(context, url, options));

  add(
    'add <url>',
    'fetch, check against the pin, and make it an active peer',
    'intervault peer add https://coffre.assurance-b.example --pin 0Iv3…',
  )
    .option('--pin <thumbprint>', "thumbprint of the peer's federation key, compared over another channel")
    .action((url: string, options: NodeOptions & { pin?: string }) => addOne(context, url, options));

  add(
    'list',
    'all peers, and how they are',
    'intervault peer list\nintervault peer list --json | jq .peers[].state',
  ).action((options: NodeOptions) => list(context, options));

  add(
    'show <url>',
    'one peer: state, keys, last contact, queue, clock',
    'intervault peer show https://coffre.assurance-b.example',
  ).action(async (url: string, options: NodeOptions) => {
    const { api } = await connectNode(context, options, ['getPeer']);
    tell(context, options, await api.get<PeerDetails>(peerPath(url)));
  });

  const change = (
    action: 'suspend' | 'resume' | 'remove' | 'repin' | 'refresh',
    operationId: string,
    description: string,
    example: string,
  ) => {
    const command = add(`${action} <url>`, description, example);
    if (action === 'suspend' || action === 'remove') {
      command.requiredOption('--reason <text>', 'why, for our own journal');
    }
    if (action === 'repin') {
      command.requiredOption('--pin <thumbprint>', 'thumbprint of the new federation key');
    }
    command.action(async (url: string, options: NodeOptions & { reason?: string; pin?: string }) => {
      const { api } = await connectNode(context, options, [operationId]);
      const { reason, pin } = options;
      const body = reason !== undefined ? { reason } : pin !== undefined ? { pin } : undefined;
      const work = api.post<PeerDetails>(peerPath(url, `/${action}`), body).catch(explainPin);
      tell(context, options, await withProgress(context, `asking ${url}`, work));
    });
  };
  const at = 'https://coffre.assurance-b.example';
  change(
    'suspend',
    'suspendPeer',
    'stop new exchanges both ways at once; keeps everything',
    `intervault peer suspend ${at} --reason "unexplained errors since noon"`,
  );
  change('resume', 'resumePeer', 'end a suspension', `intervault peer resume ${at}`);
  change(
    'remove',
    'removePeer',
    'end the relation; data and proofs are kept',
    `intervault peer remove ${at} --reason "contract ended"`,
  );
  change(
    'repin',
    'repinPeer',
    'after a peer lost its federation keys: trust this one, and no earlier one',
    `intervault peer repin ${at} --pin 0Iv3…`,
  );
  change('refresh', 'refreshPeer', "fetch a peer's configuration now", `intervault peer refresh ${at}`);
}

async function discover(context: CliContext, url: string, options: NodeOptions): Promise<void> {
  const { api } = await connectNode(context, options, ['discoverPeer']);
  const preview = await withProgress(
    context,
    `asking ${url}`,
    api.post<PeerPreview>('/v1/peers/discover', { url }),
  );
  if (options.json === true) {
    context.out(JSON.stringify(preview));
    return;
  }
  context.out(
    renderFields([
      ['peer', preview.id],
      ['name', preview.organizationName],
      ['contacts', preview.contacts.join(', ') || undefined],
      ['federation API', preview.federationEndpoint],
      ...preview.federationKeys.map(
        ({ kid, alg }) =>
          ['federation key', `${kid} (${alg}${kid === preview.signedBy ? ', signed this' : ''})`] as const,
      ),
      ...preview.exchangeKeys.map(({ kid, alg }) => ['exchange key', `${kid} (${alg})`] as const),
      ['valid until', formatTimeAndAge(preview.configurationExpiresAt, Date.now())],
      ['clock', clockText(preview.clockDifferenceMs)],
    ]),
  );
  context.err('');
  context.err(
    'This is its own word alone. Compare the federation key with the institution over another channel, then:',
  );
  context.err(asRunHere(`  intervault peer add ${printable(preview.id)} --pin ${preview.signedBy}`));
}

async function addOne(
  context: CliContext,
  url: string,
  options: NodeOptions & { pin?: string },
): Promise<void> {
  const { pin } = options;
  if (pin === undefined) {
    throw new CliError('usage.pin', 'a peer is added with the thumbprint of its federation key', {
      hint: `\`intervault peer discover ${url}\` shows it; compare it over another channel, then give it with --pin`,
      exitCode: EXIT.usage,
    });
  }
  const { api } = await connectNode(context, options, ['addPeer']);
  const work = api.post<PeerDetails>('/v1/peers', { url, pin }).catch(explainPin);
  tell(context, options, await withProgress(context, `asking ${url}`, work));
}

/** Whose key it was instead is what an operator needs to know. */
function explainPin(error: unknown): never {
  if (error instanceof ApiError && error.code === 'peer.pin_mismatch') {
    const signedBy = error.problem['signedBy'];
    throw new CliError(
      error.code,
      `${error.message}${signedBy === undefined ? '' : `; it was signed by ${signedBy}`}`,
      {
        hint: 'compare the thumbprint with the institution over another channel: a wrong pin is either a slip or an attack',
      },
    );
  }
  throw error;
}

async function list(context: CliContext, options: NodeOptions): Promise<void> {
  const { api } = await connectNode(context, options, ['listPeers']);
  const answer = await api.get<{ peers: PeerSummary[] }>('/v1/peers');
  if (options.json === true) {
    context.out(JSON.stringify(answer));
    return;
  }
  if (answer.peers.length === 0) {
    context.err(
      asRunHere('no peers yet: `intervault peer discover URL`, then `intervault peer add URL --pin …`'),
    );
    return;
  }
  const nowMs = Date.now();
  context.out(
    renderTable(
      ['PEER', 'NAME', 'STATE', 'LAST IN', 'LAST OUT', 'CLOCK', 'TROUBLE'],
      answer.peers.map((peer) => [
        peer.id,
        peer.organizationName,
        peer.state,
        formatAge(peer.lastInboundAt, nowMs) ?? '',
        formatAge(peer.lastOutboundAt, nowMs) ?? '',
        clockText(peer.clockDifferenceMs) ?? '',
        troubleOf(peer, nowMs),
      ]),
    ),
  );
}

function troubleOf(peer: PeerSummary, nowMs: number): string {
  const { configuration } = peer;
  return [
    configuration.stale && peer.state !== 'revoked' && 'configuration expired',
    configuration.problem !== undefined && `configuration: ${configuration.problem}`,
    peer.outboundFailingSince !== undefined &&
      `${peer.outboundProblem ?? 'no answer'} for ${formatAge(peer.outboundFailingSince, nowMs)?.replace(/ ago$/, '')}`,
  ]
    .filter((text) => text !== false)
    .join('; ');
}

function clockText(differenceMs: number | undefined): string | undefined {
  return differenceMs === undefined ? undefined : formatDifference(differenceMs);
}

function tell(context: CliContext, options: NodeOptions, peer: PeerDetails): void {
  if (options.json === true) {
    context.out(JSON.stringify(peer));
    return;
  }
  const nowMs = Date.now();
  const { configuration, traffic } = peer;
  const since = formatTimeAndAge(peer.stateChangedAt, nowMs);
  context.out(
    renderFields([
      ['peer', peer.id],
      ['name', peer.organizationName],
      [
        'state',
        `${peer.state} since ${since}${peer.stateReason === undefined ? '' : `: ${peer.stateReason}`}`,
      ],
      ['contacts', peer.contacts.join(', ') || undefined],
      ['federation API', peer.federationEndpoint],
      ['link page', peer.linkPage],
      ['last heard from', formatTimeAndAge(peer.lastInboundAt, nowMs) ?? 'never'],
      ['last answered', formatTimeAndAge(peer.lastOutboundAt, nowMs) ?? 'never'],
      ['failing since', formatTimeAndAge(peer.outboundFailingSince, nowMs)],
      ['problem', peer.outboundProblem],
      ['queue', queueText(traffic, nowMs)],
      ['breaker', breakerText(traffic, nowMs)],
      [
        'configuration',
        `${configuration.stale ? 'EXPIRED' : 'fresh'}, until ${formatTimeAndAge(configuration.expiresAt, nowMs) ?? 'unknown'}`,
      ],
      ['fetched', formatTimeAndAge(configuration.fetchedAt, nowMs)],
      ['next fetch', formatTimeAndAge(configuration.nextFetchAt, nowMs)],
      ['fetch problem', configuration.problem],
      ['clock', clockText(peer.clockDifferenceMs)],
      ...peer.pins
        .filter(({ removedAt }) => removedAt === undefined)
        .map(({ kid, source }) => ['pin', `${kid} (${source})`] as const),
    ]),
  );
  context.out('');
  context.out(
    renderTable(
      ['KEY', 'PURPOSE', 'ALG', 'STATUS', 'LAST SEEN'],
      peer.keys.map(({ kid, purpose, alg, status, lastSeenAt }) => [
        kid,
        purpose,
        alg,
        status,
        formatAge(lastSeenAt, nowMs) ?? '',
      ]),
    ),
  );
}

function queueText({ queued, nextAttemptAt }: PeerDetails['traffic'], nowMs: number): string {
  if (queued === 0) return 'empty';
  const next = formatAge(nextAttemptAt, nowMs);
  return `${queued} waiting${next === undefined ? '' : `, the next one due ${next}`}`;
}

function breakerText({ breaker, nextProbeAt }: PeerDetails['traffic'], nowMs: number): string {
  const next = formatAge(nextProbeAt, nowMs);
  return breaker === 'closed' || next === undefined ? breaker : `${breaker}, asked again ${next}`;
}
