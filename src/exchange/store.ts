import type pg from 'pg';
import { insertRows, queryByIds, queryByRows, type Tx, together } from '../db/index.ts';

/** A decision this node took on a peer's exchange, with the signed receipt that tells it. */
export type StoredDecision = {
  iss: string;
  jti: string;
  envSha256: Buffer;
  outcome: 'accepted' | 'rejected' | 'closed';
  receipt: string;
};

export type InboundRow = {
  iss: string;
  jti: string;
  envSha256: Buffer;
  act: string;
  sub: string | null;
  agr: string | null;
  envelope: string | null;
  outcome: 'accepted' | 'rejected' | 'closed';
  reason: string | null;
  bodyId: string | null;
  configurationSha256: Buffer | null;
  decidedAt: Date;
};

/** Decisions on exchanges by (iss, jti). Mostly there are none: receipts are read only where there is something. */
export async function readDecisions(
  client: pg.ClientBase,
  keys: readonly { iss: string; jti: string }[],
): Promise<StoredDecision[]> {
  const perIssuer = [...Map.groupBy(keys, (key) => key.iss)].map(([iss, of]) =>
    queryByIds<{ jti: string }>(
      client,
      {
        name: 'decided-exchanges',
        text: (ids) => `select jti from inbound_exchanges where iss = $1 and jti = any(${ids})`,
        values: [iss],
      },
      of.map((key) => key.jti),
    ),
  );
  const found = (await together(perIssuer)).flat().map((row) => row.jti);
  if (found.length === 0) return [];
  const wanted = new Set(keys.map(exchangeKey));
  const { rows } = await client.query(
    `select i.iss, i.jti, i.env_sha256, i.outcome, e.jws
     from inbound_exchanges i
     join evidence_records e on e.exchange_jti = i.jti and e.exchange_iss = i.iss
       and e.event in ('RelayAcceptance', 'RelayRejection')
     where i.iss = any($1::text[]) and i.jti = any($2::uuid[])`,
    [[...new Set(keys.map((key) => key.iss))], found],
  );
  return rows
    .filter((row) => wanted.has(exchangeKey(row)))
    .map((row) => ({
      iss: row.iss,
      jti: row.jti,
      envSha256: row.env_sha256,
      outcome: row.outcome,
      receipt: row.jws,
    }));
}

const INBOUND = {
  table: 'inbound_exchanges',
  columns: [
    'iss',
    'jti',
    'env_sha256',
    'act',
    'sub',
    'agr',
    'envelope',
    'outcome',
    'reason',
    'body_id',
    'configuration_sha256',
    'decided_at',
  ],
};

/** Sorted, so that two batches never wait for each other in opposite orders. */
function inboundValues(rows: readonly InboundRow[]): unknown[][] {
  const sorted = [...rows].sort((a, b) => (exchangeKey(a) < exchangeKey(b) ? -1 : 1));
  return sorted.map((row) => [
    row.iss,
    row.jti,
    row.envSha256,
    row.act,
    row.sub,
    row.agr,
    row.envelope,
    row.outcome,
    row.reason,
    row.bodyId,
    row.configurationSha256,
    row.decidedAt,
  ]);
}

/** Inserts decisions on exchanges that were not decided before; fails with {@link isDecidedMeanwhile} if one was. */
export async function insertNewInbound(tx: Tx, rows: readonly InboundRow[]): Promise<void> {
  await insertRows(tx, INBOUND, inboundValues(rows));
}

/** An exchange was decided between the look at it and the insert: by another replica, or in an earlier batch. */
export function isDecidedMeanwhile(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return code === '23505' && constraint === 'inbound_exchanges_pkey';
}

/**
 * Inserts the decisions that are new.
 *
 * @returns the decisions that were there before, by {@link exchangeKey}.
 */
export async function insertInbound(
  tx: Tx,
  rows: readonly InboundRow[],
): Promise<Map<string, StoredDecision>> {
  const target = { ...INBOUND, suffix: 'on conflict (iss, jti) do nothing' };
  const inserted = await insertRows(tx, target, inboundValues(rows));
  if (inserted === rows.length) return new Map();
  // A later statement than the insert, which saw nothing of what it waited for. Ours have no receipt yet.
  const earlier = await readDecisions(tx.client, rows);
  if (earlier.length + inserted !== rows.length) throw new Error('a decision that conflicted is not there');
  return new Map(earlier.map((decision) => [exchangeKey(decision), decision]));
}

export function exchangeKey(exchange: { iss: string; jti: string }): string {
  return `${exchange.iss} ${exchange.jti}`;
}

export type OutboundRow = {
  jti: string;
  aud: string;
  act: string;
  sub: string | null;
  agr: string | null;
  envelope: string;
  envSha256: Buffer;
  bodyId: string;
  createdAt: Date;
  expiresAt: Date;
};

