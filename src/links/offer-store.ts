import type { Database, Tx } from '../db/index.ts';
import type { ConsentRecord } from '../protocol/consent-record.ts';
import type { EntityId, LinkId } from '../protocol/ids.ts';
import type { LinkScopesByHost } from '../protocol/link-scopes.ts';

/** A link this institution started, until it is complete or over. */
export type Offer = {
  linkId: LinkId;
  peer: EntityId;
  customerId: string;
  /** The institution's reference of the customer who started it. */
  customer: string;
  sessionSha256: Buffer;
  tokenSha256: Buffer;
  scopes: LinkScopesByHost;
  consent: ConsentRecord;
  state: 'open' | 'redeemed' | 'completed' | 'refused' | 'lapsed' | 'expired';
  codeSha256: Buffer | null;
  wrongCodes: number;
  expiresAt: Date;
  redeemedAt: Date | null;
};

export async function insertOffer(
  tx: Tx,
  offer: Omit<Offer, 'customer' | 'state' | 'codeSha256' | 'wrongCodes' | 'redeemedAt'> & { at: Date },
): Promise<void> {
  await tx.client.query(
    `insert into link_offers (link_id, peer, customer_id, session_sha256, token_sha256, scopes, consent, state,
       created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)`,
    [
      offer.linkId,
      offer.peer,
      offer.customerId,
      offer.sessionSha256,
      offer.tokenSha256,
      JSON.stringify(offer.scopes),
      JSON.stringify(offer.consent),
      offer.at,
      offer.expiresAt,
    ],
  );
}

/** Customers of offers, without a lock: only to know which to lock. */
export async function readOfferCustomers(tx: Tx, linkIds: readonly string[]): Promise<string[]> {
  const { rows } = await tx.client.query<{ customer_id: string }>(
    'select customer_id from link_offers where link_id = any($1::uuid[])',
    [linkIds],
  );
  return rows.map((row) => row.customer_id);
}

/** Offers by link id. Whoever goes on to write holds their customers' locks. */
export async function readOffers(
  client: Tx['client'],
  linkIds: readonly string[],
): Promise<Map<string, Offer>> {
  const { rows } = await client.query(
    `select o.*, c.reference from link_offers o join customers c on c.id = o.customer_id
     where o.link_id = any($1::uuid[])`,
    [linkIds],
  );
  return new Map(
    rows.map((row): [string, Offer] => [
      row.link_id,
      {
        linkId: row.link_id,
        peer: row.peer,
        customerId: row.customer_id,
        customer: row.reference,
        sessionSha256: row.session_sha256,
        tokenSha256: row.token_sha256,
        scopes: row.scopes,
        consent: JSON.parse(row.consent) as ConsentRecord,
        state: row.state,
        codeSha256: row.code_sha256,
        wrongCodes: row.wrong_codes,
        expiresAt: row.expires_at,
        redeemedAt: row.redeemed_at,
      },
    ]),
  );
}

export async function redeemOffer(
  tx: Tx,
  linkId: string,
  redeemed: { at: Date; codeSha256: Buffer },
): Promise<void> {
  await tx.client.query(
    `update link_offers set state = 'redeemed', redeemed_at = $2, code_sha256 = $3 where link_id = $1`,
    [linkId, redeemed.at, redeemed.codeSha256],
  );
}

export async function endOffer(
  tx: Tx,
  linkId: string,
  end: { state: 'completed' | 'refused' | 'lapsed' | 'expired'; at: Date },
): Promise<void> {
  await tx.client.query('update link_offers set state = $2, ended_at = $3 where link_id = $1', [
    linkId,
    end.state,
    end.at,
  ]);
}

export async function countWrongCode(tx: Tx, linkId: string): Promise<number> {
  const { rows } = await tx.client.query<{ wrong_codes: number }>(
    'update link_offers set wrong_codes = wrong_codes + 1 where link_id = $1 returning wrong_codes',
    [linkId],
  );
  return rows[0]?.wrong_codes ?? 0;
}

/** Offers nobody redeemed in time, and offers redeemed but not completed in time. */
export async function readOverdueOffers(
  db: Database,
  times: { expiryGraceMs: number; completionTimeoutMs: number },
  limit: number,
): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query<{ link_id: string }>(
      `(select link_id from link_offers
          where state = 'open' and expires_at < now() - $1 * interval '1 millisecond' limit $3)
       union all
       (select link_id from link_offers
          where state = 'redeemed' and redeemed_at < now() - $2 * interval '1 millisecond' limit $3)`,
      [times.expiryGraceMs, times.completionTimeoutMs, limit],
    ),
  );
  return rows.map((row) => row.link_id);
}

/** Forgets attempts that ended this long ago. */
export async function removeEndedOffers(db: Database, keptMs: number): Promise<void> {
  await db.transact((tx) =>
    tx.client.query(`delete from link_offers where ended_at < now() - $1 * interval '1 millisecond'`, [
      keptMs,
    ]),
  );
}
