export { documentProblems } from './errors.ts';
export { createPushHandler, createPushOutcome } from './push.ts';
export { documentRoutes } from './routes.ts';
export { createDocumentService, type DocumentService } from './service.ts';
