export type { ProposeAgreement, TerminateAgreement } from './changes.ts';
export { type AgreementProblemCode, agreementProblems } from './errors.ts';
export { createAgreementGate } from './gate-store.ts';
export { agreementRoutes } from './routes.ts';
export { type AgreementService, createAgreementService } from './service.ts';
export type { AgreementDetails, AgreementSummary, Standing } from './shapes.ts';
export { AGREEMENT_ACTS } from './speak.ts';
