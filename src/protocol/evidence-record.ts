import type { EntityId } from './ids.ts';
import { parseJws, signJws, verifyJws } from './jose/jws.ts';
import type { Signer, VerificationKey } from './jose/keys.ts';
import type { EvidenceEvent } from './schemas/evidence.ts';
import { findSchemaProblem } from './schemas/validators.ts';

export const EVIDENCE_TYP = 'ivx-evidence+jwt';
export const EVIDENCE_MAX_BYTES = 4096;

/** What a node attests, signed by its exchange key. Nothing personal, no content digest, no title. */
export type EvidenceClaims = {
  iss: EntityId;
  /** The record's own id, UUIDv7. */
  jti: string;
  /** When the event happened, Unix seconds. */
  iat: number;
  event: EvidenceEvent;
  peer?: EntityId;
  env?: { jti: string; iss: EntityId; sha256?: string; manifest?: string };
  /** SHA-256 of the counterpart's record this one answers. */
  cites?: string;
  sub?: string;
  reason?: string;
  erds?: string;
  subject?: string;
  inc: number;
  nonce: string;
};

/** Signs a record. Throws a TypeError when the claims break the schema: a record once signed is kept for ever. */
export function signEvidence(claims: EvidenceClaims, signer: Signer): Promise<string> {
  const problem = findSchemaProblem('evidence', claims);
  if (problem !== undefined) throw new TypeError(`evidence ${problem.pointer} ${problem.message}`);
  return signJws(claims, EVIDENCE_TYP, signer);
}

export type EvidenceRefusal =
  | 'evidence.malformed'
  | 'evidence.signature'
  | 'evidence.invalid'
  | 'evidence.key_unknown';

export async function verifyEvidence(
  token: string,
  findKey: (kid: string) => VerificationKey | undefined,
): Promise<{ ok: true; claims: EvidenceClaims } | { ok: false; reason: EvidenceRefusal }> {
  const parsed = parseJws(token, { typ: EVIDENCE_TYP, maxBytes: EVIDENCE_MAX_BYTES });
  if (!parsed.ok) return { ok: false, reason: 'evidence.malformed' };
  const key = findKey(parsed.jws.header.kid);
  if (key === undefined) return { ok: false, reason: 'evidence.key_unknown' };
  if (!(await verifyJws(parsed.jws, key)).ok) return { ok: false, reason: 'evidence.signature' };
  if (findSchemaProblem('evidence', parsed.jws.claims) !== undefined) {
    return { ok: false, reason: 'evidence.invalid' };
  }
  return { ok: true, claims: parsed.jws.claims as unknown as EvidenceClaims };
}
