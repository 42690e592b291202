import { readFileSync } from 'node:fs';
import { importPublicJwk, type VerificationKey } from '../../src/protocol/jose/keys.ts';

/** A committed file of vectors: the tests read what implementers read, never what writes it. */
export function readVectors<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`../../spec/vectors/${name}.json`, import.meta.url), 'utf8'));
}

export function keyOf(jwk: unknown): VerificationKey {
  const imported = importPublicJwk(jwk);
  if (!imported.ok) throw new Error(`a vector has a wrong key: ${imported.reason}`);
  return imported.key;
}
