export {
  ACCESS,
  type AccessTable,
  INSTITUTION_ROLES,
  type InstitutionRole,
  ROLES,
  type Role,
} from './access.ts';
export { buildHttpApp, JSON_BODY_MAX_BYTES } from './app.ts';
export { type Auth, type AuthOptions, createAuth } from './auth.ts';
export { logTry } from './delivery-log.ts';
export { closeWithin, createDrain } from './drain.ts';
export { registerInstitutionApi } from './institution-api.ts';
export { createIssuerKeys } from './issuer-keys.ts';
export { listen, readTls } from './listen.ts';
export { createLogger } from './logger.ts';
export { createManagement } from './management.ts';
export { createMetrics } from './metrics.ts';
export { nodeAuthOptions } from './node-auth.ts';
export { nodeProblemOf, nodeProblems } from './node-problems.ts';
export { nodeRoutes } from './node-routes.ts';
export { createSessionOpener, issueNodeToken } from './node-token.ts';
export { observeNode } from './observe-node.ts';
export { loadContract } from './openapi.ts';
export { createTokenLimit, installFederationLimits } from './rate-limit.ts';
export { createReadiness } from './readiness.ts';
export { createRoomMetrics } from './room-metrics.ts';
export { type IssuedToken, issueToken, NODE_TOKEN_ISSUER, type Principal } from './token.ts';
export { createTokenBuckets } from './token-buckets.ts';
export { webModuleRoutes } from './web-module.ts';
