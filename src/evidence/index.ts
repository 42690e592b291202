export { createEvidence, type Evidence, type EvidenceDraft, type Identity } from './service.ts';
export { chainShape, evidenceShape } from './shape.ts';
export type { EvidenceRow } from './store.ts';
