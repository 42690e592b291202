export { createLinkGate } from './gate-store.ts';
