import { Argument, type Command } from 'commander';
import { addNodeOptions, connectNode, type NodeOptions } from './connect.ts';
import type { CliContext } from './context.ts';
import { formatTime, renderTable } from './output.ts';

type OwnKey = {
  kid: string;
  purpose: string;
  alg: string;
  state: string;
  publishedAt?: string;
  activatedAt?: string;
  retiringAt?: string;
  endedAt?: string;
  endedReason?: string;
};

type KekEpoch = { id: string; state: string; createdAt: string; replacedAt?: string; destroyedAt?: string };

export function addKeys(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('the keys this node signs with');

  addNodeOptions(keys.command('list').description('all keys this node ever had, and what state they are in'))
    .addHelpText(
      'after',
      `
Examples:
  intervault keys list
  intervault keys list --json | jq '.keys[] | select(.state == "active")'

States: pending (published, does not sign yet), active (signs), retiring (signs no more, still verifies),
        historical, revoked.`,
    )
    .action(async (options: NodeOptions) => {
      const { api } = await connectNode(context, options, ['listKeys', 'listKekEpochs']);
      const [{ keys }, { epochs }] = await Promise.all([
        api.get<{ keys: OwnKey[] }>('/v1/keys'),
        api.get<{ epochs: KekEpoch[] }>('/v1/keys/kek'),
      ]);
      if (options.json === true) {
        context.out(JSON.stringify({ keys, epochs }));
        return;
      }
      context.out(keyTable(keys));
      context.out('');
      context.out(kekTable(epochs));
    });

  addNodeOptions(
    keys
      .command('rotate')
      .description('publish a successor, which signs once every peer has had time to fetch it'),
  )
    .addArgument(
      new Argument('[purpose]', 'which key').choices(['exchange', 'federation', 'kek']).default('exchange'),
    )
    .addHelpText(
      'after',
      `
Examples:
  intervault keys rotate
  intervault keys rotate federation
  intervault keys rotate kek

No exchange fails meanwhile: the new key is published first, signs after INTERVAULT_KEY_PUBLISH_S, and the old
one still verifies until nothing that it signed can be on its way any more.`,
    )
    .action(async (purpose: string, options: NodeOptions) => {
      if (purpose === 'kek') return rotateKek(context, options);
      const { api } = await connectNode(context, options, ['rotateKey']);
      const made = await api.post<OwnKey>('/v1/keys/rotate', { purpose });
      tell(context, options, made, 'published; `intervault keys list` shows when it signs');
    });

  addNodeOptions(
    keys
      .command('retire')
      .description('end a pending or retiring key before its time')
      .argument('<kid>', 'the thumbprint of the key'),
  )
    .addHelpText('after', '\nExamples:\n  intervault keys retire 0Iv3…')
    .action(async (kid: string, options: NodeOptions) => {
      const { api } = await connectNode(context, options, ['retireKey']);
      tell(context, options, await api.post<OwnKey>(`/v1/keys/${encodeURIComponent(kid)}/retire`));
    });

  addNodeOptions(
    keys
      .command('revoke')
      .description('disown a key that may be in other hands, at once')
      .argument('<kid>', 'the thumbprint of the key')
      .requiredOption('--reason <text>', 'why'),
  )
    .addHelpText(
      'after',
      `
Examples:
  intervault keys revoke 0Iv3… --reason "the backup disk was stolen"

Everything signed with it and not yet received is refused from now on; what was received stays proven.`,
    )
    .action(async (kid: string, options: NodeOptions & { reason: string }) => {
      const { api } = await connectNode(context, options, ['revokeKey']);
      const { reason } = options;
      tell(
        context,
        options,
        await api.post<OwnKey>(`/v1/keys/${encodeURIComponent(kid)}/revoke`, { reason }),
      );
    });
}

function tell(context: CliContext, options: NodeOptions, key: OwnKey, next?: string): void {
  if (options.json === true) {
    context.out(JSON.stringify(key));
    return;
  }
  context.out(keyTable([key]));
  if (next !== undefined) context.err(next);
}

async function rotateKek(context: CliContext, options: NodeOptions): Promise<void> {
  const { api } = await connectNode(context, options, ['rotateKek']);
  const rotated = await api.post<{ current: string; epochs: KekEpoch[] }>('/v1/keys/kek/rotate');
  if (options.json === true) {
    context.out(JSON.stringify(rotated));
    return;
  }
  context.out(kekTable(rotated.epochs));
  context.err('new documents take the new key at once; what lies here is wrapped anew in the background');
}

function kekTable(epochs: readonly KekEpoch[]): string {
  return renderTable(
    ['KEY-ENCRYPTION KEY', 'STATE', 'SINCE'],
    epochs.map(({ id, state, createdAt, replacedAt, destroyedAt }) => [
      id,
      state,
      formatTime(destroyedAt ?? replacedAt ?? createdAt) ?? '',
    ]),
  );
}

function keyTable(keys: readonly OwnKey[]): string {
  return renderTable(
    ['KEY', 'PURPOSE', 'ALG', 'STATE', 'SINCE', 'WHY'],
    keys.map((key) => [
      key.kid,
      key.purpose,
      key.alg,
      key.state,
      formatTime(key.endedAt ?? key.retiringAt ?? key.activatedAt ?? key.publishedAt) ?? '',
      key.endedReason ?? '',
    ]),
  );
}
