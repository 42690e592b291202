import type { Tx } from '../db/index.ts';

export type Volume = { documents: number; bytes: number };

/** What peers have delivered in a calendar month under agreements, their rows locked. `month` is its first day. */
export async function lockVolumes(
  tx: Tx,
  peers: readonly string[],
  month: string,
): Promise<Map<string, Volume>> {
  const { rows } = await tx.client.query<Volume & { peer: string }>(
    `insert into document_volumes (peer, month, documents, bytes)
     select peer, $2::date, 0, 0 from unnest($1::text[]) as p (peer) order by peer
     on conflict (peer, month) do update set documents = document_volumes.documents
     returning peer, documents, bytes`,
    [[...peers].sort(), month],
  );
  return new Map(rows.map(({ peer, documents, bytes }) => [peer, { documents, bytes }]));
}

/** Counts what was taken. The rows are locked. */
export async function addVolumes(
  tx: Tx,
  month: string,
  added: readonly (Volume & { peer: string })[],
): Promise<void> {
  await tx.client.query(
    `update document_volumes v set documents = v.documents + a.documents, bytes = v.bytes + a.bytes
     from unnest($2::text[], $3::bigint[], $4::bigint[]) as a (peer, documents, bytes)
     where v.peer = a.peer and v.month = $1::date`,
    [month, added.map((one) => one.peer), added.map((one) => one.documents), added.map((one) => one.bytes)],
  );
}
