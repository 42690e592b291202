import { sql } from 'kysely';
import type { Database, Tx } from '../db/index.ts';
import { importPublicJwk, type PublicJwk, type VerificationKey } from '../protocol/jose/keys.ts';

export type PeerKeyPurpose = 'federation' | 'exchange';

export type PeerKeyRow = {
  peer: string;
  kid: string;
  purpose: PeerKeyPurpose;
  key: VerificationKey;
  firstSeenAt: Date;
  lastSeenAt: Date;
  withdrawnAt: Date | undefined;
  revokedAt: Date | undefined;
};

export type PinRow = {
  peer: string;
  kid: string;
  source: 'operator' | 'introduced';
  introducedBy: string | undefined;
  activeFrom: Date;
  createdAt: Date;
  removedAt: Date | undefined;
};

type Source = Database['read'] | Tx['kysely'];

/** Every key of a peer, or of all of them. */
export async function listPeerKeys(source: Source, peer?: string): Promise<PeerKeyRow[]> {
  let query = source.selectFrom('peer_keys').selectAll().orderBy('first_seen_at').orderBy('kid');
  if (peer !== undefined) query = query.where('peer', '=', peer);
  const rows = await query.execute();
  return rows.map((row) => ({
    peer: row.peer,
    kid: row.kid,
    purpose: row.purpose,
    key: importKey(row),
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    withdrawnAt: row.withdrawn_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  }));
}

/** What the hot path knows of an exchange key; the key itself as it is stored. */
export type StoredKey = {
  peer: string;
  kid: string;
  jwk: unknown;
  withdrawnAt: Date | null;
  revokedAt: Date | null;
};

export async function listExchangeKeys(source: Source): Promise<StoredKey[]> {
  return await source
    .selectFrom('peer_keys')
    .select(['peer', 'kid', 'jwk', 'withdrawn_at as withdrawnAt', 'revoked_at as revokedAt'])
    .where('purpose', '=', 'exchange')
    .orderBy('first_seen_at')
    .orderBy('kid')
    .execute();
}

export function importKey({ peer, kid, jwk }: Pick<StoredKey, 'peer' | 'kid' | 'jwk'>): VerificationKey {
  const imported = importPublicJwk(jwk);
  if (!imported.ok) throw new Error(`key ${kid} of ${peer} is not readable: ${imported.reason}`);
  return imported.key;
}

export async function listPins(source: Source, peer?: string): Promise<PinRow[]> {
  let query = source.selectFrom('peer_pins').selectAll().orderBy('created_at').orderBy('kid');
  if (peer !== undefined) query = query.where('peer', '=', peer);
  const rows = await query.execute();
  return rows.map((row) => ({
    peer: row.peer,
    kid: row.kid,
    source: row.source,
    introducedBy: row.introduced_by ?? undefined,
    activeFrom: row.active_from,
    createdAt: row.created_at,
    removedAt: row.removed_at ?? undefined,
  }));
}

/** A key that a configuration lists: new, or seen again. */
export async function seeKey(
  tx: Tx,
  key: { peer: string; kid: string; purpose: PeerKeyPurpose; jwk: PublicJwk },
): Promise<void> {
  const now = sql<Date>`clock_timestamp()`;
  await tx.kysely
    .insertInto('peer_keys')
    .values({ peer: key.peer, kid: key.kid, purpose: key.purpose, jwk: JSON.stringify(key.jwk) })
    .onConflict((conflict) =>
      conflict.columns(['peer', 'kid']).doUpdateSet({ last_seen_at: now, withdrawn_at: null }),
    )
    .execute();
}

export async function endKey(
  tx: Tx,
  key: { peer: string; kid: string },
  how: 'withdrawn' | 'revoked',
): Promise<void> {
  const now = sql<Date>`clock_timestamp()`;
  await tx.kysely
    .updateTable('peer_keys')
    .set(how === 'withdrawn' ? { withdrawn_at: now } : { revoked_at: now })
    .where('peer', '=', key.peer)
    .where('kid', '=', key.kid)
    .execute();
}

/** `activeInS` seconds from now the key may sign alone. */
export async function putPin(
  tx: Tx,
  pin: { peer: string; kid: string; introducedBy?: string; activeInS: number },
): Promise<void> {
  const values = {
    source: pin.introducedBy === undefined ? ('operator' as const) : ('introduced' as const),
    introduced_by: pin.introducedBy ?? null,
    active_from: sql<Date>`clock_timestamp() + make_interval(secs => ${pin.activeInS}::float8)`,
    removed_at: null,
  };
  await tx.kysely
    .insertInto('peer_pins')
    .values({ peer: pin.peer, kid: pin.kid, ...values })
    .onConflict((conflict) => conflict.columns(['peer', 'kid']).doUpdateSet(values))
    .execute();
}

export async function removePin(tx: Tx, pin: { peer: string; kid: string }): Promise<void> {
  await tx.kysely
    .updateTable('peer_pins')
    .set({ removed_at: sql<Date>`clock_timestamp()` })
    .where('peer', '=', pin.peer)
    .where('kid', '=', pin.kid)
    .execute();
}
