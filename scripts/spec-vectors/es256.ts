import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { normalizeLowS } from '../../src/protocol/jose/signature.ts';

/** By what was signed. `node scripts/spec-vectors.ts --sign` adds what is missing. */
const FILE = new URL('es256-signatures.json', import.meta.url);
const stored: Record<string, string> = JSON.parse(readFileSync(FILE, 'utf8'));
const mayGrow = process.argv.includes('--sign');

/** P1363, low S. */
export function storedSignature(privateKey: KeyObject, input: string): Buffer {
  const data = Buffer.from(input);
  const found = stored[input];
  const publicKey = createPublicKey(privateKey);
  if (found !== undefined) {
    const signature = Buffer.from(found, 'base64url');
    if (verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)) return signature;
  }
  if (!mayGrow) throw new Error(`no ES256 signature is stored over ${input}: run with --sign`);
  const signature = normalizeLowS(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
  stored[input] = signature.toString('base64url');
  writeFileSync(FILE, `${JSON.stringify(stored, null, 2)}\n`);
  return signature;
}
