export { createPushHandler, createPushOutcome } from './push.ts';
export { createDocumentService, type DocumentService } from './service.ts';
