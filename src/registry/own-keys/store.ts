import { sql } from 'kysely';
import type { Database, Tx } from '../../db/index.ts';
import type { KeyPurpose } from '../../keys/index.ts';
import type { EntityId } from '../../protocol/ids.ts';
import { importPublicJwk, type PublicJwk, type VerificationKey } from '../../protocol/jose/keys.ts';
import { CLOCK_SKEW_S, MAX_ENVELOPE_LIFETIME_S } from '../../protocol/time.ts';

/** Changes of the node's own row and keys are made one after the other, whichever replica makes them. */
const NODE_LOCK = '4931770011';

/** The longest time that something signed with a key may still have to be verified. */
const RETIRING_S = MAX_ENVELOPE_LIFETIME_S + CLOCK_SKEW_S;

export type OwnKeyState = 'pending' | 'active' | 'retiring' | 'historical' | 'revoked';

export type OwnKey = {
  kid: string;
  purpose: KeyPurpose;
  key: VerificationKey;
  state: OwnKeyState;
  publishedAtMs: number;
  activatedAtMs?: number;
  retiringAtMs?: number;
  endedAtMs?: number;
  endedReason?: string;
};

export type NodeRow = { entityId: EntityId | undefined; incarnation: number };

export async function lockNode(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${NODE_LOCK}::bigint)`.execute(tx.kysely);
}

export async function readNode(source: Database['read'] | Tx['kysely']): Promise<NodeRow | undefined> {
  const row = await source.selectFrom('node').select(['entity_id', 'incarnation']).executeTakeFirst();
  return (
    row && { entityId: (row.entity_id ?? undefined) as EntityId | undefined, incarnation: row.incarnation }
  );
}

export async function insertNode(tx: Tx, node: NodeRow): Promise<void> {
  await tx.kysely
    .insertInto('node')
    .values({ entity_id: node.entityId ?? null, incarnation: node.incarnation })
    .execute();
}

export async function nameNode(tx: Tx, entityId: EntityId): Promise<void> {
  await tx.kysely.updateTable('node').set({ entity_id: entityId }).execute();
}

/** Tells every replica to read anew what it holds in memory. */
export async function bumpVersion(tx: Tx): Promise<void> {
  await tx.kysely.updateTable('node').set({ registry_version: sql`registry_version + 1` }).execute();
}

export async function readVersion(db: Database): Promise<number> {
  const row = await db.read.selectFrom('node').select('registry_version').executeTakeFirst();
  return row?.registry_version ?? 0;
}

export async function listOwnKeys(source: Database['read'] | Tx['kysely']): Promise<OwnKey[]> {
  const rows = await source
    .selectFrom('own_keys')
    .selectAll()
    .orderBy('published_at')
    .orderBy('kid')
    .execute();
  return rows.map((row) => {
    const imported = importPublicJwk(row.jwk);
    if (!imported.ok) throw new Error(`own key ${row.kid} is not readable: ${imported.reason}`);
    return {
      kid: row.kid,
      purpose: row.purpose,
      key: imported.key,
      state: row.state,
      publishedAtMs: row.published_at.getTime(),
      ...(row.activated_at && { activatedAtMs: row.activated_at.getTime() }),
      ...(row.retiring_at && { retiringAtMs: row.retiring_at.getTime() }),
      ...(row.ended_at && { endedAtMs: row.ended_at.getTime() }),
      ...(row.ended_reason !== null && { endedReason: row.ended_reason }),
    };
  });
}

export async function insertOwnKey(
  tx: Tx,
  key: { kid: string; purpose: KeyPurpose; jwk: PublicJwk; state: 'pending' | 'active' },
): Promise<void> {
  await tx.kysely
    .insertInto('own_keys')
    .values({
      kid: key.kid,
      purpose: key.purpose,
      jwk: JSON.stringify(key.jwk),
      state: key.state,
      activated_at: key.state === 'active' ? sql<Date>`clock_timestamp()` : null,
    })
    .execute();
}

/** The active key of a purpose goes on being verified and signs no more. */
export async function retireActive(tx: Tx, purpose: KeyPurpose): Promise<string | undefined> {
  const row = await tx.kysely
    .updateTable('own_keys')
    .set({ state: 'retiring', retiring_at: sql<Date>`clock_timestamp()` })
    .where('purpose', '=', purpose)
    .where('state', '=', 'active')
    .returning('kid')
    .executeTakeFirst();
  return row?.kid;
}

export async function activate(tx: Tx, kid: string): Promise<void> {
  await tx.kysely
    .updateTable('own_keys')
    .set({ state: 'active', activated_at: sql<Date>`clock_timestamp()` })
    .where('kid', '=', kid)
    .execute();
}

export async function end(
  tx: Tx,
  kid: string,
  state: 'historical' | 'revoked',
  reason?: string,
): Promise<void> {
  await tx.kysely
    .updateTable('own_keys')
    .set({ state, ended_at: sql<Date>`clock_timestamp()`, ended_reason: reason ?? null })
    .where('kid', '=', kid)
    .execute();
}

/** The pending key of a purpose that has been published for `publishS` seconds by the database's clock. */
export async function findDuePending(
  tx: Tx,
  purpose: KeyPurpose,
  publishS: number,
): Promise<string | undefined> {
  const row = await tx.kysely
    .selectFrom('own_keys')
    .select('kid')
    .where('purpose', '=', purpose)
    .where('state', '=', 'pending')
    .where('published_at', '<=', sql<Date>`clock_timestamp() - make_interval(secs => ${publishS}::float8)`)
    .orderBy('published_at')
    .executeTakeFirst();
  return row?.kid;
}

/** Retiring keys that nothing still to be verified can bear. */
export async function findDueRetiring(tx: Tx): Promise<{ kid: string; purpose: KeyPurpose }[]> {
  return await tx.kysely
    .selectFrom('own_keys')
    .select(['kid', 'purpose'])
    .where('state', '=', 'retiring')
    .where('retiring_at', '<=', sql<Date>`clock_timestamp() - make_interval(secs => ${RETIRING_S}::float8)`)
    .orderBy('kid')
    .execute();
}

export async function insertKekEpoch(tx: Tx, kek: { kekId: string; fingerprint: string }): Promise<void> {
  await tx.kysely
    .insertInto('kek_epochs')
    .values({ kek_id: kek.kekId, fingerprint: kek.fingerprint, state: 'active' })
    .execute();
}

export async function listLiveKeks(
  source: Database['read'] | Tx['kysely'],
): Promise<{ kekId: string; fingerprint: string }[]> {
  const rows = await source
    .selectFrom('kek_epochs')
    .select(['kek_id', 'fingerprint'])
    .where('state', '<>', 'destroyed')
    .execute();
  return rows.map((row) => ({ kekId: row.kek_id, fingerprint: row.fingerprint }));
}
