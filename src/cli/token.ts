import type { Command } from 'commander';
import { type CliContext, CliError, EXIT, requireConfig } from './context.ts';

const UNITS_S: Record<string, number> = { s: 1, m: 60, h: 3600 };

export function addToken(program: Command, context: CliContext): void {
  const token = program.command('token').description('access tokens of the institution API');
  token
    .command('create')
    .description('issue a token signed by this node')
    .requiredOption('--role <role>', 'what its bearer may do: operator, integrator, vault or auditor')
    .option('--ttl <duration>', 'how long it is valid, at most 24h', '1h')
    .option('--subject <name>', 'who it is for; appears in journals', 'cli')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  intervault token create --role integrator --ttl 8h --subject billing
  TOKEN=$(intervault token create --role operator)

Run it where the node's data directory is: it signs with the token key kept there.`,
    )
    .action(async (options: { role: string; ttl: string; subject: string; json?: boolean }) => {
      const issued = await createToken(context, options);
      if (options.json === true) context.out(JSON.stringify(issued));
      else context.out(issued.token);
    });
}

/** Issues a token with the token key in the data directory. */
export async function createToken(
  context: CliContext,
  options: { role: string; ttl: string; subject: string },
): Promise<{ token: string; expiresAt: string; role: string }> {
  const roles = await context.roles();
  if (!roles.includes(options.role)) {
    throw new CliError('usage.role', `no role is called ${options.role}`, {
      hint: `one of ${roles.join(', ')}`,
      exitCode: EXIT.usage,
    });
  }
  const issued = await context.issueToken(requireConfig(context), {
    role: options.role,
    subject: options.subject,
    ttlS: parseDuration(options.ttl),
  });
  return {
    token: issued.token,
    expiresAt: new Date(issued.expiresAtS * 1000).toISOString(),
    role: options.role,
  };
}

function parseDuration(text: string): number {
  const match = /^(\d{1,6})(s|m|h)$/.exec(text);
  const seconds = match === null ? Number.NaN : Number(match[1]) * (UNITS_S[match[2] as string] as number);
  if (!(seconds >= 1 && seconds <= 86_400)) {
    throw new CliError('usage.ttl', `${text} is not a lifetime`, {
      hint: 'such as 30m or 8h, at most 24h',
      exitCode: EXIT.usage,
    });
  }
  return seconds;
}
