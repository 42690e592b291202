import { insertRows, type Reader, type Tx } from '../db/index.ts';

/** A signed record as it is kept: never updated, never deleted. */
export type EvidenceRow = {
  exchangeJti: string | null;
  exchangeIss: string | null;
  event: string;
  issuer: string;
  eventAt: Date;
  jws: string;
};

export async function insertEvidence(tx: Tx, rows: readonly EvidenceRow[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'evidence_records',
      columns: ['exchange_jti', 'exchange_iss', 'event', 'issuer', 'event_at', 'jws'],
    },
    rows.map((row) => [row.exchangeJti, row.exchangeIss, row.event, row.issuer, row.eventAt, row.jws]),
  );
}

/** The records of one exchange, in the order they were stored. */
export async function readChain(
  reader: Reader,
  exchange: { iss: string; jti: string },
): Promise<EvidenceRow[]> {
  const rows = await reader
    .selectFrom('evidence_records')
    .selectAll()
    .where('exchange_jti', '=', exchange.jti)
    .where('exchange_iss', '=', exchange.iss)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    exchangeJti: row.exchange_jti,
    exchangeIss: row.exchange_iss,
    event: row.event,
    issuer: row.issuer,
    eventAt: row.event_at,
    jws: row.jws,
  }));
}
