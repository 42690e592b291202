import type { Database, Tx } from '../db/index.ts';
import type { EntityId, LinkId } from '../protocol/ids.ts';

/** A link that a peer started, at the institution whose customer is asked. */
export type Redemption = {
  linkId: LinkId;
  peer: EntityId;
  tokenSha256: Buffer;
  /** Before the customer answered: shown, declined, expired. After they agreed: pending until the peer's receipt. */
  state: 'shown' | 'declined' | 'expired' | 'pending' | 'accepted' | 'refused';
  reason: string | null;
  customerId: string | null;
  sessionSha256: Buffer | null;
  returnUrl: string | null;
  jti: string | null;
  rev: number | null;
  /** What the completion code is derived from. */
  wrapped: { kekId: string; key: Buffer } | undefined;
  expiresAt: Date;
};

/** @returns whether this is the first time the token was shown here. */
export async function insertShown(
  tx: Tx,
  shown: { linkId: string; peer: string; tokenSha256: Buffer; at: Date; expiresAt: Date },
): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into link_redemptions (link_id, peer, token_sha256, state, created_at, expires_at)
     values ($1, $2, $3, 'shown', $4, $5) on conflict (link_id) do nothing`,
    [shown.linkId, shown.peer, shown.tokenSha256, shown.at, shown.expiresAt],
  );
  return rowCount === 1;
}

/** The row itself is the lock: two redemptions of one token wait for each other. */
export async function lockRedemption(tx: Tx, linkId: string): Promise<Redemption | undefined> {
  const { rows } = await tx.client.query('select * from link_redemptions where link_id = $1 for update', [
    linkId,
  ]);
  return rows[0] === undefined ? undefined : redemptionOf(rows[0]);
}

export async function readRedemption(db: Database, linkId: string): Promise<Redemption | undefined> {
  const { rows } = await db.withClient((client) =>
    client.query('select * from link_redemptions where link_id = $1', [linkId]),
  );
  return rows[0] === undefined ? undefined : redemptionOf(rows[0]);
}

export async function readRedemptionState(tx: Tx, linkId: string): Promise<Redemption['state'] | undefined> {
  const { rows } = await tx.client.query<{ state: Redemption['state'] }>(
    'select state from link_redemptions where link_id = $1',
    [linkId],
  );
  return rows[0]?.state;
}

/** Redemptions by the exchange that carries them. */
export async function readRedemptionsByExchange(tx: Tx, jtis: readonly string[]): Promise<Redemption[]> {
  const { rows } = await tx.client.query('select * from link_redemptions where jti = any($1::uuid[])', [
    jtis,
  ]);
  return rows.map(redemptionOf);
}

function redemptionOf(row: {
  link_id: LinkId;
  peer: EntityId;
  token_sha256: Buffer;
  state: Redemption['state'];
  reason: string | null;
  customer_id: string | null;
  session_sha256: Buffer | null;
  return_url: string | null;
  jti: string | null;
  rev: number | null;
  kek_id: string | null;
  wrapped_code_key: Buffer | null;
  expires_at: Date;
}): Redemption {
  return {
    linkId: row.link_id,
    peer: row.peer,
    tokenSha256: row.token_sha256,
    state: row.state,
    reason: row.reason,
    customerId: row.customer_id,
    sessionSha256: row.session_sha256,
    returnUrl: row.return_url,
    jti: row.jti,
    rev: row.rev,
    wrapped:
      row.kek_id === null || row.wrapped_code_key === null
        ? undefined
        : { kekId: row.kek_id, key: row.wrapped_code_key },
    expiresAt: row.expires_at,
  };
}

export async function redeem(
  tx: Tx,
  linkId: string,
  redeemed: {
    customerId: string;
    sessionSha256: Buffer;
    returnUrl: string;
    jti: string;
    rev: number;
    wrapped: { kekId: string; key: Buffer };
  },
): Promise<void> {
  await tx.client.query(
    `update link_redemptions set state = 'pending', customer_id = $2, session_sha256 = $3, return_url = $4,
       jti = $5, rev = $6, kek_id = $7, wrapped_code_key = $8
     where link_id = $1`,
    [
      linkId,
      redeemed.customerId,
      redeemed.sessionSha256,
      redeemed.returnUrl,
      redeemed.jti,
      redeemed.rev,
      redeemed.wrapped.kekId,
      redeemed.wrapped.key,
    ],
  );
}

export async function decideRedemption(
  tx: Tx,
  linkId: string,
  decision: { state: 'declined' | 'expired' | 'accepted' | 'refused'; reason: string | null; at: Date },
): Promise<void> {
  await tx.client.query(
    'update link_redemptions set state = $2, reason = $3, decided_at = $4 where link_id = $1',
    [linkId, decision.state, decision.reason, decision.at],
  );
}

/** The code has served, or never will. */
export async function forgetCodes(tx: Tx, linkIds: readonly string[]): Promise<void> {
  await tx.client.query(
    `update link_redemptions set kek_id = null, wrapped_code_key = null, session_sha256 = null, return_url = null
     where link_id = any($1::uuid[]) and wrapped_code_key is not null`,
    [linkIds],
  );
}

/** Tokens that were shown and neither agreed to nor declined in time. */
export async function readOverdueShown(db: Database, limit: number): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query<{ link_id: string }>(
      `select link_id from link_redemptions where state = 'shown' and expires_at < now() limit $1`,
      [limit],
    ),
  );
  return rows.map((row) => row.link_id);
}

/** Codes that can complete nothing any more: their token ran out this long ago. */
export async function readOverdueCodes(db: Database, afterMs: number, limit: number): Promise<string[]> {
  const { rows } = await db.withClient((client) =>
    client.query<{ link_id: string }>(
      `select link_id from link_redemptions
       where wrapped_code_key is not null and expires_at < now() - $1 * interval '1 millisecond' limit $2`,
      [afterMs, limit],
    ),
  );
  return rows.map((row) => row.link_id);
}
