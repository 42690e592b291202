import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database, Tx } from '../db/index.ts';
import type { EntityId } from '../protocol/ids.ts';

export type PeerState = 'discovered' | 'requested' | 'active' | 'suspended' | 'revoked';

export type PeerRow = {
  entityId: EntityId;
  state: PeerState;
  stateReason: string | undefined;
  stateChangedAt: Date;
  organizationName: string;
  contacts: string[];
  federationEndpoint: EntityId;
  linkPage: string | undefined;
  incarnation: number | undefined;
  limits: Record<string, number>;
  capabilities: string[];
  configurationSha256: Buffer | undefined;
  configurationIssuedAt: Date | undefined;
  configurationExpiresAt: Date | undefined;
  fetchedAt: Date | undefined;
  nextFetchAt: Date;
  fetchFailingSince: Date | undefined;
  fetchProblem: string | undefined;
  clockDifferenceMs: number | undefined;
  inboundAt: Date | undefined;
  outboundAt: Date | undefined;
  outboundFailingSince: Date | undefined;
  outboundProblem: string | undefined;
  /** How the peer says it holds this node. */
  noticeState: 'active' | 'suspended' | 'revoked' | undefined;
  createdAt: Date;
};

type Source = Database['read'] | Tx['kysely'];

/** All but the signed configurations, which are kept for auditors: of all peers together they are large. */
const PEER_COLUMNS = [
  'entity_id',
  'state',
  'state_reason',
  'state_changed_at',
  'organization_name',
  'contacts',
  'federation_endpoint',
  'link_page',
  'incarnation',
  'limits',
  'capabilities',
  'entity_configuration_sha256',
  'entity_configuration_issued_at',
  'entity_configuration_expires_at',
  'fetched_at',
  'next_fetch_at',
  'fetch_failing_since',
  'fetch_problem',
  'clock_difference_ms',
  'inbound_at',
  'outbound_at',
  'outbound_failing_since',
  'outbound_problem',
  'notice_state',
  'created_at',
] as const;

/** Peers are few (hundreds) and change rarely: they are read whole. */
export async function listPeers(source: Source, entityId?: string): Promise<PeerRow[]> {
  let query = source.selectFrom('peers').select(PEER_COLUMNS).orderBy('entity_id');
  if (entityId !== undefined) query = query.where('entity_id', '=', entityId);
  const rows = await query.execute();
  return rows.map((row) => ({
    entityId: row.entity_id as EntityId,
    state: row.state,
    stateReason: row.state_reason ?? undefined,
    stateChangedAt: row.state_changed_at,
    organizationName: row.organization_name ?? row.entity_id,
    contacts: row.contacts,
    federationEndpoint: row.federation_endpoint as EntityId,
    linkPage: row.link_page ?? undefined,
    incarnation: row.incarnation ?? undefined,
    limits: row.limits,
    capabilities: row.capabilities,
    configurationSha256: row.entity_configuration_sha256 ?? undefined,
    configurationIssuedAt: row.entity_configuration_issued_at ?? undefined,
    configurationExpiresAt: row.entity_configuration_expires_at ?? undefined,
    fetchedAt: row.fetched_at ?? undefined,
    nextFetchAt: row.next_fetch_at,
    fetchFailingSince: row.fetch_failing_since ?? undefined,
    fetchProblem: row.fetch_problem ?? undefined,
    clockDifferenceMs: row.clock_difference_ms ?? undefined,
    inboundAt: row.inbound_at ?? undefined,
    outboundAt: row.outbound_at ?? undefined,
    outboundFailingSince: row.outbound_failing_since ?? undefined,
    outboundProblem: row.outbound_problem ?? undefined,
    noticeState: row.notice_state ?? undefined,
    createdAt: row.created_at,
  }));
}

/** Any 64 bits that differ between peers; two that collide only wait for each other. */
function lockKeyOf(entityId: string): bigint {
  return createHash('sha256').update(`intervault/peer\n${entityId}`).digest().readBigInt64BE(0);
}

function sortedLockKeys(entityIds: readonly string[]): string[] {
  const keys = [...new Set(entityIds)].map(lockKeyOf);
  return keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).map(String);
}

/**
 * Holds off changes of state of these peers until the transaction ends. Whoever changes one waits for the batches that
 * rely on it, and no batch that begins later misses the change.
 */
export async function lockPeersShared(tx: Tx, entityIds: readonly string[]): Promise<void> {
  await tx.client.query({
    name: 'ivx_lock_peers_shared',
    text: 'select pg_advisory_xact_lock_shared(k) from unnest($1::int8[]) k',
    values: [sortedLockKeys(entityIds)],
  });
}

