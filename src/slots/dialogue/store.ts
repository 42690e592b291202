import type pg from 'pg';
import { insertRows, type Tx } from '../../db/index.ts';
import { linkHolds } from './waiting-store.ts';

export type ReplyState = 'sending' | 'accepted' | 'refused' | 'failed' | 'undone';
export type ReplyKind = 'reply' | 'ask_human' | 'callback' | 'answer';

/** A word of a customer, or an answer to one. `iss` and `jti` are those of the exchange that carries it. */
export type Reply = {
  iss: string;
  jti: string;
  peer: string;
  linkId: string;
  /** At the host. */
  customerId: string | null;
  thread: string;
  saidBy: 'customer' | 'guest';
  kind: ReplyKind;
  message: string | null;
  answers: string | null;
  handledBy: 'human' | 'bot' | null;
  bodyId: string;
  at: Date;
  undoUntil: Date | null;
  state: ReplyState;
  code: string | null;
  decidedAt: Date | null;
  humanDueAt: Date | null;
  humanAnsweredAt: Date | null;
};

const COLUMNS = `iss, jti, peer, link_id as "linkId", customer_id as "customerId", thread, said_by as "saidBy", kind,
  message, answers, handled_by as "handledBy", body_id as "bodyId", at, undo_until as "undoUntil", state, code,
  decided_at as "decidedAt", human_due_at as "humanDueAt", human_answered_at as "humanAnsweredAt"`;

export type NewReply = Omit<Reply, 'bodyId' | 'code' | 'humanDueAt' | 'humanAnsweredAt'>;

/** Files what came, whose bodies are kept with the exchange. */
export async function insertReceived(
  tx: Tx,
  replies: readonly (NewReply & { bodyId: string })[],
): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'replies',
      columns: [
        'iss',
        'jti',
        'peer',
        'link_id',
        'customer_id',
        'thread',
        'said_by',
        'kind',
        'message',
        'answers',
        'handled_by',
        'body_id',
        'at',
        'state',
        'decided_at',
      ],
    },
    replies.map((one) => [
      one.iss,
      one.jti,
      one.peer,
      one.linkId,
      one.customerId,
      one.thread,
      one.saidBy,
      one.kind,
      one.message,
      one.answers,
      one.handledBy,
      one.bodyId,
      one.at,
      one.state,
      one.decidedAt,
    ]),
  );
}

/** Files what this node says, in the transaction that stages it. */
export async function insertSaid(
  tx: Tx,
  reply: NewReply & { submittedBy: string; keyed?: { key: string; fingerprint: Buffer } | undefined },
): Promise<void> {
  await tx.client.query(
    `insert into replies (iss, jti, peer, link_id, customer_id, thread, said_by, kind, message, answers, handled_by,
       body_id, at, undo_until, state, submitted_by, idempotency_key, fingerprint)
     select $1, o.jti, $3, $4, $5, $6, $7, $8, $9, $10, $11, o.body_id, $12, $13, 'sending', $14, $15, $16
     from outbound_exchanges o where o.jti = $2`,
    [
      reply.iss,
      reply.jti,
      reply.peer,
      reply.linkId,
      reply.customerId,
      reply.thread,
      reply.saidBy,
      reply.kind,
      reply.message,
      reply.answers,
      reply.handledBy,
      reply.at,
      reply.undoUntil,
      reply.submittedBy,
      reply.keyed?.key ?? null,
      reply.keyed?.fingerprint ?? null,
    ],
  );
}

export type ReplyFilter = {
  link?: string;
  peer?: string;
  thread?: string;
  by?: Reply['saidBy'];
  /** Those that ask for a person who hasn't answered. */
  waiting?: true;
  before?: string;
};

/** What customers of peers said to this node's institution, and its answers; the newest first. */
export async function readReplies(
  client: pg.ClientBase,
  filter: ReplyFilter,
  limit: number,
): Promise<Reply[]> {
  const { rows } = await client.query<Reply>(
    `select ${COLUMNS} from replies
     where ($1::uuid is null or link_id = $1) and ($2::text is null or peer = $2)
       and ($3::uuid is null or thread = $3) and ($4::text is null or said_by = $4)
       and (not $5 or (kind = 'ask_human' and human_answered_at is null and ${linkHolds('replies')})) and ($6::uuid is null or jti < $6)
       and (said_by = 'customer') = (iss = peer)
     order by jti desc limit $7`,
    [
      filter.link ?? null,
      filter.peer ?? null,
      filter.thread ?? null,
      filter.by ?? null,
      filter.waiting ?? false,
      filter.before ?? null,
      limit,
    ],
  );
  return rows;
}

/** A word that a customer of a peer said. */
export async function readWord(client: pg.ClientBase, jti: string): Promise<Reply | undefined> {
  const { rows } = await client.query<Reply>(
    `select ${COLUMNS} from replies where jti = $1 and said_by = 'customer' and iss = peer`,
    [jti],
  );
  return rows[0];
}

/** Whose a word or an answer is. Ids are their senders' to choose: a peer that takes one of ours hides nothing by it. */
export async function readReplyIssuer(
  client: pg.ClientBase,
  self: string,
  jti: string,
): Promise<string | undefined> {
  const { rows } = await client.query<{ iss: string }>(
    'select iss from replies where jti = $1 order by iss = $2 desc, iss limit 1',
    [jti, self],
  );
  return rows[0]?.iss;
}

/** So many words and answers of a conversation are read at most, the newest. */
const MAX_ENTRIES = 500;

