import {
  createHash,
  createHmac,
  createPrivateKey,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import {
  createSigner,
  exportPublicJwk,
  generateSigningKey,
  importPublicJwk,
  type SignatureAlg,
  type Signer,
  type VerificationKey,
} from '../protocol/jose/keys.ts';
import { normalizeLowS, verifySignature } from '../protocol/jose/signature.ts';
import { SEALING_KEY_BYTES } from '../protocol/sealing.ts';
import { KeyStoreError } from './errors.ts';
import { KEY_PURPOSES, type KeyDescription, type KeyPurpose } from './key-store.ts';

/** Which key a file holds, as its name says: `exchange-<thumbprint>.pem`, `kek-<id>.key`. */
export type KeyName = { purpose: KeyPurpose | 'kek'; id: string };

export type SigningKey = { purpose: KeyPurpose; kid: string; signer: Signer; publicKey: VerificationKey };
export type Kek = { purpose: 'kek'; id: string; key: KeyObject; fingerprint: string };
export type KeyMaterial = SigningKey | Kek;

export type NewKey = { name: KeyName; fileName: string; text: string };

const FILE_NAME = /^(federation|exchange|log|token|kek)-(.+)\.(pem|key)$/;
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;
/** The millisecond it was made in and 32 random bits, so that the newest sorts last. */
const KEK_ID = /^\d{13}-[0-9a-f]{8}$/;
const KEK_TEXT = /^[A-Za-z0-9_-]{43}\n?$/;
const PEM_START = '-----BEGIN PRIVATE KEY-----\n';
const PROBE = Buffer.from('intervault key self-test');

export function fileNameOf({ purpose, id }: KeyName): string {
  return purpose === 'kek' ? `kek-${id}.key` : `${purpose}-${id}.pem`;
}

export function isKeyId({ purpose, id }: KeyName): boolean {
  return (purpose === 'kek' ? KEK_ID : THUMBPRINT).test(id);
}

/** Undefined for a file that is none of ours; throws `keys.malformed` where one looks like a key and has no key's id. */
export function parseFileName(fileName: string): KeyName | undefined {
  const [, purpose, id, extension] = FILE_NAME.exec(fileName) ?? [];
  if (purpose === undefined || id === undefined) return undefined;
  const name: KeyName = { purpose: KEY_PURPOSES.find((known) => known === purpose) ?? 'kek', id };
  if (extension !== (name.purpose === 'kek' ? 'key' : 'pem')) return undefined;
  if (!isKeyId(name)) {
    const hint = 'Give the file the name it had when the node made it, or move it elsewhere.';
    throw new KeyStoreError('keys.malformed', `${fileName} is named like a key and names none`, hint);
  }
  return name;
}

export function newSigningKey(purpose: KeyPurpose, alg: SignatureAlg): NewKey {
  // Checkpoints are signed with Ed25519 only (C2SP signed-note).
  const { privateKey, kid } = generateSigningKey(purpose === 'log' ? 'EdDSA' : alg);
  const name = { purpose, id: kid };
  return {
    name,
    fileName: fileNameOf(name),
    text: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** Newer than `newestId` even where the clock has gone back, since the newest is what new uploads take. */
export function newKek(nowMs: number, newestId: string | undefined): NewKey {
  const createdAtMs = Math.max(nowMs, newestId === undefined ? 0 : kekCreatedAtMs(newestId) + 1);
  const id = `${String(createdAtMs).padStart(13, '0')}-${randomBytes(4).toString('hex')}`;
  const name = { purpose: 'kek', id } as const;
  return {
    name,
    fileName: fileNameOf(name),
    text: `${randomBytes(SEALING_KEY_BYTES).toString('base64url')}\n`,
  };
}

/** `path` is for messages only. Throws `keys.malformed`, `keys.curve` or `keys.mismatch`. */
export function parseKey(name: KeyName, text: string, path: string): KeyMaterial {
  return name.purpose === 'kek'
    ? parseKek(name.id, text, path)
    : parseSigningKey(name.purpose, name.id, text, path);
}

export function describeKey(material: KeyMaterial): KeyDescription {
  if (material.purpose === 'kek') {
    const { id, fingerprint } = material;
    return { purpose: 'kek', id, fingerprint, alg: 'A256GCM', createdAtMs: kekCreatedAtMs(id) };
  }
  const { purpose, kid } = material;
  return { purpose, id: kid, fingerprint: kid, alg: material.publicKey.alg };
}

export function fingerprintOf(descriptions: KeyDescription[]): string {
  const lines = descriptions.map(({ purpose, id, fingerprint }) => `${purpose} ${id} ${fingerprint}\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}

function kekCreatedAtMs(kekId: string): number {
  return Number(kekId.slice(0, 13));
}

function parseSigningKey(purpose: KeyPurpose, kid: string, text: string, path: string): SigningKey {
  const privateKey = parsePem(text, path);
  const { asymmetricKeyType, asymmetricKeyDetails } = privateKey;
  const isEd25519 = asymmetricKeyType === 'ed25519';
  const isP256 = asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (!isEd25519 && !(isP256 && purpose !== 'log')) {
    const found = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? 'unknown';
    const wanted = purpose === 'log' ? 'an Ed25519 key' : 'an Ed25519 or P-256 key';
    throw new KeyStoreError('keys.curve', `${path} holds a key of type ${found}`, `It must be ${wanted}.`);
  }
  const signer = createSigner(privateKey);
  const imported = importPublicJwk(exportPublicJwk(privateKey));
  if (!imported.ok || !signsFor(signer, imported.key)) throw malformed(path);
  if (signer.kid !== kid) {
    const hint = 'Two files were mixed up, or one was renamed: restore it from a backup.';
    throw new KeyStoreError('keys.mismatch', `${path} holds the key ${signer.kid}`, hint);
  }
  return { purpose, kid, signer, publicKey: imported.key };
}

/** An EC key file states its public half beside the private one: damaged, it would sign what nobody can verify. */
function signsFor(signer: Signer, publicKey: VerificationKey): boolean {
  const signature = signer.sign(PROBE);
  if (!(signature instanceof Uint8Array)) return false;
  const canonical = signer.alg === 'ES256' ? normalizeLowS(signature) : Buffer.from(signature);
  return verifySignature(publicKey.alg, publicKey.key, PROBE, canonical);
}

function parsePem(text: string, path: string): KeyObject {
  if (!text.startsWith(PEM_START)) throw malformed(path);
  try {
    return createPrivateKey(text);
  } catch {
    throw malformed(path);
  }
}

function parseKek(id: string, text: string, path: string): Kek {
  const bytes = Buffer.from(text.trimEnd(), 'base64url');
  if (!KEK_TEXT.test(text) || bytes.toString('base64url') !== text.trimEnd()) throw malformed(path);
  const key = createSecretKey(bytes);
  const fingerprint = createHmac('sha256', bytes).update('intervault/kek-fingerprint/1').digest('hex');
  return { purpose: 'kek', id, key, fingerprint: fingerprint.slice(0, 32) };
}

function malformed(path: string): KeyStoreError {
  const hint = 'The file is damaged or was edited: restore it from a backup.';
  return new KeyStoreError('keys.malformed', `${path} holds no usable key`, hint);
}
