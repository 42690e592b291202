export { type ReportProblemCode, reportProblems } from './errors.ts';
export { reportRoutes } from './routes.ts';
export { createReports, type Reciprocity, type RelationshipReport, type Reports } from './service.ts';