export async function lockPeer(tx: Tx, entityId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${String(lockKeyOf(entityId))}::bigint)`.execute(tx.kysely);
}

/** Keeps others from changing what is held of a peer, without making batches wait. */
export async function lockPeerRow(tx: Tx, entityId: string): Promise<void> {
  await tx.kysely
    .selectFrom('peers')
    .select('entity_id')
    .where('entity_id', '=', entityId)
    .forUpdate()
    .execute();
}

export type LockedPeer = {
  state: PeerState;
  /** Its configuration has expired: nothing new is exchanged before a fresh one is fetched. */
  stale: boolean;
  /** The database's clock, read after the locks were held. */
  nowMs: number;
};

export async function readLockedPeers(
  tx: Tx,
  entityIds: readonly string[],
): Promise<Map<string, LockedPeer>> {
  const { rows } = await tx.client.query<{
    entity_id: string;
    state: PeerState;
    stale: boolean;
    now_ms: number;
  }>({
    name: 'ivx_read_locked_peers',
    text: `select entity_id, state, coalesce(entity_configuration_expires_at <= now_at, true) as stale,
        floor(extract(epoch from now_at) * 1000)::float8 as now_ms
      from peers, (select clock_timestamp() as now_at) as t where entity_id = any($1)`,
    values: [entityIds],
  });
  return new Map(
    rows.map((row) => [row.entity_id, { state: row.state, stale: row.stale, nowMs: row.now_ms }]),
  );
}

/** What a verified configuration says, as it is kept. */
export type PeerProfile = {
  organizationName: string;
  contacts: string[];
  federationEndpoint: string;
  linkPage: string | undefined;
  incarnation: number;
  limits: Record<string, number>;
  capabilities: string[];
  token: string;
  sha256: Buffer;
  issuedAt: Date;
  expiresAt: Date;
};

export async function upsertPeer(
  tx: Tx,
  entityId: string,
  profile: PeerProfile,
  /** Undefined leaves the state of a peer that is known. */
  newState: PeerState | undefined,
): Promise<void> {
  const values = {
    organization_name: profile.organizationName,
    contacts: profile.contacts,
    federation_endpoint: profile.federationEndpoint,
    link_page: profile.linkPage ?? null,
    incarnation: profile.incarnation,
    limits: JSON.stringify(profile.limits),
    capabilities: profile.capabilities,
    entity_configuration: profile.token,
    entity_configuration_sha256: profile.sha256,
    entity_configuration_issued_at: profile.issuedAt,
    entity_configuration_expires_at: profile.expiresAt,
  };
  if (newState === undefined) {
    await tx.kysely.updateTable('peers').set(values).where('entity_id', '=', entityId).execute();
  } else {
    const state = { state: newState, state_reason: null, state_changed_at: sql<Date>`clock_timestamp()` };
    await tx.kysely
      .insertInto('peers')
      .values({ entity_id: entityId, ...values, ...state })
      .onConflict((conflict) => conflict.column('entity_id').doUpdateSet({ ...values, ...state }))
      .execute();
  }
  await tx.kysely
    .insertInto('peer_configurations')
    .values({ peer: entityId, sha256: profile.sha256, token: profile.token })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function setPeerState(
  tx: Tx,
  entityId: string,
  state: PeerState,
  reason: string | undefined,
): Promise<void> {
  await tx.kysely
    .updateTable('peers')
    .set({ state, state_reason: reason ?? null, state_changed_at: sql<Date>`clock_timestamp()` })
    .where('entity_id', '=', entityId)
    .execute();
}

/** `next` in seconds from now by the database's clock. */
export async function noteFetch(
  tx: Tx,
  entityId: string,
  outcome: { nextS: number; clockDifferenceMs?: number | undefined; problem?: string },
): Promise<void> {
  const now = sql<Date>`clock_timestamp()`;
  await tx.kysely
    .updateTable('peers')
    .set({
      next_fetch_at: sql<Date>`clock_timestamp() + make_interval(secs => ${outcome.nextS}::float8)`,
      ...(outcome.problem === undefined
        ? { fetched_at: now, fetch_failing_since: null, fetch_problem: null }
        : {
            fetch_failing_since: sql<Date>`coalesce(fetch_failing_since, clock_timestamp())`,
            fetch_problem: outcome.problem,
          }),
      ...(outcome.clockDifferenceMs !== undefined && { clock_difference_ms: outcome.clockDifferenceMs }),
    })
    .where('entity_id', '=', entityId)
    .execute();
}

/** Takes up to `limit` peers whose configuration is due, so that no other replica fetches them meanwhile. */
export async function claimDuePeers(tx: Tx, limit: number, claimS: number): Promise<string[]> {
  const rows = await tx.kysely
    .updateTable('peers')
    .set({ next_fetch_at: sql<Date>`clock_timestamp() + make_interval(secs => ${claimS}::float8)` })
    .where('entity_id', 'in', (due) =>
      due
        .selectFrom('peers')
        .select('entity_id')
        .where('state', 'in', ['active', 'suspended'])
        .where('next_fetch_at', '<=', sql<Date>`clock_timestamp()`)
        .orderBy('next_fetch_at')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning('entity_id')
    .execute();
  return rows.map((row) => row.entity_id);
}

export type ContactNote = {
  entityId: string;
  inboundAt: Date | undefined;
  outboundAt: Date | undefined;
  /** Undefined: nothing was sent. Null: the last try succeeded. */
  failingSince: Date | null | undefined;
  problem: string | null;
};

export async function saveContacts(tx: Tx, notes: readonly ContactNote[]): Promise<void> {
  for (const note of notes) {
    await tx.kysely
      .updateTable('peers')
      .set({
        inbound_at: sql<Date>`greatest(inbound_at, ${note.inboundAt ?? null}::timestamptz)`,
        outbound_at: sql<Date>`greatest(outbound_at, ${note.outboundAt ?? null}::timestamptz)`,
        ...(note.failingSince !== undefined && {
          outbound_failing_since:
            note.failingSince === null
              ? null
              : sql<Date>`coalesce(outbound_failing_since, ${note.failingSince}::timestamptz)`,
          outbound_problem: note.problem,
        }),
      })
      .where('entity_id', '=', note.entityId)
      .execute();
  }
}
