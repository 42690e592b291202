import { insertRows, type Tx } from '../db/index.ts';
import type { ContactCategory } from '../protocol/agreement/terms.ts';

/** A message that this node sends as guest. */
export type NewContact = {
  exchange: string;
  agreement: string;
  peer: string;
  category: ContactCategory;
  weight: number;
};

export type StoredContact = NewContact & {
  state: 'sent' | 'accepted' | 'refused';
  decidedAt: Date | null;
  eligibleBy: Date | null;
  withdrawnAt: Date | null;
  postedSeq: number | null;
  reversedSeq: number | null;
  replaced: boolean;
};

export async function insertContacts(tx: Tx, contacts: readonly NewContact[]): Promise<void> {
  await insertRows(
    tx,
    {
      table: 'ledger_contacts',
      columns: ['exchange', 'agreement', 'peer', 'category', 'weight', 'state'],
    },
    contacts.map((one) => [one.exchange, one.agreement, one.peer, one.category, one.weight, 'sent']),
  );
}

/** What the host's receipt says of a message. */
export type ContactAnswer = {
  exchange: string;
  state: 'accepted' | 'refused';
  decidedAt: Date;
  eligibleBy: Date | null;
  /** The message whose place it takes. */
  replaces: string | null;
};

export async function answerContacts(tx: Tx, answers: readonly ContactAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  await tx.client.query(
    `update ledger_contacts c set state = t.state, decided_at = t.decided_at, eligible_by = t.eligible_by
     from (select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
       as t (exchange, state, decided_at, eligible_by) order by exchange) t
     where c.exchange = t.exchange`,
    [
      answers.map((one) => one.exchange),
      answers.map((one) => one.state),
      answers.map((one) => one.decidedAt),
      answers.map((one) => one.eligibleBy),
    ],
  );
  const replaced = answers.flatMap((one) =>
    one.state === 'accepted' && one.replaces !== null ? [one.replaces] : [],
  );
  if (replaced.length === 0) return;
  await tx.client.query('update ledger_contacts set replaced = true where exchange = any($1::uuid[])', [
    replaced,
  ]);
}

/** The host took these back: the earliest receipt counts. */
export async function withdrawContacts(
  tx: Tx,
  withdrawn: readonly { exchange: string; at: Date }[],
): Promise<void> {
  if (withdrawn.length === 0) return;
  await tx.client.query(
    `update ledger_contacts c set withdrawn_at = least(c.withdrawn_at, t.at)
     from (select * from unnest($1::uuid[], $2::timestamptz[]) as t (exchange, at) order by exchange) t
     where c.exchange = t.exchange`,
    [withdrawn.map(({ exchange }) => exchange), withdrawn.map(({ at }) => at)],
  );
}

const COLUMNS = `exchange, agreement, peer, category, weight, state, decided_at as "decidedAt",
  eligible_by as "eligibleBy", withdrawn_at as "withdrawnAt", posted_seq as "postedSeq", reversed_seq as "reversedSeq", replaced`;

export async function readContacts(tx: Tx, exchanges: readonly string[]): Promise<StoredContact[]> {
  const { rows } = await tx.client.query<StoredContact>(
    `select ${COLUMNS} from ledger_contacts where exchange = any($1::uuid[])`,
    [exchanges],
  );
  return rows;
}

/** Notes which entries are about a message. */
export async function markContacts(
  tx: Tx,
  marks: readonly { exchange: string; postedSeq: number | null; reversedSeq: number | null }[],
): Promise<void> {
  if (marks.length === 0) return;
  await tx.client.query(
    `update ledger_contacts c set posted_seq = coalesce(c.posted_seq, t.posted_seq),
       reversed_seq = coalesce(c.reversed_seq, t.reversed_seq)
     from (select * from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as t (exchange, posted_seq, reversed_seq)
       order by exchange) t
     where c.exchange = t.exchange`,
    [
      marks.map(({ exchange }) => exchange),
      marks.map(({ postedSeq }) => postedSeq),
      marks.map(({ reversedSeq }) => reversedSeq),
    ],
  );
}

/** Accepted messages whose entry has not come, decided before a time; the oldest first. */
export async function readUnposted(
  client: Tx['client'],
  accounts: readonly { agreement: string; before: Date }[],
  limit: number,
): Promise<StoredContact[]> {
  const { rows } = await client.query<StoredContact>(
    `select c.* from unnest($1::text[], $2::timestamptz[]) as t (agreement, before)
     cross join lateral (select ${COLUMNS} from ledger_contacts
       where agreement = t.agreement and posted_seq is null and state = 'accepted' and decided_at < t.before
       order by decided_at, exchange limit $3) c`,
    [accounts.map(({ agreement }) => agreement), accounts.map(({ before }) => before), limit],
  );
  return rows;
}

/** Withdrawn messages whose post stands. */
export async function readUnreversed(
  client: Tx['client'],
  accounts: readonly { agreement: string; before: Date }[],
  limit: number,
): Promise<StoredContact[]> {
  const { rows } = await client.query<StoredContact>(
    `select c.* from unnest($1::text[], $2::timestamptz[]) as t (agreement, before)
     cross join lateral (select ${COLUMNS} from ledger_contacts
       where agreement = t.agreement and withdrawn_at < t.before and reversed_seq is null
         and posted_seq is not null and eligible_by is not null and weight > 0 and not replaced
       order by withdrawn_at, exchange limit $3) c`,
    [accounts.map(({ agreement }) => agreement), accounts.map(({ before }) => before), limit],
  );
  return rows;
}

/** Messages without a signed answer. */
export async function readUnsettled(
  client: Tx['client'],
  agreement: string,
  limit: number,
): Promise<StoredContact[]> {
  const { rows } = await client.query<StoredContact>(
    `select ${COLUMNS} from ledger_contacts
     where agreement = $1 and posted_seq is null and state = 'sent' order by exchange limit $2`,
    [agreement, limit],
  );
  return rows;
}
