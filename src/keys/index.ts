export { KeyStoreError, type KeyStoreErrorCode } from './errors.ts';
export { createFileKeyStore, type FileKeyStore, type FileKeyStoreOptions } from './file-key-store.ts';
export {
  KEY_PURPOSES,
  type KeyDescription,
  type KeyPurpose,
  type KeyStore,
  type MaybePromise,
  type UnwrapResult,
  type WrappedKey,
} from './key-store.ts';
export { createVerifier, type Verifier } from './verifier.ts';
