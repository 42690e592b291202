import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { KeyStore } from '../keys/index.ts';
import { ACCESS } from './access.ts';
import type { AuthOptions } from './auth.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { NODE_TOKEN_ISSUER } from './token.ts';

/** Whose tokens are believed: this node's own, and one identity provider's where it is configured. */
export function nodeAuthOptions(
  config: Config,
  deps: { keys: KeyStore; clock: Clock; logger: Logger },
): Omit<AuthOptions, 'onAuthenticated'> {
  const { keys, clock, logger } = deps;
  const { tokenIssuer: issuer, tokenJwksUrl: jwksUrl, tokenAudience: audience } = config;
  const onUnavailable = (error: unknown) =>
    logger.warn({ err: error }, 'the keys of the token issuer cannot be fetched');
  return {
    nodeId: config.publicUrl ?? NODE_TOKEN_ISSUER,
    findNodeKey: (kid) => keys.publicKeys('token').find((key) => key.kid === kid)?.key,
    external:
      issuer === undefined || jwksUrl === undefined
        ? undefined
        : { issuer, audience, keys: createIssuerKeys({ jwksUrl, clock, onUnavailable }) },
    access: ACCESS,
    clock,
  };
}
