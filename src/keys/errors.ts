/**
 * permissions   a file or the directory is open to group or others, or belongs to another account
 * unreadable    it is there and can't be read: not a file, a symbolic link, an I/O error
 * unwritable    the directory can't be made or written to
 * malformed     it can be read and holds no key
 * curve         a key, but not Ed25519 or P-256 (for the log: not Ed25519)
 * mismatch      a key, but not the one its name says
 * incomplete    some keys are there and others, which belong to every node, aren't
 * too_many      more key files than a node can have come by
 * unknown       no such key here
 * ambiguous     the purpose has several keys and none was named
 * in_use        the last key of its purpose, or the KEK that new uploads take, can't be destroyed
 */
export type KeyStoreErrorCode =
  | 'keys.permissions'
  | 'keys.unreadable'
  | 'keys.unwritable'
  | 'keys.malformed'
  | 'keys.curve'
  | 'keys.mismatch'
  | 'keys.incomplete'
  | 'keys.too_many'
  | 'keys.unknown'
  | 'keys.ambiguous'
  | 'keys.in_use';

/**
 * What an operator has to act on; `hint` says how. Neither ever holds key material, nor does a `cause`: what a
 * parser says of a key file may quote it.
 */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError';
  readonly code: KeyStoreErrorCode;
  readonly hint: string;

  constructor(code: KeyStoreErrorCode, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
