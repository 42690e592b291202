import type pg from 'pg';
import type { Tx } from '../db/index.ts';
import {
  type Book,
  type Change,
  EMPTY_BOOK,
  type Side,
  type Termination,
  type Version,
  type VersionState,
} from '../protocol/agreement/book.ts';
import type { AgreementTerms } from '../protocol/agreement/terms.ts';
import type { EntityId } from '../protocol/ids.ts';

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

const VERSION = `id, peer, proposer, rev, root, replaces, state, effective_from, drain_days, notice_days,
  expires_at, agreed_at`;

type VersionRow = {
  id: string;
  peer: EntityId;
  proposer: Side;
  rev: number;
  root: string;
  replaces: string | null;
  state: VersionState;
  effective_from: Date;
  drain_days: number;
  notice_days: number;
  expires_at: Date;
  agreed_at: Date | null;
};

function versionOf(row: VersionRow): Version {
  return {
    id: row.id,
    proposer: row.proposer,
    rev: row.rev,
    root: row.root,
    replaces: row.replaces,
    state: row.state,
    expiresAtMs: row.expires_at.getTime(),
    effectiveFromMs: row.effective_from.getTime(),
    drainMs: row.drain_days * DAY_MS,
    noticeMs: row.notice_days * DAY_MS,
    agreedAtMs: row.agreed_at?.getTime() ?? null,
  };
}

type TerminationRow = { root: string; by: Side; noticed_at: Date; ends_at: Date };

const terminationOf = (row: TerminationRow): Termination => ({
  root: row.root,
  by: row.by,
  noticedAtMs: row.noticed_at.getTime(),
  endsAtMs: row.ends_at.getTime(),
});

/** Locks the book of a peer, made where there is none, and reads it. `ownRev` is that of the newest own proposal. */
export async function lockBook(tx: Tx, peer: string): Promise<{ book: Book; ownRev: number; now: Date }> {
  const { rows } = await tx.client.query<{ own_rev: number; now: Date }>(
    `insert into agreement_books (peer) values ($1)
     on conflict (peer) do update set peer = excluded.peer
     returning own_rev, date_trunc('milliseconds', clock_timestamp()) as now`,
    [peer],
  );
  const { own_rev: ownRev, now } = rows[0] as { own_rev: number; now: Date };
  const books = await readBooksOf(tx.client, [peer], ALL_VERSIONS);
  return { book: books.get(peer) ?? EMPTY_BOOK, ownRev, now };
}

const ALL_VERSIONS = {
  name: 'agreement-versions',
  text: `select ${VERSION} from agreement_versions where peer = any($1::text[]) order by rev`,
};
/** Of dead proposals a peer may leave as many as it likes; what is asked for every batch passes them over. */
const LIVE_VERSIONS = {
  name: 'agreement-live-versions',
  text: `select ${VERSION} from agreement_versions
    where peer = any($1::text[]) and state in ('open', 'accepting', 'agreed') order by rev`,
};
const READ_TERMINATIONS = {
  name: 'agreement-terminations',
  text: `select v.peer, t.root, t.by, t.noticed_at, t.ends_at
    from agreement_terminations t join agreement_versions v on v.id = t.root where v.peer = any($1::text[])`,
};

/** Books as they stand, without a lock and without what came to nothing. */
export function readBooks(client: pg.ClientBase, peers: readonly string[]): Promise<Map<string, Book>> {
  return readBooksOf(client, peers, LIVE_VERSIONS);
}

async function readBooksOf(
  client: pg.ClientBase,
  peers: readonly string[],
  statement: { name: string; text: string },
): Promise<Map<string, Book>> {
  const { rows } = await client.query<VersionRow>({ ...statement, values: [peers] });
  const versions = Map.groupBy(rows, ({ peer }) => peer as string);
  // Most peers have none, and what is asked here is asked for every batch.
  const ended =
    rows.length === 0
      ? []
      : (
          await client.query<TerminationRow & { peer: string }>({
            ...READ_TERMINATIONS,
            values: [[...versions.keys()]],
          })
        ).rows;
  const terminations = Map.groupBy(ended, ({ peer }) => peer);
  return new Map(
    [...versions].map(([peer, of]) => [
      peer,
      { versions: of.map(versionOf), terminations: (terminations.get(peer) ?? []).map(terminationOf) },
    ]),
  );
}

/** One version of a peer, whatever became of it. */
export async function readVersion(
  client: pg.ClientBase,
  peer: string,
  id: string,
): Promise<Version | undefined> {
  const { rows } = await client.query<VersionRow>(
    `select ${VERSION} from agreement_versions where id = $1 and peer = $2`,
    [id, peer],
  );
  const [row] = rows;
  return row && versionOf(row);
}

/** How many proposals a peer has made in a day. */
export async function countProposals(tx: Tx, peer: string): Promise<number> {
  const { rows } = await tx.client.query<{ count: number }>(
    `select count(*) as count from agreement_versions
     where peer = $1 and proposer = 'peer' and proposed_at > now() - interval '1 day'`,
    [peer],
  );
  return rows[0]?.count ?? 0;
}

/** Terms never change: what was read once needs no second look. */
const terms = new Map<string, AgreementTerms>();
const MAX_TERMS = 1_000;

export async function readTerms(client: pg.ClientBase, id: string): Promise<AgreementTerms> {
  const known = terms.get(id);
  if (known !== undefined) return known;
  const { rows } = await client.query<{ terms: AgreementTerms }>(
    'select terms from agreement_versions where id = $1',
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a version without its terms');
  if (terms.size >= MAX_TERMS) terms.clear();
  terms.set(id, row.terms);
  return row.terms;
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
