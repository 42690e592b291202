import type { Database, Tx } from '../db/index.ts';

/** Metadata that wait for their file; the metadata themselves lie sealed in the body. */
export type DraftRow = {
  id: string;
  linkId: string;
  peer: string;
  type: string;
  contentType: string;
  bodyId: string;
  submittedBy: string;
  createdAt: Date;
  expiresAt: Date;
};

const COLUMNS = 'id, link_id, peer, type, content_type, body_id, submitted_by, created_at, expires_at';

export async function insertDraft(tx: Tx, draft: DraftRow): Promise<void> {
  await tx.client.query(
    `insert into document_drafts (${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      draft.id,
      draft.linkId,
      draft.peer,
      draft.type,
      draft.contentType,
      draft.bodyId,
      draft.submittedBy,
      draft.createdAt,
      draft.expiresAt,
    ],
  );
}

/** Undefined once it expired. */
export async function readDraft(db: Database, id: string): Promise<DraftRow | undefined> {
  const { rows } = await db.withClient((client) =>
    client.query(`select ${COLUMNS} from document_drafts where id = $1 and expires_at > now()`, [id]),
  );
  return rows[0] === undefined ? undefined : draftOf(rows[0]);
}

export async function listDrafts(
  db: Database,
  page: { before: string | undefined; limit: number },
): Promise<DraftRow[]> {
  const { rows } = await db.withClient((client) =>
    client.query(
      `select ${COLUMNS} from document_drafts
       where expires_at > now() and ($1::uuid is null or id < $1) order by id desc limit $2`,
      [page.before ?? null, page.limit],
    ),
  );
  return rows.map(draftOf);
}

/** Takes drafts that became documents; the ids of those that were still there. */
export async function takeDrafts(tx: Tx, ids: readonly string[]): Promise<{ id: string; bodyId: string }[]> {
  if (ids.length === 0) return [];
  const { rows } = await tx.client.query(
    `delete from document_drafts where id in (
       select id from document_drafts where id = any($1::uuid[]) and expires_at > now() order by id for update)
     returning id, body_id`,
    [ids],
  );
  return rows.map((row) => ({ id: row.id, bodyId: row.body_id }));
}

/** Takes what expired; the ids of the bodies to erase in the same transaction. */
export async function takeExpiredDrafts(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.client.query(
    `delete from document_drafts where id in (
       select id from document_drafts where expires_at <= now() order by expires_at limit $1 for update skip locked)
     returning body_id`,
    [limit],
  );
  return rows.map((row) => row.body_id);
}

function draftOf(row: Record<string, unknown>): DraftRow {
  return {
    id: row['id'] as string,
    linkId: row['link_id'] as string,
    peer: row['peer'] as string,
    type: row['type'] as string,
    contentType: row['content_type'] as string,
    bodyId: row['body_id'] as string,
    submittedBy: row['submitted_by'] as string,
    createdAt: row['created_at'] as Date,
    expiresAt: row['expires_at'] as Date,
  };
}
