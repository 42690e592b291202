import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { KeyStoreError } from './errors.ts';

/**
 * Files that only the node's own account may read. A file appears under its name whole and durable, or not at all,
 * and is never replaced: two processes that write the same name agree on one content.
 *
 * Synchronous: a handful of small files, read at start and written when a key is made.
 */
export const KEY_FILE_MAX_BYTES = 16_384;

const NEW_PREFIX = '.new-';
const OLD_PREFIX = '.old-';
const LEFTOVER_AGE_MS = 3_600_000;
const OPEN_TO_OTHERS = 0o077;

/** Makes the directory (0700) where there is none, and refuses one that others may enter. */
export function prepareDirectory(directory: string): void {
  try {
    if (mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined) {
      syncDirectory(dirname(directory));
    }
  } catch (error) {
    throw unwritable(directory, error);
  }
  checkDirectory(directory);
}

export function checkDirectory(directory: string): void {
  let stats: Stats;
  try {
    stats = lstatSync(directory);
  } catch (error) {
    throw unreadable(directory, error);
  }
  if (!stats.isDirectory()) {
    throw new KeyStoreError('keys.unreadable', `${directory} is not a directory`, 'Move it out of the way.');
  }
  refuseOthers(directory, stats, '700');
}

export function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    throw unreadable(directory, error);
  }
}

/** The file's text; undefined where there is no such file. Checks what it opened, not what the name says later. */
export function readPrivateFile(directory: string, name: string): string | undefined {
  const path = join(directory, name);
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) {
      throw new KeyStoreError('keys.unreadable', `${path} is not a file`, 'Move it out of the way.');
    }
    refuseOthers(path, stats, '600');
    if (stats.size > KEY_FILE_MAX_BYTES) {
      throw new KeyStoreError(
        'keys.malformed',
        `${path} has ${stats.size} bytes, more than any key`,
        'Restore it.',
      );
    }
    const bytes = Buffer.alloc(stats.size);
    const readBytes = readSync(descriptor, bytes, 0, stats.size, 0);
    return bytes.toString('utf8', 0, readBytes);
  } catch (error) {
    throw error instanceof KeyStoreError ? error : unreadable(path, error);
  } finally {
    closeSync(descriptor);
  }
}

/** True where this call made the file, false where the name was taken; durable either way once it returns. */
export function writeNewPrivateFile(directory: string, name: string, text: string): boolean {
  const temporary = join(directory, NEW_PREFIX + randomBytes(8).toString('hex'));
  try {
    writeDurably(temporary, constants.O_CREAT | constants.O_EXCL, Buffer.from(text));
    let made = true;
    try {
      linkSync(temporary, join(directory, name));
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      made = false;
    }
    unlinkSync(temporary);
    syncDirectory(directory);
    return made;
  } catch (error) {
    removeQuietly(temporary);
    throw unwritable(directory, error);
  }
}

/**
 * Removes a file, its bytes overwritten first: as much as a file system lets one do. Copy-on-write storage, flash and
 * backups may keep the old bytes longer. Twice is once.
 */
export function destroyPrivateFile(directory: string, name: string): void {
  const doomed = join(directory, OLD_PREFIX + randomBytes(8).toString('hex'));
  try {
    // Out of its name first: a crash between overwriting and removing must not leave a broken key under it.
    renameSync(join(directory, name), doomed);
    writeDurably(doomed, 0, randomBytes(Math.min(statSync(doomed).size, KEY_FILE_MAX_BYTES)));
    unlinkSync(doomed);
    syncDirectory(directory);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw unwritable(directory, error);
  }
}

export function removeFile(directory: string, name: string): void {
  try {
    unlinkSync(join(directory, name));
    syncDirectory(directory);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw unwritable(directory, error);
  }
}

/** Removes what a process that was killed while writing has left: such a file holds a key that nobody uses. */
export function removeLeftovers(directory: string, nowMs: number): void {
  for (const name of listFiles(directory)) {
    if (!name.startsWith(NEW_PREFIX) && !name.startsWith(OLD_PREFIX)) continue;
    const stats = lstatSync(join(directory, name), { throwIfNoEntry: false });
    if (stats && nowMs - stats.mtimeMs > LEFTOVER_AGE_MS) removeQuietly(join(directory, name));
  }
}

function writeDurably(path: string, flags: number, bytes: Uint8Array): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | flags, 0o600);
  try {
    let written = 0;
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw unwritable(dirname(path), error);
  }
}

/** Judged by mode and owner, not by whether this process may read it: root may read everything. */
function refuseOthers(path: string, stats: Stats, wantedMode: string): void {
  if ((stats.mode & OPEN_TO_OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(3, '0');
    throw new KeyStoreError(
      'keys.permissions',
      `${path} has mode ${mode}: others than the node's own account may use it`,
      `Run: chmod ${wantedMode} '${path}'. If others could read it, treat its keys as known to them.`,
    );
  }
  const accountId = process.geteuid?.();
  if (accountId !== undefined && stats.uid !== accountId) {
    throw new KeyStoreError(
      'keys.permissions',
      `${path} belongs to account ${stats.uid}, the node runs as ${accountId}`,
      `Run the node as ${stats.uid}, or: chown ${accountId} '${path}'.`,
    );
  }
}

function unreadable(path: string, error: unknown): KeyStoreError {
  const code = errorCode(error);
  if (code === 'ELOOP') {
    return new KeyStoreError(
      'keys.unreadable',
      `${path} is a symbolic link`,
      'Put the file itself in its place.',
    );
  }
  const hint = `Check the file, its directory and the disk (${code}); otherwise restore it from a backup.`;
  return new KeyStoreError('keys.unreadable', `${path} can't be read: ${code}`, hint);
}

function unwritable(directory: string, error: unknown): KeyStoreError {
  if (error instanceof KeyStoreError) return error;
  const code = errorCode(error);
  const hint = `The node's account needs to write there, on a file system with hard links and space left (${code}).`;
  return new KeyStoreError('keys.unwritable', `${directory} can't be written to: ${code}`, hint);
}

function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown error';
}