/** The words and answers of a conversation under a link, oldest first. */
export async function readThread(client: pg.ClientBase, linkId: string, thread: string): Promise<Reply[]> {
  const { rows } = await client.query<Reply>(
    `select ${COLUMNS} from replies where link_id = $1 and thread = $2 and state <> 'undone' order by at desc, jti desc limit $3`,
    [linkId, thread, MAX_ENTRIES],
  );
  return rows.reverse();
}

export async function lockSaid(tx: Tx, iss: string, jtis: readonly string[]): Promise<Map<string, Reply>> {
  const { rows } = await tx.client.query<Reply>(
    `select ${COLUMNS} from replies where iss = $1 and jti = any($2::uuid[]) order by jti for update`,
    [iss, jtis],
  );
  return new Map(rows.map((row) => [row.jti, row]));
}

export async function writeUndone(tx: Tx, iss: string, jti: string): Promise<void> {
  await tx.client.query(`update replies set state = 'undone' where iss = $1 and jti = $2`, [iss, jti]);
}

export type ReplySettled = {
  jti: string;
  state: 'accepted' | 'refused' | 'failed';
  code: string | null;
  decidedAt: Date | null;
  humanDueAt: Date | null;
};

/** What became of what this node said; what was undone stays so, unless it was on its way already and came. */
export async function writeSettled(tx: Tx, iss: string, settled: readonly ReplySettled[]): Promise<void> {
  await tx.client.query(
    `update replies r set state = s.state, code = s.code, decided_at = s.decided_at, human_due_at = s.due_at,
       human_answered_at = case when r.human_answered_at is not null then greatest(r.human_answered_at, s.decided_at) end
     from (
       select * from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
         as t (jti, state, code, decided_at, due_at) order by jti
     ) s
     where r.iss = $1 and r.jti = s.jti and (r.state <> 'undone' or s.state = 'accepted')`,
    [
      iss,
      settled.map((one) => one.jti),
      settled.map((one) => one.state),
      settled.map((one) => one.code),
      settled.map((one) => one.decidedAt),
      settled.map((one) => one.humanDueAt),
    ],
  );
}

/** Words of each link's customer that came in the last 24 hours. One transaction after the other for each link. */
export async function lockWords(tx: Tx, linkIds: readonly string[]): Promise<Map<string, number>> {
  await lockNames(
    tx,
    linkIds.map((id) => `words ${id}`),
  );
  const { rows } = await tx.client.query<{ link_id: string; words: number }>(
    `select link_id, count(*)::int as words from replies
     where link_id = any($1::uuid[]) and said_by = 'customer' and at > now() - interval '24 hours' and state <> 'undone'
     group by link_id`,
    [linkIds],
  );
  return new Map(rows.map((row) => [row.link_id, row.words]));
}

/** Which of these words exist, under their links: what conversations can go on from. */
export async function readKnownThreads(
  tx: Tx,
  asked: readonly { linkId: string; iss: string; thread: string }[],
): Promise<Set<string>> {
  if (asked.length === 0) return new Set();
  const { rows } = await tx.client.query<{ link_id: string; thread: string }>(
    `select a.link_id, a.thread from unnest($1::uuid[], $2::text[], $3::uuid[]) as a (link_id, iss, thread)
     where exists (select 1 from sent_messages m where m.id = a.thread and m.link_id = a.link_id and m.peer = a.iss)
       or exists (select 1 from replies r where r.iss = a.iss and r.jti = a.thread and r.link_id = a.link_id)`,
    [asked.map((one) => one.linkId), asked.map((one) => one.iss), asked.map((one) => one.thread)],
  );
  return new Set(rows.map((row) => `${row.link_id} ${row.thread}`));
}

export type Asked = { linkId: string; thread: string; answers: string };

/** For each word that is answered: answers since the customer last spoke there. One transaction after the other in each conversation. */
export async function lockAnswered(
  tx: Tx,
  self: string,
  asked: readonly Asked[],
): Promise<Map<string, { since: number; waits: boolean }>> {
  // One answer after the other in one conversation, whichever word it names.
  await lockNames(
    tx,
    asked.map((one) => `answers ${one.linkId} ${one.thread}`),
  );
  const { rows } = await tx.client.query<Asked & { since: number; waits: boolean }>(
    `select a.link_id as "linkId", a.thread, a.answers,
       (select count(*)::int from replies s
        where s.link_id = a.link_id and s.thread = a.thread and s.said_by = 'guest' and s.at > coalesce((
          select max(w.at) from replies w
          where w.link_id = a.link_id and w.thread = a.thread and w.said_by = 'customer' and w.state <> 'undone'
        ), '-infinity')) as since,
       exists (select 1 from replies h where h.link_id = a.link_id and h.thread = a.thread and h.kind = 'ask_human'
         and h.jti <= a.answers and h.human_answered_at is null and h.state <> 'undone') as waits
     from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as a (link_id, thread, answers)
     join replies r on r.iss = $1 and r.jti = a.answers and r.link_id = a.link_id and r.thread = a.thread
       and r.said_by = 'customer' and r.state <> 'undone'`,
    [self, asked.map((one) => one.linkId), asked.map((one) => one.thread), asked.map((one) => one.answers)],
  );
  return new Map(rows.map((row) => [answeredKey(row), { since: row.since, waits: row.waits }]));
}

/** Until the transaction ends; in one order, so that two never wait for each other. */
async function lockNames(tx: Tx, names: readonly string[]): Promise<void> {
  await tx.client.query(
    `select pg_advisory_xact_lock(hashtextextended(name, 0))
     from (select distinct name from unnest($1::text[]) as n (name) order by name) s`,
    [names],
  );
}

export const answeredKey = ({ linkId, thread, answers }: Asked) => `${linkId} ${thread} ${answers}`;
