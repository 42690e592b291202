export { customerRoutes } from './customer-routes.ts';
export type { SlotDeps } from './deps.ts';
export { replyRoutes } from './dialogue/routes.ts';
export { type SlotProblemCode, slotProblems } from './errors.ts';
export { slotEvidenceRoutes } from './evidence-routes.ts';
export { slotFederationRoutes } from './federation-routes.ts';
export { slotRoutes } from './routes.ts';
export { createSlotService, type SlotService } from './service.ts';
