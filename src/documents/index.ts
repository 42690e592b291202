export { documentProblems } from './errors.ts';
export { createPushHandler } from './push.ts';
export { documentRoutes } from './routes.ts';
export { createDocumentService, type DocumentService } from './service.ts';
export { createVault, type Vault } from './vault.ts';
export { vaultProblems } from './vault-errors.ts';
export { vaultRoutes } from './vault-routes.ts';
