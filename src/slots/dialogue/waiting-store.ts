import type { Tx } from '../../db/index.ts';

/** SQL: the link of `row` is broken on neither side, so that whoever waits under it is still owed a person. */
export const linkHolds = (row: string) =>
  `not exists (select 1 from link_halves h where h.link_id = ${row}.link_id and h.state <> 'active')`;

/** A person answered: all that was asked in the conversation up to the word that is answered. */
export async function writeHumanAnswers(
  tx: Tx,
  answers: readonly { linkId: string; thread: string; answers: string; at: Date }[],
): Promise<void> {
  if (answers.length === 0) return;
  await tx.client.query(
    // The first answer counts, in whatever order they are noted, and never before the word came: on both sides.
    `update replies r set human_answered_at = least(r.human_answered_at, greatest(f.at, r.decided_at))
     from (
       select w.iss, w.jti, min(a.at) as at
       from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[]) as a (link_id, thread, answers, at)
       join replies w on w.link_id = a.link_id and w.thread = a.thread and w.kind = 'ask_human' and w.jti <= a.answers
       group by w.iss, w.jti
     ) f
     where r.iss = f.iss and r.jti = f.jti`,
    [
      answers.map((one) => one.linkId),
      answers.map((one) => one.thread),
      answers.map((one) => one.answers),
      answers.map((one) => one.at),
    ],
  );
}

/** Words that came after a person had answered a later one. */
export async function writeAnsweredBefore(
  tx: Tx,
  iss: readonly string[],
  jtis: readonly string[],
): Promise<void> {
  if (jtis.length === 0) return;
  await tx.client.query(
    `update replies w set human_answered_at = greatest(w.decided_at, f.at)
     from (
       select n.iss, n.jti, min(a.decided_at) as at
       from unnest($1::text[], $2::uuid[]) as n (iss, jti)
       join replies q on q.iss = n.iss and q.jti = n.jti and q.kind = 'ask_human'
       join replies a on a.link_id = q.link_id and a.thread = q.thread and a.kind = 'answer' and a.handled_by = 'human'
         and a.state = 'accepted' and a.answers >= q.jti
       group by n.iss, n.jti
     ) f
     where w.iss = f.iss and w.jti = f.jti`,
    [iss, jtis],
  );
}

/** Guests whom customers have been asking for a person for too long, under links that still hold. */
export async function readOverdue(tx: Tx, peers: readonly string[]): Promise<Set<string>> {
  if (peers.length === 0) return new Set();
  const { rows } = await tx.client.query<{ peer: string }>(
    `select p.peer from unnest($1::text[]) as p (peer)
     where exists (
       select 1 from replies r
       where r.peer = p.peer and r.human_due_at < now() and r.human_answered_at is null
         and ${linkHolds('r')}
     )`,
    [peers],
  );
  return new Set(rows.map((row) => row.peer));
}
