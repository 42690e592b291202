import type { EntityId, ExchangeId, LinkId } from './ids.ts';
import { type ParsedJws, parseJws, signJws, verifyJws } from './jose/jws.ts';
import type { Signer, VerificationKey } from './jose/keys.ts';
import type { VerifySignature } from './jose/signature.ts';
import type { RefusalCode } from './refusal.ts';
import { ENVELOPE_MAX_BYTES } from './schemas/definitions.ts';
import { findSchemaProblem } from './schemas/validators.ts';
import { checkTimeShape } from './time.ts';

/** The `typ` of an envelope (RFC 7515 section 4.1.9). */
export const ENVELOPE_TYP = 'ivx-envelope+jwt';

/** Routing claims only: envelopes travel in a header, and headers get logged. Times are Unix seconds. */
export type EnvelopeClaims = {
  iss: EntityId;
  aud: EntityId;
  jti: ExchangeId;
  iat: number;
  /** End of the delivery window. */
  exp: number;
  act: string;
  sub?: LinkId;
  /** Identity of the agreement version the exchange stands under. */
  agr?: string;
  manifest: { sha256: string; size: number };
  content?: { size: number };
  /** SHA-256 of the sender's SubmissionAcceptance. */
  ev?: string;
  /** The sender's incarnation: Unix second of its first start or last restore. */
  inc: number;
};

type Refused = { ok: false; reason: RefusalCode; detail?: string };

/**
 * Syntax alone: a compact JWS of this profile that names an issuer. Nothing in it is true yet; the issuer only says
 * whose keys to try.
 */
export function parseEnvelope(token: string): { ok: true; jws: ParsedJws; iss: string } | Refused {
  const parsed = parseJws(token, { typ: ENVELOPE_TYP, maxBytes: ENVELOPE_MAX_BYTES });
  if (!parsed.ok) {
    switch (parsed.reason) {
      case 'jws.too_large':
        return { ok: false, reason: 'envelope.too_large' };
      case 'jws.typ':
        return { ok: false, reason: 'envelope.type' };
      case 'jws.alg':
        return { ok: false, reason: 'signature.algorithm' };
      default:
        return { ok: false, reason: 'envelope.malformed', detail: parsed.reason };
    }
  }
  const iss = parsed.jws.claims['iss'];
  if (typeof iss !== 'string') return { ok: false, reason: 'envelope.invalid', detail: '/iss' };
  return { ok: true, jws: parsed.jws, iss };
}

/** The signature, under a key the caller found for the issuer, then the profile: schema and lifetime. */
export async function verifyEnvelope(
  jws: ParsedJws,
  key: VerificationKey,
  verify?: VerifySignature,
): Promise<{ ok: true; claims: EnvelopeClaims } | Refused> {
  const verified = await verifyJws(jws, key, verify);
  if (!verified.ok) {
    return {
      ok: false,
      reason: verified.reason === 'jws.alg' ? 'signature.algorithm' : 'signature.invalid',
    };
  }
  const problem = findSchemaProblem('envelope', jws.claims);
  if (problem !== undefined) return { ok: false, reason: 'envelope.invalid', detail: problem.pointer };
  const claims = jws.claims as unknown as EnvelopeClaims;
  if (!checkTimeShape(claims).ok) return { ok: false, reason: 'time.lifetime' };
  return { ok: true, claims };
}

/** Signs an envelope. Throws a RangeError past 4 KiB, which only a caller's mistake can reach. */
export async function signEnvelope(claims: EnvelopeClaims, signer: Signer): Promise<string> {
  const token = await signJws(claims, ENVELOPE_TYP, signer);
  if (token.length > ENVELOPE_MAX_BYTES) throw new RangeError(`an envelope of ${token.length} bytes`);
  return token;
}
