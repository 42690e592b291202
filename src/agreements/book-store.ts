import type pg from 'pg';
import type { Tx } from '../db/index.ts';
import {
  type Book,
  EMPTY_BOOK,
  type Side,
  type Termination,
  type Version,
  type VersionState,
} from '../protocol/agreement/book.ts';
import type { AgreementTerms } from '../protocol/agreement/terms.ts';
import type { EntityId } from '../protocol/ids.ts';

const DAY_MS = 86_400_000;

/** Columns of a {@link VersionRow}. */
export const VERSION = `id, peer, proposer, rev, root, replaces, state, effective_from, drain_days, notice_days,
  expires_at, agreed_at`;

export type VersionRow = {
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

export function versionOf(row: VersionRow): Version {
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
