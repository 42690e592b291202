import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Where a running node of this data directory listens: written at its start, for the commands beside it. */
export type NodeFile = { url: string; managementUrl: string; pid: number; entityId: string };

const NAME = 'node.json';

export async function writeNodeFile(dataDir: string, content: NodeFile): Promise<void> {
  const target = path.join(dataDir, NAME);
  const fresh = `${target}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(fresh, target);
}

export async function readNodeFile(dataDir: string): Promise<NodeFile | undefined> {
  try {
    return JSON.parse(await readFile(path.join(dataDir, NAME), 'utf8')) as NodeFile;
  } catch {
    return undefined;
  }
}

export async function removeNodeFile(dataDir: string): Promise<void> {
  await rm(path.join(dataDir, NAME), { force: true });
}
