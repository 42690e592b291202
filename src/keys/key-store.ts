import type { Signer, VerificationKey } from '../protocol/jose/keys.ts';

/** What a node signs with, never mixed: entity statements; envelopes, receipts, evidence; checkpoints; API tokens. */
export const KEY_PURPOSES = ['federation', 'exchange', 'log', 'token'] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

export type MaybePromise<T> = T | Promise<T>;

export type WrappedKey = {
  kekId: string;
  /** As the store's own format has it: 60 bytes from files, up to some hundreds from a KMS. */
  wrapped: Buffer;
};

export type UnwrapResult =
  | { ok: true; key: Buffer }
  /** `kek_unknown`: destroyed, or never here. `unwrap_failed`: damaged, or wrapped for another upload. */
  | { ok: false; reason: 'keys.kek_unknown' | 'keys.unwrap_failed' };

/** What may be shown of a key. `createdAtMs` is known of KEKs only. */
export type KeyDescription = {
  purpose: KeyPurpose | 'kek';
  /** A signing key's RFC 7638 thumbprint; a KEK's own id. */
  id: string;
  /** Tells one KEK from another without telling anything of it; a signing key's thumbprint. */
  fingerprint: string;
  alg: 'EdDSA' | 'ES256' | 'A256GCM';
  createdAtMs?: number;
};

/**
 * Holds a node's keys and works with them; no key ever leaves through it, so that an HSM (PKCS#11) or a cloud KMS can
 * stand behind it: signing, wrapping and unwrapping may answer with a promise.
 *
 * It holds material, not states: which exchange key signs now and which ones retire is in the database, which
 * names them by `kid`. Every replica of a node works on the same keys: one that was made by another replica is found
 * when it is first named, one destroyed there is forgotten on `reload`.
 *
 * Throws and rejects with KeyStoreError.
 */
export type KeyStore = {
  /** Without a `kid`, the only key of the purpose (`keys.ambiguous` where there are several). `keys.unknown`. */
  signer(purpose: KeyPurpose, kid?: string): Signer;
  /** All keys of a purpose, sorted by kid, each with its public JWK. */
  publicKeys(purpose: KeyPurpose): VerificationKey[];
  /** Makes a key, durable before it resolves; the kid. */
  generate(purpose: KeyPurpose): Promise<string>;
  /** Twice is once. `keys.in_use` for the last key of its purpose. */
  destroy(purpose: KeyPurpose, kid: string): Promise<void>;

  /** The newest KEK: what `wrap` takes unless told otherwise. */
  currentKekId(): string;
  /** Wraps an upload's key of 32 bytes for this upload (a UUID) and no other. `keys.unknown`. */
  wrap(uploadId: string, key: Uint8Array, kekId?: string): MaybePromise<WrappedKey>;
  unwrap(kekId: string, uploadId: string, wrapped: Uint8Array): MaybePromise<UnwrapResult>;
  /** Makes a KEK, durable before it resolves, and newest from then on; its id. */
  generateKek(): Promise<string>;
  /**
   * Ends what is wrapped under it, for good. Twice is once. `keys.in_use` for the current one. A replica that hasn't
   * reloaded since its successor was made may still wrap under it: the caller looks first that nothing is left.
   */
  destroyKek(kekId: string): Promise<void>;

  /** Everything held, for people: by purpose, then id. */
  describe(): KeyDescription[];
  /**
   * SHA-256 (hex) over what `describe` shows of all keys. Equal in replicas that hold the same keys; it changes with
   * each key made or destroyed.
   */
  fingerprint(): string;
  /** Takes note of what other replicas made and destroyed. Where that fails the store goes on with what it has. */
  reload(): Promise<void>;
};
