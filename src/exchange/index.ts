export type { PreviewedExchange } from './accept.ts';
export type {
  ActHandler,
  AgreementBooks,
  AgreementGate,
  AgreementRuling,
  AgreementView,
  InboundItem,
  LinkGate,
  LinkView,
  OutcomeListener,
  SettledItem,
  Verdict,
} from './acts.ts';
export type { PeerAnswer } from './answer.ts';
export type { BodyStore } from './bodies/body-store.ts';
export { createPostgresBodyStore } from './bodies/postgres-store.ts';
export type { BodyReader, OpenBody } from './bodies/reader.ts';
export { BodyDamaged } from './bodies/reader.ts';
export { createKekRotation, type KekRotation } from './bodies/rewrap.ts';
export type { SealedContent, Sealer } from './bodies/sealer.ts';
export { createTypeCheck } from './intake.ts';
export { kekRoutes } from './kek-routes.ts';
export { type OutboundDraft, type OutboundExchanges, type Saying, saltedManifest } from './outbound.ts';
export type { NoAnswer, PeerCalls } from './peer-call.ts';
export { createPeerNotices, type PeerNotices } from './peer-notice.ts';
export { exchangeRoutes } from './routes.ts';
export { createExchangeService, type ExchangeService, type FullProof, type Proof } from './service.ts';
export { isUndecided } from './settle.ts';
