import type pg from 'pg';
import type { Tx } from '../db/index.ts';
import type { Change, Side, Version, VersionState } from '../protocol/agreement/book.ts';
import type { AgreementTerms } from '../protocol/agreement/terms.ts';
import type { EntityId } from '../protocol/ids.ts';
import { VERSION, type VersionRow, versionOf } from './book-store.ts';

/** A version with all that is kept of it. */
export type StoredVersion = Version & {
  peer: EntityId;
  declines: string | null;
  reason: string | null;
  note: string | null;
  answerNote: string | null;
  terms: AgreementTerms;
  proposedAt: Date;
  changedAt: Date;
};

const DAY_MS = 86_400_000;

/** How many proposals a peer has made in a day. */
export async function countProposals(tx: Tx, peer: string): Promise<number> {
  const { rows } = await tx.client.query<{ count: number }>(
    `select count(*) as count from agreement_versions
     where peer = $1 and proposer = 'peer' and proposed_at > now() - interval '1 day'`,
    [peer],
  );
  return rows[0]?.count ?? 0;
}

/** What a proposal says beyond its place in the book. */
export type ProposalText = { declines: string | null; note: string | null; terms: AgreementTerms };

/** Writes changes to a locked book. `text` belongs to the version they add, `reason` to those they end. */
export async function writeChanges(
  tx: Tx,
  peer: string,
  changes: readonly Change[],
  given: { at: Date; text?: ProposalText; reason?: string | undefined; note?: string | undefined },
): Promise<void> {
  for (const change of changes) {
    switch (change.kind) {
      case 'add':
        if (given.text === undefined) throw new Error('a proposal without its text');
        await insertVersion(tx, peer, change.version, given.text, given.at);
        break;
      case 'state':
        await tx.client.query(
          `update agreement_versions set state = $2, agreed_at = coalesce($3, agreed_at), changed_at = $4,
             reason = coalesce($5, reason), answer_note = coalesce($6, answer_note)
           where id = $1`,
          [
            change.id,
            change.state,
            change.agreedAtMs === undefined ? null : new Date(change.agreedAtMs),
            given.at,
            change.state === 'refused' ? (given.reason ?? null) : null,
            isAnswer(change.state) ? (given.note ?? null) : null,
          ],
        );
        break;
      case 'terminate':
        await tx.client.query(
          `insert into agreement_terminations (root, by, noticed_at, ends_at, note) values ($1, $2, $3, $4, $5)
           on conflict (root, by) do update set noticed_at = excluded.noticed_at, ends_at = excluded.ends_at,
             note = excluded.note, jti = null, acknowledged_at = null`,
          [
            change.termination.root,
            change.termination.by,
            new Date(change.termination.noticedAtMs),
            new Date(change.termination.endsAtMs),
            given.note ?? null,
          ],
        );
    }
  }
}

const isAnswer = (state: VersionState) => state === 'declined' || state === 'withdrawn';

async function insertVersion(
  tx: Tx,
  peer: string,
  version: Version,
  text: ProposalText,
  at: Date,
): Promise<void> {
  await tx.client.query(
    `insert into agreement_versions (${VERSION}, declines, note, terms, proposed_at, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)`,
    [
      version.id,
      peer,
      version.proposer,
      version.rev,
      version.root,
      version.replaces,
      version.state,
      new Date(version.effectiveFromMs),
      version.drainMs / DAY_MS,
      version.noticeMs / DAY_MS,
      new Date(version.expiresAtMs),
      null,
      text.declines,
      text.note,
      JSON.stringify(text.terms),
      at,
    ],
  );
  if (version.proposer === 'self') {
    await tx.client.query('update agreement_books set own_rev = $2 where peer = $1', [peer, version.rev]);
  }
}

/** Which exchange tells the peer of this side's termination now. */
export async function tellTermination(tx: Tx, root: string, jti: string): Promise<void> {
  await tx.client.query(`update agreement_terminations set jti = $2 where root = $1 and by = 'self'`, [
    root,
    jti,
  ]);
}

/** The peer took this side's termination, by the exchange that told it. */
export async function acknowledgeTermination(tx: Tx, jti: string, at: Date): Promise<void> {
  await tx.client.query(
    `update agreement_terminations set acknowledged_at = $2 where jti = $1 and by = 'self'`,
    [jti, at],
  );
}

/** The peer refused it for good. */
export async function dropTermination(tx: Tx, jti: string): Promise<void> {
  await tx.client.query(`delete from agreement_terminations where jti = $1 and by = 'self'`, [jti]);
}

/** Whose version this is. */
export async function readPeer(client: pg.ClientBase, id: string): Promise<EntityId | undefined> {
  const { rows } = await client.query<{ peer: EntityId }>(
    'select peer from agreement_versions where id = $1',
    [id],
  );
  return rows[0]?.peer;
}

/** What whoever declined or withdrew a version said with it. */
export async function readAnswerNote(client: pg.ClientBase, id: string): Promise<string | undefined> {
  const { rows } = await client.query<{ answer_note: string | null }>(
    'select answer_note from agreement_versions where id = $1',
    [id],
  );
  return rows[0]?.answer_note ?? undefined;
}

export type VersionFilter = {
  id?: string;
  peer?: string;
  state?: VersionState;
  before?: { at: Date; id: string };
};

/** Versions, the newest first. */
export async function listVersions(
  client: pg.ClientBase,
  filter: VersionFilter,
  limit: number,
): Promise<StoredVersion[]> {
  const { rows } = await client.query<
    VersionRow & {
      declines: string | null;
      reason: string | null;
      note: string | null;
      answer_note: string | null;
      terms: AgreementTerms;
      proposed_at: Date;
      changed_at: Date;
    }
  >(
    `select ${VERSION}, declines, reason, note, answer_note, terms, proposed_at, changed_at from agreement_versions
     where ($1::text is null or id = $1) and ($2::text is null or peer = $2) 
       and ($3::text is null or case when state = 'open' and expires_at <= now() then 'expired' else state end = $3)
       and ($4::timestamptz is null or (proposed_at, id) < ($4, $5))
     order by proposed_at desc, id desc limit $6`,
    [
      filter.id ?? null,
      filter.peer ?? null,
      filter.state ?? null,
      filter.before?.at ?? null,
      filter.before?.id ?? null,
      limit,
    ],
  );
  return rows.map((row) => ({
    ...versionOf(row),
    peer: row.peer,
    declines: row.declines,
    reason: row.reason,
    note: row.note,
    answerNote: row.answer_note,
    terms: row.terms,
    proposedAt: row.proposed_at,
    changedAt: row.changed_at,
  }));
}

export type StoredTermination = {
  jti: string | null;
  by: Side;
  noticedAt: Date;
  endsAt: Date;
  note: string | null;
  acknowledgedAt: Date | null;
};

export async function readTerminations(
  client: pg.ClientBase,
  roots: readonly string[],
): Promise<Map<string, StoredTermination[]>> {
  const { rows } = await client.query(
    `select root, by, jti, noticed_at as "noticedAt", ends_at as "endsAt", note,
       acknowledged_at as "acknowledgedAt"
     from agreement_terminations where root = any($1::text[]) order by root, ends_at`,
    [roots],
  );
  return Map.groupBy(rows, (row) => row.root as string);
}