export async function insertOutbound(tx: Tx, rows: readonly OutboundRow[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'outbound_exchanges',
      columns: [
        'jti',
        'aud',
        'act',
        'sub',
        'agr',
        'envelope',
        'env_sha256',
        'body_id',
        'state',
        'created_at',
        'expires_at',
      ],
    },
    rows.map((row) => [
      row.jti,
      row.aud,
      row.act,
      row.sub,
      row.agr,
      row.envelope,
      row.envSha256,
      row.bodyId,
      'pending',
      row.createdAt,
      row.expiresAt,
    ]),
  );
}

export type OutboundToSend = {
  jti: string;
  aud: string;
  act: string;
  sub: string | null;
  envelope: string;
  envSha256: Buffer;
  bodyId: string;
  expiresAt: Date;
};

export async function readOutbound(
  client: pg.ClientBase,
  jtis: readonly string[],
): Promise<OutboundToSend[]> {
  const rows = await queryByIds(
    client,
    {
      name: 'outbound-to-send',
      text: (ids) => `select jti, aud, act, sub, envelope, env_sha256, body_id, expires_at
        from outbound_exchanges where jti = any(${ids})`,
    },
    jtis,
  );
  return rows.map((row) => ({
    jti: row.jti,
    aud: row.aud,
    act: row.act,
    sub: row.sub,
    envelope: row.envelope,
    envSha256: row.env_sha256,
    bodyId: row.body_id,
    expiresAt: row.expires_at,
  }));
}

/** What either side keeps of an exchange: its signed envelope, absent where it is known only as closed, and its body. */
export async function readKept(
  client: pg.ClientBase,
  exchange: { iss: string; jti: string },
  self: string,
): Promise<{ envelope: string | null; bodyId: string | null } | undefined> {
  const { rows } =
    exchange.iss === self
      ? await client.query('select envelope, body_id as "bodyId" from outbound_exchanges where jti = $1', [
          exchange.jti,
        ])
      : await client.query(
          'select envelope, body_id as "bodyId" from inbound_exchanges where iss = $1 and jti = $2',
          [exchange.iss, exchange.jti],
        );
  return rows[0];
}

export type OutboundOutcome = {
  jti: string;
  state: 'accepted' | 'rejected' | 'failed';
  reason: string | null;
};

/**
 * Stores outcomes that change something: a pending exchange gets any, one that failed without an answer may still be
 * accepted or rejected by a receipt that comes later.
 *
 * @returns the exchanges that changed, with their act.
 */
export async function settleOutbound(
  tx: Tx,
  outcomes: readonly OutboundOutcome[],
): Promise<{ jti: string; act: string }[]> {
  const sorted = [...outcomes].sort((a, b) => (a.jti < b.jti ? -1 : 1));
  const { rows: changed } = await queryByRows<{ jti: string; act: string }>(
    tx.client,
    {
      name: 'outbound-settle',
      types: ['uuid', 'text', 'text'],
      text: (rows) => `update outbound_exchanges o set state = s.state, reason = s.reason, decided_at = now()
        from (${rows}) as s (jti, state, reason)
        where o.jti = s.jti
          and (o.state = 'pending'
            or (o.state = 'failed' and o.reason = 'exchange.unconfirmed' and s.reason is distinct from o.reason))
        returning o.jti, o.act`,
    },
    sorted.map((outcome) => [outcome.jti, outcome.state, outcome.reason]),
  );
  return changed;
}

export type ExchangeList = {
  exchanges: {
    jti: string;
    direction: 'received' | 'sent';
    act: string;
    env: string;
    outcome: string;
    decidedAt: string | null;
  }[];
  next: string | null;
};

/** What a peer exchanged with this node after an exchange id, in the order of ids. */
export async function listExchanges(
  client: pg.ClientBase,
  peer: string,
  { since, limit }: { since: string; limit: number },
): Promise<ExchangeList> {
  const { rows } = await client.query(
    `(select jti, 'received' as direction, act, env_sha256, outcome, decided_at
        from inbound_exchanges where iss = $1 and jti > $2 order by jti limit $3)
     union all
     (select jti, 'sent', act, env_sha256, state, decided_at
        from outbound_exchanges where aud = $1 and jti > $2 order by jti limit $3)
     order by jti limit $3`,
    [peer, since, limit],
  );
  return {
    exchanges: rows.map((row) => ({
      jti: row.jti,
      direction: row.direction,
      act: row.act,
      env: row.env_sha256.toString('base64url'),
      outcome: row.outcome,
      decidedAt: row.decided_at?.toISOString() ?? null,
    })),
    next: rows.length === limit ? rows[rows.length - 1].jti : null,
  };
}
