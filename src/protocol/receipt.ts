import type { EntityId } from './ids.ts';
import { type ParsedJws, parseJws, signJws, verifyJws } from './jose/jws.ts';
import type { Signer, VerificationKey } from './jose/keys.ts';
import type { VerifySignature } from './jose/signature.ts';
import { REFUSALS, type RefusalCode } from './refusal.ts';
import { findSchemaProblem } from './schemas/validators.ts';

export const RECEIPT_TYP = 'ivx-receipt+jwt';
export const RECEIPT_MEDIA_TYPE = 'application/ivx-receipt+jwt';
export const RECEIPT_MAX_BYTES = 4096;

/** The evidence record of RelayAcceptance or RelayRejection (ETSI EN 319 522), issued by the recipient. */
export type ReceiptClaims = {
  iss: EntityId;
  aud: EntityId;
  /** The receipt's own id, UUIDv7. */
  jti: string;
  iat: number;
  env: { jti: string; iss: EntityId; sha256: string };
  event: 'RelayAcceptance' | 'RelayRejection';
  reason?: string;
  erds?: string;
  outcome?: 'placed' | 'deferred';
  nextEligibleAt?: string;
  inc: number;
  /** 128 random bits, so that the record's hash tells nothing of it. */
  nonce: string;
};

export function signReceipt(claims: ReceiptClaims, signer: Signer): Promise<string> {
  return signJws(claims, RECEIPT_TYP, signer);
}

/** The members of a rejection: our code, and ETSI's reason where one fits. */
export function rejectionReason(code: RefusalCode): { reason: RefusalCode; erds?: string } {
  const { erds }: { erds?: string } = REFUSALS[code];
  return erds === undefined ? { reason: code } : { reason: code, erds };
}

export type ReceiptRefusal =
  | 'receipt.malformed'
  | 'receipt.signature'
  | 'receipt.invalid'
  | 'receipt.mismatch'
  | 'receipt.key_unknown';

/** The receipt's syntax; `kid` says under which key to verify. */
export function parseReceipt(
  token: string,
): { ok: true; jws: ParsedJws } | { ok: false; reason: ReceiptRefusal } {
  const parsed = parseJws(token, { typ: RECEIPT_TYP, maxBytes: RECEIPT_MAX_BYTES });
  return parsed.ok ? { ok: true, jws: parsed.jws } : { ok: false, reason: 'receipt.malformed' };
}

/**
 * Whether a receipt is the answer of `expected.iss` to exactly this envelope. Its time is not judged: a replayed
 * receipt is as old as the decision.
 */
export async function verifyReceipt(
  jws: ParsedJws,
  key: VerificationKey,
  expected: { iss: string; aud: string; jti: string; envelopeSha256: string },
  verify?: VerifySignature,
): Promise<{ ok: true; claims: ReceiptClaims } | { ok: false; reason: ReceiptRefusal }> {
  if (!(await verifyJws(jws, key, verify)).ok) return { ok: false, reason: 'receipt.signature' };
  if (findSchemaProblem('receipt', jws.claims) !== undefined) return { ok: false, reason: 'receipt.invalid' };
  const claims = jws.claims as unknown as ReceiptClaims;
  const matches =
    claims.iss === expected.iss &&
    claims.aud === expected.aud &&
    claims.env.iss === expected.aud &&
    claims.env.jti === expected.jti &&
    claims.env.sha256 === expected.envelopeSha256;
  return matches ? { ok: true, claims } : { ok: false, reason: 'receipt.mismatch' };
}
