import { IDEMPOTENCY_DAYS } from '../api-access.ts';
import type { Database, Tx } from '../db/index.ts';
import type { IdempotencyKey } from './idempotency.ts';

export type KeyedAnswer = IdempotencyKey & { fingerprint: Buffer; documentId: string; answer: string };

export type StoredAnswer = Pick<KeyedAnswer, 'fingerprint' | 'documentId' | 'answer'>;

/** Answers given before under these keys. An expired key counts as never used. */
export async function readAnswers(
  tx: Tx,
  keys: readonly IdempotencyKey[],
): Promise<(StoredAnswer | undefined)[]> {
  if (keys.length === 0) return [];
  const { rows } = await tx.client.query(
    `select g.n, i.fingerprint, i.document_id, i.answer
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality as g (caller, operation, key, n)
     join idempotency_keys i on (i.caller, i.operation, i.key) = (g.caller, g.operation, g.key)
     where i.expires_at > now()`,
    columns(keys),
  );
  const found: (StoredAnswer | undefined)[] = keys.map(() => undefined);
  for (const row of rows) {
    found[Number(row.n) - 1] = {
      fingerprint: row.fingerprint,
      documentId: row.document_id,
      answer: row.answer,
    };
  }
  return found;
}

/**
 * Takes the keys for good, in key order so that two batches can't lock each other out. Whoever else holds one is waited
 * for. Returns the ids of the documents whose key another transaction took first.
 */
export async function storeAnswers(tx: Tx, answers: readonly KeyedAnswer[], now: Date): Promise<Set<string>> {
  if (answers.length === 0) return new Set();
  const { rows } = await tx.client.query(
    `insert into idempotency_keys as i
       (caller, operation, key, fingerprint, document_id, answer, created_at, expires_at)
     select caller, operation, key, decode(fingerprint, 'hex'), document_id, answer,
       $7::timestamptz, $7::timestamptz + $8::int * interval '1 day'
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[])
       as g (caller, operation, key, fingerprint, document_id, answer)
     order by caller, operation, key
     on conflict (caller, operation, key) do update set
       fingerprint = excluded.fingerprint, document_id = excluded.document_id, answer = excluded.answer,
       created_at = excluded.created_at, expires_at = excluded.expires_at
       where i.expires_at <= now()
     returning document_id`,
    [
      ...columns(answers),
      answers.map((answer) => answer.fingerprint.toString('hex')),
      answers.map((answer) => answer.documentId),
      answers.map((answer) => answer.answer),
      now,
      IDEMPOTENCY_DAYS,
    ],
  );
  const taken = new Set(rows.map((row) => row.document_id));
  return new Set(answers.map((answer) => answer.documentId).filter((id) => !taken.has(id)));
}

export async function deleteExpiredKeys(db: Database, limit: number): Promise<number> {
  return db.transact(async (tx) => {
    const { rowCount } = await tx.client.query(
      `delete from idempotency_keys where ctid in (
         select ctid from idempotency_keys where expires_at <= now() order by expires_at limit $1 for update skip locked)`,
      [limit],
    );
    return rowCount ?? 0;
  });
}

function columns(keys: readonly IdempotencyKey[]): string[][] {
  return [keys.map((key) => key.caller), keys.map((key) => key.operation), keys.map((key) => key.key)];
}
