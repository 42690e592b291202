import type pg from 'pg';
import type { Tx } from '../db/index.ts';

/** An exchange that is part of an agreement's file. */
export type AgreementExchange = { iss: string; jti: string; version: string; act: string; at: Date };

export async function insertExchange(tx: Tx, exchange: AgreementExchange): Promise<void> {
  await tx.client.query(
    `insert into agreement_exchanges (iss, jti, version, act, at) values ($1, $2, $3, $4, $5)
     on conflict (iss, jti) do nothing`,
    [exchange.iss, exchange.jti, exchange.version, exchange.act, exchange.at],
  );
}

/** Own exchanges and what they were about. */
export async function readOwnExchanges(
  tx: Tx,
  iss: string,
  jtis: readonly string[],
): Promise<{ jti: string; version: string; act: string; peer: string }[]> {
  const { rows } = await tx.client.query(
    `select e.jti, e.version, e.act, v.peer from agreement_exchanges e join agreement_versions v on v.id = e.version
     where e.iss = $1 and e.jti = any($2::uuid[])`,
    [iss, jtis],
  );
  return rows;
}

/** When this side first said something about a version. */
export async function readFirstSaid(
  tx: Tx,
  said: { version: string; act: string; iss: string },
): Promise<Date> {
  const { rows } = await tx.client.query<{ at: Date }>(
    `select coalesce(min(at), now()) as at from agreement_exchanges where version = $1 and act = $2 and iss = $3`,
    [said.version, said.act, said.iss],
  );
  return (rows[0] as { at: Date }).at;
}

export type ExchangeState = 'pending' | 'accepted' | 'rejected' | 'failed';

/** The exchange that carried an own proposal. */
export async function readProposalExchange(
  tx: Tx,
  version: string,
): Promise<{ jti: string; state: ExchangeState } | undefined> {
  const { rows } = await tx.client.query(
    `select o.jti, o.state from agreement_exchanges e join outbound_exchanges o on o.jti = e.jti
     where e.version = $1 and e.act = 'agreement.propose'`,
    [version],
  );
  return rows[0];
}

export type FiledExchange = {
  iss: string;
  jti: string;
  act: string;
  at: Date;
  /** What this node knows of its end. */
  state: ExchangeState;
  reason: string | null;
};

/** The file of a version: the exchanges about it, and those that ended its agreement, the oldest first. */
/** Of what is said again and again in vain, this much is shown. */
const MAX_FILE = 200;

export async function readFile(client: pg.ClientBase, version: string): Promise<FiledExchange[]> {
  const { rows } = await client.query(
    `select e.iss, e.jti, e.act, e.at, coalesce(o.state, 'accepted') as state, o.reason
     from agreement_exchanges e
     left join outbound_exchanges o on o.jti = e.jti and not exists
       (select 1 from inbound_exchanges i where i.iss = e.iss and i.jti = e.jti)
     where e.version = $1 or (e.act = 'agreement.terminate'
       and e.version = (select root from agreement_versions where id = $1 and state in ('agreed', 'terminated')))
     order by e.at, e.jti limit $2`,
    [version, MAX_FILE],
  );
  return rows;
}
