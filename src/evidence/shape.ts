import type { EvidenceRow } from './store.ts';

/** A signed record as the institution API shows it: what it attests, who signed it and when, and the JWS, which proves it to anybody. */
export function evidenceShape(row: EvidenceRow) {
  return { event: row.event, issuer: row.issuer, at: row.eventAt.toISOString(), jws: row.jws };
}

/** All that this node holds to prove one exchange. */
export function chainShape(chain: { envelope?: string | null | undefined; records: readonly EvidenceRow[] }) {
  return { envelope: chain.envelope ?? null, records: chain.records.map(evidenceShape) };
}
