import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { SignatureAlg } from '../protocol/jose/keys.ts';
import { unwrapKey, WRAP_NONCE_BYTES, wrapKey } from '../protocol/sealing.ts';
import { randomBytesOf } from '../random.ts';
import { KeyStoreError } from './errors.ts';
import { ensureKeys } from './first-start.ts';
import {
  checkDirectory,
  destroyPrivateFile,
  listFiles,
  prepareDirectory,
  readPrivateFile,
  removeLeftovers,
  writeNewPrivateFile,
} from './key-files.ts';
import {
  describeKey,
  fileNameOf,
  fingerprintOf,
  isKeyId,
  type Kek,
  type KeyMaterial,
  type KeyName,
  type NewKey,
  newKek,
  newSigningKey,
  parseFileName,
  parseKey,
  type SigningKey,
} from './key-material.ts';
import { KEY_PURPOSES, type KeyDescription, type KeyPurpose, type KeyStore } from './key-store.ts';

export const MAX_KEY_FILES = 1000;

export type FileKeyStoreOptions = {
  /** `<data directory>/keys`; made where it is missing. Replicas share it. */
  directory: string;
  clock: Clock;
  /** What new signing keys are, the log's aside: that one is always Ed25519. Default EdDSA. */
  alg?: SignatureAlg;
};

/** Wraps and unwraps at once, without a promise. */
export type FileKeyStore = KeyStore & {
  /** Paths of the files that opening the store made: all of them on a first start, none later. */
  readonly created: readonly string[];
};

/** By file name; at least one key of each purpose. */
type Keyring = Map<string, KeyMaterial>;

/**
 * The node's keys as files, one a key: PKCS#8 PEM for those that sign, 32 bytes in base64url for a KEK. Read once, here
 * and on `reload`; a key of another replica is read when it is first named. Throws KeyStoreError.
 */
export function createFileKeyStore(options: FileKeyStoreOptions): FileKeyStore {
  const { directory, clock, alg = 'EdDSA' } = options;
  prepareDirectory(directory);
  removeLeftovers(directory, clock.nowMs());
  const created = ensureKeys({ directory, alg, nowMs: clock.nowMs() });
  let keyring = readKeyring(directory);
  let currentKekId = newestKekId(keyring);

  function adopt(fileName: string, material: KeyMaterial): void {
    keyring.set(fileName, material);
    currentKekId = newestKekId(keyring);
  }

  function refresh(): void {
    checkDirectory(directory);
    keyring = readKeyring(directory);
    currentKekId = newestKekId(keyring);
  }

  function find(name: KeyName): KeyMaterial | undefined {
    const fileName = fileNameOf(name);
    const held = keyring.get(fileName);
    if (held !== undefined || !isKeyId(name)) return held;
    const found = readKey(directory, fileName, name);
    if (found !== undefined) adopt(fileName, found);
    return found;
  }

  function findKek(kekId: string): Kek | undefined {
    const found = find({ purpose: 'kek', id: kekId });
    return found?.purpose === 'kek' ? found : undefined;
  }

  function ofPurpose(purpose: KeyPurpose): SigningKey[] {
    return [...keyring.values()]
      .filter((material) => material.purpose !== 'kek')
      .filter((key) => key.purpose === purpose)
      .sort((a, b) => (a.kid < b.kid ? -1 : 1));
  }

  function add({ name, fileName, text }: NewKey): string {
    const material = parseKey(name, text, join(directory, fileName));
    if (!writeNewPrivateFile(directory, fileName, text)) {
      throw new KeyStoreError(
        'keys.unwritable',
        `${join(directory, fileName)} is there already`,
        'Try again.',
      );
    }
    adopt(fileName, material);
    return name.id;
  }

  function remove(name: KeyName): void {
    if (!isKeyId(name)) return;
    destroyPrivateFile(directory, fileNameOf(name));
    keyring.delete(fileNameOf(name));
  }

  function describe(): KeyDescription[] {
    return [...keyring.values()]
      .map(describeKey)
      .sort((a, b) => rank(a.purpose) - rank(b.purpose) || (a.id < b.id ? -1 : 1));
  }

  return {
    created: created.map((fileName) => join(directory, fileName)),

    signer(purpose, kid) {
      if (kid !== undefined) {
        const found = find({ purpose, id: kid });
        if (found === undefined || found.purpose === 'kek') throw unknownKey(directory, purpose, kid);
        return found.signer;
      }
      const [only, another] = ofPurpose(purpose);
      if (only === undefined) throw unknownKey(directory, purpose, 'any');
      if (another === undefined) return only.signer;
      throw new KeyStoreError('keys.ambiguous', `There are several ${purpose} keys`, 'Name one by its kid.');
    },
    publicKeys: (purpose) => ofPurpose(purpose).map(({ publicKey }) => publicKey),
    generate: async (purpose) => add(newSigningKey(purpose, alg)),
    async destroy(purpose, kid) {
      refresh();
      const others = ofPurpose(purpose).filter((key) => key.kid !== kid);
      if (others.length === 0) throw inUse(`${kid} is the only ${purpose} key`);
      remove({ purpose, id: kid });
    },

    currentKekId: () => currentKekId,
    wrap(uploadId, key, kekId = currentKekId) {
      const kek = findKek(kekId);
      if (kek === undefined) throw unknownKey(directory, 'kek', kekId);
      const nonce = randomBytesOf(WRAP_NONCE_BYTES);
      return { kekId, wrapped: wrapKey({ kek: kek.key, kekId, uploadId, key, nonce }) };
    },
    unwrap(kekId, uploadId, wrapped) {
      const kek = findKek(kekId);
      if (kek === undefined) return { ok: false, reason: 'keys.kek_unknown' };
      const key = unwrapKey({ kek: kek.key, kekId, uploadId, wrapped });
      return key === undefined ? { ok: false, reason: 'keys.unwrap_failed' } : { ok: true, key };
    },
    generateKek: async () => add(newKek(clock.nowMs(), currentKekId)),
    async destroyKek(kekId) {
      refresh();
      if (kekId === currentKekId) throw inUse(`${kekId} is the current KEK`);
      remove({ purpose: 'kek', id: kekId });
    },

    describe,
    fingerprint: () => fingerprintOf(describe()),
    reload: async () => refresh(),
  };
}

