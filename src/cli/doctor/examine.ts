import type { Config } from '../../config.ts';
import { connectNode } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { checkDatabase } from './database.ts';
import { type Finding, failed, messageOf, skipped } from './finding.ts';
import { checkCertificate, checkDisk, checkNode } from './host.ts';
import { checkKeys } from './keys.ts';
import { checkPeers } from './peers.ts';
import { checkPublicUrl } from './public-url.ts';

/** Looks at everything that can be seen from here, side by side. */
export async function examine(context: CliContext, config: Config): Promise<Finding[]> {
  const nowMs = Date.now();
  const [node, { finding: keysFinding, keys }, disk, certificate] = await Promise.all([
    checkNode(config),
    checkKeys(config),
    checkDisk(config),
    checkCertificate(config, nowMs),
  ]);
  const [database, publicUrl, peers] = await Promise.all([
    checkDatabase(config, context.migrationsDir, keys),
    checkPublicUrl(config, keys, nowMs),
    node.up ? examinePeers(context, nowMs) : [skipped('peers', 'only a running node knows how they are')],
  ]);
  return [...node.findings, keysFinding, ...database, disk, certificate, publicUrl, ...peers];
}

async function examinePeers(context: CliContext, nowMs: number): Promise<Finding[]> {
  try {
    const { api } = await connectNode(context, {}, ['listPeers', 'getPeer']);
    return await checkPeers(api, nowMs);
  } catch (error) {
    return [failed('peers', `the node does not tell: ${messageOf(error)}`, 'the log of the node says more')];
  }
}
