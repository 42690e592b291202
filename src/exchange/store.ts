import type pg from 'pg';
import { insertRows, type Tx } from '../db/index.ts';

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

/**
 * Decisions on exchanges by (iss, jti). Planned at each call: a plan cached while the table was small would scan it
 * whole once it is large.
 */
export async function readDecisions(
  client: pg.ClientBase,
  keys: readonly { iss: string; jti: string }[],
): Promise<StoredDecision[]> {
  const { rows } = await client.query(
    `select i.iss, i.jti, i.env_sha256, i.outcome, e.jws
     from unnest($1::text[], $2::uuid[]) as k (iss, jti)
     join inbound_exchanges i on i.iss = k.iss and i.jti = k.jti
     join evidence_records e on e.exchange_jti = i.jti and e.exchange_iss = i.iss
       and e.event in ('RelayAcceptance', 'RelayRejection')`,
    [keys.map((key) => key.iss), keys.map((key) => key.jti)],
  );
  return rows.map((row) => ({
    iss: row.iss,
    jti: row.jti,
    envSha256: row.env_sha256,
    outcome: row.outcome,
    receipt: row.jws,
  }));
}

/**
 * Inserts decisions, sorted so that two batches never wait for each other in opposite orders.
 *
 * @returns the keys that were new; the others were decided before.
 */
export async function insertInbound(tx: Tx, rows: readonly InboundRow[]): Promise<Set<string>> {
  const sorted = [...rows].sort((a, b) => (exchangeKey(a) < exchangeKey(b) ? -1 : 1));
  const inserted = await insertRows<{ iss: string; jti: string }>(
    tx,
    {
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
      suffix: 'on conflict (iss, jti) do nothing returning iss, jti',
    },
    sorted.map((row) => [
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
    ]),
  );
  return new Set(inserted.map(exchangeKey));
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
  const { rows } = await client.query(
    `select jti, aud, act, sub, envelope, env_sha256, body_id, expires_at
     from outbound_exchanges where jti = any($1::uuid[])`,
    [jtis],
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

/** The signed envelope of an exchange either side keeps; undefined for one this node doesn't know, or knows only as closed. */
export async function readEnvelope(
  client: pg.ClientBase,
  exchange: { iss: string; jti: string },
  self: string,
): Promise<string | undefined> {
  const { rows } =
    exchange.iss === self
      ? await client.query('select envelope from outbound_exchanges where jti = $1', [exchange.jti])
      : await client.query('select envelope from inbound_exchanges where iss = $1 and jti = $2', [
          exchange.iss,
          exchange.jti,
        ]);
  return rows[0]?.envelope ?? undefined;
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
  const { rows } = await tx.client.query(
    `update outbound_exchanges o set state = s.state, reason = s.reason, decided_at = now()
     from (select * from unnest($1::uuid[], $2::text[], $3::text[]) as s (jti, state, reason) order by jti) s
     where o.jti = s.jti
       and (o.state = 'pending'
         or (o.state = 'failed' and o.reason = 'exchange.unconfirmed' and s.reason is distinct from o.reason))
     returning o.jti, o.act`,
    [
      outcomes.map((outcome) => outcome.jti),
      outcomes.map((outcome) => outcome.state),
      outcomes.map((outcome) => outcome.reason),
    ],
  );
  return rows;
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