const ALL_PURPOSES = [...KEY_PURPOSES, 'kek'] as const;

function rank(purpose: KeyPurpose | 'kek'): number {
  return ALL_PURPOSES.indexOf(purpose);
}

function newestKekId(keyring: Keyring): string {
  let newest = '';
  for (const material of keyring.values()) {
    if (material.purpose === 'kek' && material.id > newest) newest = material.id;
  }
  return newest;
}

function readKeyring(directory: string): Keyring {
  const keyring: Keyring = new Map();
  for (const fileName of listFiles(directory)) {
    const name = parseFileName(fileName);
    if (name === undefined) continue;
    if (keyring.size === MAX_KEY_FILES) {
      const hint = 'Move what this node did not make elsewhere, and retire old keys.';
      throw new KeyStoreError('keys.too_many', `${directory} holds more than ${MAX_KEY_FILES} keys`, hint);
    }
    const material = readKey(directory, fileName, name);
    if (material !== undefined) keyring.set(fileName, material);
  }
  const held = new Set([...keyring.values()].map(({ purpose }) => purpose));
  const missing = ALL_PURPOSES.filter((purpose) => !held.has(purpose));
  if (missing.length > 0) {
    const hint = 'Restore the missing files from a backup; is the right volume mounted?';
    throw new KeyStoreError('keys.incomplete', `${directory} holds no key for: ${missing.join(', ')}`, hint);
  }
  return keyring;
}

/** Undefined where another replica has destroyed it meanwhile. */
function readKey(directory: string, fileName: string, name: KeyName): KeyMaterial | undefined {
  const text = readPrivateFile(directory, fileName);
  return text === undefined ? undefined : parseKey(name, text, join(directory, fileName));
}

function unknownKey(directory: string, purpose: string, id: string): KeyStoreError {
  const hint = `Compare 'intervault keys list' with the files; a key that another replica made must lie there too.`;
  return new KeyStoreError('keys.unknown', `${directory} holds no ${purpose} key ${id}`, hint);
}

function inUse(message: string): KeyStoreError {
  return new KeyStoreError('keys.in_use', message, 'Make its successor first.');
}
