import { type CliContext, runCli } from '../../src/cli/index.ts';
import { writeNodeFile } from '../../src/cli/node-file.ts';
import { loadConfig } from '../../src/config.ts';
import { ACCESS, INSTITUTION_ROLES, isAllowed } from '../../src/http/access.ts';
import { issueNodeToken } from '../../src/http/index.ts';
import type { TestNode } from './node.ts';

/** Lets commands find a node on its data directory, as `start` does. */
export async function announceNode({ url, config }: TestNode): Promise<void> {
  await writeNodeFile(config.dataDir, { url, managementUrl: url, pid: process.pid, entityId: url });
}

/** One command, as the program runs it, in this process; commands sign their own token. */
export async function runCommand(
  node: TestNode,
  argv: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const say = (stream: keyof typeof said) => (text: string) => {
    said[stream] += `${text}\n`;
  };
  const context = {
    out: say('stdout'),
    err: say('stderr'),
    loadConfig: () => loadConfig(node.env),
    issueToken: issueNodeToken,
    roleFor: async (ids: readonly string[]) =>
      INSTITUTION_ROLES.find((role) => ids.every((id) => isAllowed(ACCESS, id, role))) ?? 'none',
  } as unknown as CliContext;
  return { code: await runCli(argv, context), ...said };
}
