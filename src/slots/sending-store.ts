import type pg from 'pg';
import type { Tx } from '../db/index.ts';
import type { ContactCategory } from '../protocol/agreement/terms.ts';
import type { EntityId, ExchangeId, LinkId } from '../protocol/ids.ts';

export type SentMessageState = 'submitted' | 'placed' | 'deferred' | 'refused' | 'failed';

/** A message this node's institution asked a peer to show. */
export type SentMessage = {
  id: ExchangeId;
  linkId: LinkId;
  peer: EntityId;
  /** The version it comes under. */
  agreement: string;
  slot: string;
  category: ContactCategory;
  thread: string | null;
  replaces: string | null;
  state: SentMessageState;
  code: string | null;
  nextEligibleAt: Date | null;
  expiresAt: Date;
  submittedBy: string;
  submittedAt: Date;
  answeredAt: Date | null;
  withdrawnAt: Date | null;
  withdrawalAcknowledgedAt: Date | null;
  /** Whether the peer shows a newer version in its place. */
  replaced: boolean;
};

const COLUMNS = `id, link_id as "linkId", peer, agreement, slot, category, thread, replaces, state, code,
  next_eligible_at as "nextEligibleAt", expires_at as "expiresAt", submitted_by as "submittedBy",
  submitted_at as "submittedAt", answered_at as "answeredAt", withdrawn_at as "withdrawnAt",
  withdrawal_acknowledged_at as "withdrawalAcknowledgedAt",
  exists (select 1 from sent_messages r where r.replaces = sent_messages.id and r.state in ('placed', 'deferred'))
    as replaced`;

export type NewMessage = Pick<
  SentMessage,
  | 'id'
  | 'linkId'
  | 'peer'
  | 'agreement'
  | 'slot'
  | 'category'
  | 'thread'
  | 'replaces'
  | 'expiresAt'
  | 'submittedBy'
  | 'submittedAt'
> & { keyed: { key: string; fingerprint: Buffer } | null };

export async function insertMessage(tx: Tx, message: NewMessage): Promise<void> {
  await tx.client.query(
    `insert into sent_messages (id, link_id, peer, agreement, slot, category, thread, replaces, state, expires_at,
       submitted_by, submitted_at, idempotency_key, fingerprint)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 'submitted', $9, $10, $11, $12, $13)`,
    [
      message.id,
      message.linkId,
      message.peer,
      message.agreement,
      message.slot,
      message.category,
      message.thread,
      message.replaces,
      message.expiresAt,
      message.submittedBy,
      message.submittedAt,
      message.keyed?.key ?? null,
      message.keyed?.fingerprint ?? null,
    ],
  );
}

export async function readMessages(
  client: pg.ClientBase,
  filter: {
    ids?: readonly string[];
    link?: string;
    peer?: string;
    state?: SentMessageState;
    thread?: string;
    before?: string;
  },
  limit: number,
): Promise<SentMessage[]> {
  const { rows } = await client.query<SentMessage>(
    `select ${COLUMNS} from sent_messages
     where ($1::uuid[] is null or id = any($1)) and ($2::uuid is null or link_id = $2)
       and ($3::text is null or peer = $3) and ($4::text is null or state = $4)
       and ($5::uuid is null or thread = $5 or id = $5) and ($6::uuid is null or id < $6)
     order by id desc limit $7`,
    [
      filter.ids ?? null,
      filter.link ?? null,
      filter.peer ?? null,
      filter.state ?? null,
      filter.thread ?? null,
      filter.before ?? null,
      limit,
    ],
  );
  return rows;
}

/** Messages of a link that others name, by id. */
export async function readNamedMessages(
  tx: Tx,
  link: string,
  ids: readonly string[],
): Promise<Map<string, { state: SentMessageState; withdrawn: boolean }>> {
  if (ids.length === 0) return new Map();
  const { rows } = await tx.client.query<{ id: string; state: SentMessageState; withdrawn: boolean }>(
    `select id, state, withdrawn_at is not null as withdrawn from sent_messages
     where link_id = $1 and id = any($2::uuid[])`,
    [link, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export async function lockMessages(tx: Tx, ids: readonly string[]): Promise<Map<string, SentMessage>> {
  const { rows } = await tx.client.query<SentMessage>(
    `select ${COLUMNS} from sent_messages where id = any($1::uuid[]) order by id for update`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export type Answered = {
  id: string;
  state: SentMessageState;
  code: string | null;
  nextEligibleAt: Date | null;
  at: Date;
};

export async function writeAnswer(tx: Tx, answer: Answered): Promise<void> {
  await tx.client.query(
    `update sent_messages set state = $2, code = $3, next_eligible_at = $4, answered_at = $5 where id = $1`,
    [answer.id, answer.state, answer.code, answer.nextEligibleAt, answer.at],
  );
}

/** `jti` is null while the message itself has no answer: what becomes of it decides whether a withdrawal has to travel. */
export async function writeWithdrawal(
  tx: Tx,
  id: string,
  withdrawal: { at: Date; jti: string | null },
): Promise<void> {
  await tx.client.query(
    `update sent_messages set withdrawn_at = coalesce(withdrawn_at, $2), withdrawal_jti = $3 where id = $1`,
    [id, withdrawal.at, withdrawal.jti],
  );
}

export async function acknowledgeWithdrawal(tx: Tx, ids: readonly string[], at: Date): Promise<void> {
  await tx.client.query(
    'update sent_messages set withdrawal_acknowledged_at = $2 where id = any($1::uuid[])',
    [ids, at],
  );
}

/** Messages whose withdrawal these exchanges carried. */
export async function readWithdrawn(tx: Tx, jtis: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await tx.client.query<{ id: string; jti: string }>(
    'select id, withdrawal_jti as jti from sent_messages where withdrawal_jti = any($1::uuid[])',
    [jtis],
  );
  return new Map(rows.map((row) => [row.jti, row.id]));
}
