import { join } from 'node:path';
import type { SignatureAlg } from '../protocol/jose/keys.ts';
import { KeyStoreError } from './errors.ts';
import { listFiles, readPrivateFile, removeFile, writeNewPrivateFile } from './key-files.ts';
import { type NewKey, newKek, newSigningKey, parseFileName } from './key-material.ts';
import { KEY_PURPOSES } from './key-store.ts';

/**
 * The keys every node has, made when it first starts; several replicas may do so at once, on one directory, and any of
 * them may be killed on the way.
 *
 * Each that finds the directory empty prepares a whole set and tries to put it down as one file, FIRST_SET, under which
 * only one can appear. All then copy from it the purposes that are still without a key, and the last step removes it.
 *
 * A replica that was slow between looking and putting down may do so after the set of another has been copied and
 * removed. Its set does no harm: whoever reads it looks for missing purposes only *afterwards*, finds none, and
 * removes it. For the same reason a directory that is complete needs no FIRST_SET, whichever it is.
 */
const FIRST_SET = 'first-start.json';

/** Empty, then a set, then complete: a directory that shows more changes than that is being emptied by someone. */
const MAX_LOOKS = 5;

type FirstSet = Record<string, string>;

export type FirstStartOptions = { directory: string; alg: SignatureAlg; nowMs: number };

/**
 * Returns the names of the files that this call made: none from the second start on. Throws `keys.incomplete` where a
 * purpose has lost its keys: a new one in its place would be another node's, or open nothing that lies at rest.
 */
export function ensureKeys(options: FirstStartOptions): string[] {
  const { directory } = options;
  for (let look = 0; look < MAX_LOOKS; look++) {
    const missing = missingPurposes(directory);
    if (missing.length === 0) {
      removeFile(directory, FIRST_SET);
      return [];
    }
    const set = readFirstSet(directory);
    if (set !== undefined) return copyMissing(directory, set);
    if (missing.length === purposes().length) {
      writeNewPrivateFile(directory, FIRST_SET, JSON.stringify(newFirstSet(options)));
    } else {
      // A part was there and no set: either the set was copied whole since the first look, or keys are lost.
      const stillMissing = missingPurposes(directory);
      if (stillMissing.length > 0) throw incomplete(directory, stillMissing);
    }
  }
  throw incomplete(directory, missingPurposes(directory));
}

function copyMissing(directory: string, set: FirstSet): string[] {
  const created: string[] = [];
  const missing = new Set<string>(missingPurposes(directory));
  for (const [fileName, text] of Object.entries(set)) {
    const purpose = parseFileName(fileName)?.purpose;
    if (purpose === undefined || !missing.has(purpose)) continue;
    if (writeNewPrivateFile(directory, fileName, text)) created.push(fileName);
  }
  const stillMissing = missingPurposes(directory);
  if (stillMissing.length > 0) throw incomplete(directory, stillMissing);
  removeFile(directory, FIRST_SET);
  return created;
}

function purposes(): string[] {
  return [...KEY_PURPOSES, 'kek'];
}

function missingPurposes(directory: string): string[] {
  const present = new Set<string | undefined>();
  for (const fileName of listFiles(directory)) present.add(parseFileName(fileName)?.purpose);
  return purposes().filter((purpose) => !present.has(purpose));
}

function newFirstSet({ alg, nowMs }: FirstStartOptions): FirstSet {
  const keys: NewKey[] = KEY_PURPOSES.map((purpose) => newSigningKey(purpose, alg));
  keys.push(newKek(nowMs, undefined));
  return Object.fromEntries(keys.map(({ fileName, text }) => [fileName, text]));
}

function readFirstSet(directory: string): FirstSet | undefined {
  const text = readPrivateFile(directory, FIRST_SET);
  if (text === undefined) return undefined;
  const set = parseFirstSet(text);
  if (set === undefined) {
    const hint =
      'It was written by a first start that did not end. Without keys beside it, it can be removed.';
    throw new KeyStoreError('keys.malformed', `${join(directory, FIRST_SET)} is damaged`, hint);
  }
  return set;
}

function parseFirstSet(text: string): FirstSet | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const set: FirstSet = {};
  for (const [fileName, key] of Object.entries(parsed)) {
    if (parseFileName(fileName) === undefined || typeof key !== 'string') return undefined;
    set[fileName] = key;
  }
  return set;
}

function incomplete(directory: string, missing: string[]): KeyStoreError {
  const hint =
    'Restore the missing files from a backup. Only a directory without any key is taken for a first start.';
  return new KeyStoreError('keys.incomplete', `${directory} holds no key for: ${missing.join(', ')}`, hint);
}
