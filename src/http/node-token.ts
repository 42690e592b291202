import path from 'node:path';
import type { OpenedSession } from '../api-access.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { createFileKeyStore, type KeyStore } from '../keys/index.ts';
import { isInstitutionRole } from './access.ts';
import { type IssuedToken, issueSession, issueToken, NODE_TOKEN_ISSUER } from './token.ts';

/** Signs an access token with the token key in the data directory; the node need not run. */
export function issueNodeToken(
  config: Config,
  request: { role: string; subject: string; ttlS: number },
): Promise<IssuedToken> {
  const { role } = request;
  if (!isInstitutionRole(role)) throw new RangeError(`no role is called ${role}`);
  const keys = createFileKeyStore({ directory: path.join(config.dataDir, 'keys'), clock: systemClock });
  return issueToken(keys.signer('token'), {
    ...request,
    role,
    issuer: config.publicUrl ?? NODE_TOKEN_ISSUER,
    nowS: systemClock.nowMs() / 1000,
  });
}

/** Opens sessions of customers with the token key of a node that runs. */
export function createSessionOpener(
  config: Pick<Config, 'publicUrl'>,
  deps: { keys: Pick<KeyStore, 'signer'>; clock: Clock },
): (asked: { customer: string; origins: readonly string[]; ttlS: number }) => Promise<OpenedSession> {
  return async (asked) => {
    const issuer = config.publicUrl ?? NODE_TOKEN_ISSUER;
    const nowS = deps.clock.nowMs() / 1000;
    const { token, expiresAtS } = await issueSession(deps.keys.signer('token'), { ...asked, issuer, nowS });
    return { token, expiresAt: new Date(expiresAtS * 1000) };
  };
}
