import type { EvidenceDraft } from '../evidence/index.ts';
import { ENVELOPE_TYP } from '../protocol/envelope.ts';
import type { EntityId } from '../protocol/ids.ts';
import { parseJws } from '../protocol/jose/jws.ts';
import { ENVELOPE_MAX_BYTES } from '../protocol/schemas/definitions.ts';

/** What a record about an exchange cites: its envelope, and the sender's SubmissionAcceptance that the envelope names. */
export function citing(exchange: {
  iss: string;
  jti: string;
  envSha256: Buffer;
  envelope: string | null;
}): Pick<EvidenceDraft, 'env' | 'cites'> {
  const env = {
    jti: exchange.jti,
    iss: exchange.iss as EntityId,
    sha256: exchange.envSha256.toString('base64url'),
  };
  if (exchange.envelope === null) return { env };
  const parsed = parseJws(exchange.envelope, { typ: ENVELOPE_TYP, maxBytes: ENVELOPE_MAX_BYTES });
  const ev = parsed.ok ? parsed.jws.claims['ev'] : undefined;
  return typeof ev === 'string' ? { env, cites: ev } : { env };
}
