import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { createFileKeyStore, type KeyStore, KeyStoreError } from '../../keys/index.ts';
import { type Finding, failed, ok, skipped } from './finding.ts';

const SHOWN_FINGERPRINT = 16;

/** The key files: there, readable, closed to others. Makes none: that is for a first start. */
export async function checkKeys(config: Config): Promise<{ finding: Finding; keys?: KeyStore }> {
  const check = 'keys';
  const directory = path.join(config.dataDir, 'keys');
  const names = await readdir(directory).catch(() => []);
  if (names.length === 0) {
    return { finding: skipped(check, `none in ${directory} yet`, 'the first start makes them') };
  }
  try {
    const keys = createFileKeyStore({ directory, clock: systemClock });
    const fingerprint = keys.fingerprint().slice(0, SHOWN_FINGERPRINT);
    const detail = `${keys.describe().length} in ${directory}, closed to others, fingerprint ${fingerprint}`;
    return { finding: ok(check, detail), keys };
  } catch (error) {
    if (error instanceof KeyStoreError) return { finding: failed(check, error.message, error.hint) };
    throw error;
  }
}
