export type { Contact } from './contacts.ts';
export type { RecordEvidence, RegistryConfig, RegistryDeps, RegistryLog } from './deps.ts';
export {
  NodeIdentityError,
  type NodeIdentityErrorCode,
  type RegistryProblemCode,
  registryProblems,
} from './errors.ts';
export { isAllowedAddress } from './fetch/address.ts';
export type { Lookup } from './fetch/guarded-connect.ts';
export { createGuardedFetch, type FetchResult, type GuardedFetch } from './fetch/guarded-fetch.ts';
export { keyRoutes } from './key-routes.ts';
export type { KnownKey, PeerView } from './memory.ts';
export { readNotices, storeNotice } from './notice-store.ts';
export type { OwnConfiguration } from './own-configuration.ts';
export { findMissingKeys } from './own-keys/open-node.ts';
export type { OwnKeyService, RotatingPurpose } from './own-keys/service.ts';
export type { OwnKey, OwnKeyState } from './own-keys/store.ts';
export { peerRoutes } from './peer-routes.ts';
export type { PeerDetails, PeerKeyShape, PeerPreview, PeerSummary, PinShape } from './peer-shapes.ts';
export { createRegistry, type Registry } from './registry.ts';
export { registryFederationRoutes } from './routes.ts';
export type { PeerService } from './service.ts';
export type { LockedPeer, PeerState } from './store.ts';
