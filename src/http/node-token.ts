import path from 'node:path';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { createFileKeyStore } from '../keys/index.ts';
import { isRole } from './access.ts';
import { type IssuedToken, issueToken, NODE_TOKEN_ISSUER } from './token.ts';

/** Signs an access token with the token key in the data directory; the node need not run. */
export function issueNodeToken(
  config: Config,
  request: { role: string; subject: string; ttlS: number },
): Promise<IssuedToken> {
  const { role } = request;
  if (!isRole(role)) throw new RangeError(`no role is called ${role}`);
  const keys = createFileKeyStore({ directory: path.join(config.dataDir, 'keys'), clock: systemClock });
  return issueToken(keys.signer('token'), {
    ...request,
    role,
    issuer: config.publicUrl ?? NODE_TOKEN_ISSUER,
    nowS: systemClock.nowMs() / 1000,
  });
}
