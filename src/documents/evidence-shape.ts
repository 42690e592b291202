import type { EvidenceRow } from '../evidence/index.ts';

/** A signed record: what it attests, who signed it and when, and the JWS itself, which proves it to anybody. */
export function evidenceShape(row: EvidenceRow) {
  return { event: row.event, issuer: row.issuer, at: row.eventAt.toISOString(), jws: row.jws };
}
