import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createFileKeyStore, type FileKeyStoreOptions, KeyStoreError } from '../../src/keys/index.ts';

export const START_MS = 1_772_359_200_000;

export function freshDirectory(t: Test): string {
  const parent = mkdtempSync(join(tmpdir(), 'keys-'));
  t.teardown(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'keys');
}

export function open(directory: string, options: Partial<FileKeyStoreOptions> = {}) {
  return createFileKeyStore({ directory, clock: { nowMs: () => START_MS }, ...options });
}

/** The KeyStoreError that `work` throws or rejects with; undefined where it does neither. */
export async function refusal(work: () => unknown): Promise<KeyStoreError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof KeyStoreError) return error;
    throw error;
  }
}
