import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { type Connection, createDatabase, createPools, type Database } from '../../src/db/index.ts';
import { createBodyReader } from '../../src/exchange/bodies/reader.ts';
import { createPostgresBodyStore } from '../../src/exchange/index.ts';
import { createFileKeyStore } from '../../src/keys/index.ts';
import { sha256 } from '../../src/protocol/digest.ts';
import { parseEnvelope } from '../../src/protocol/envelope.ts';
import { verifyEvidence } from '../../src/protocol/evidence-record.ts';
import { importPublicJwk, type VerificationKey } from '../../src/protocol/jose/keys.ts';
import { parseReceipt, verifyReceipt } from '../../src/protocol/receipt.ts';

/** One side of a pair: how its database is reached, and the folder with its keys. */
export type Party = { entityId: string; dataDir: string; connection(): Connection };

type Side = { entityId: string; dataDir: string; db: Database };

/** What was submitted and acknowledged: the SHA-256 of the file by the id that the sender gave it. */
export type Acknowledged = ReadonlyMap<string, string>;

type Rows = Record<string, unknown>[];

/**
 * Everything that must hold between two nodes once both are at rest, for every document at once: nothing lost,
 * nothing twice, byte for byte, each side with the proof the other signed. Returns what does not hold, in words.
 */
export function findViolations(
  sender: Party,
  recipient: Party,
  acknowledged: Acknowledged,
): Promise<string[]> {
  return withSide(sender, (one) => withSide(recipient, (other) => compare(one, other, acknowledged)));
}

async function compare(sender: Side, recipient: Side, acknowledged: Acknowledged): Promise<string[]> {
  const found: string[] = [];
  const says = (holds: boolean, what: string) => {
    if (!holds) found.push(what);
  };

  const sent = await query(
    sender,
    `select o.jti, o.envelope, o.state, d.state as document_state from outbound_exchanges o
     left join sent_documents d on d.id = o.jti where o.act = 'document.push'`,
  );
  const received = await query(
    recipient,
    `select i.jti, i.envelope, i.outcome, array_remove(array_agg(r.id), null) as documents,
       (array_agg(r.body_id))[1] as body_id
     from inbound_exchanges i left join received_documents r on r.jti = i.jti and r.iss = i.iss
     where i.iss = $1 and i.act in ('document.push', 'closed') group by i.iss, i.jti`,
    [sender.entityId],
  );
  const inbound = new Map(received.map((row) => [row['jti'] as string, row]));
  const senderRecords = await recordsOf(sender, sender.entityId);
  const recipientRecords = await recordsOf(recipient, sender.entityId);
  const senderKeys = await keysOf(sender);
  const recipientKeys = await keysOf(recipient);
  const digests = await digestsOf(recipient, received);

  const ids = sent.map((row) => row['jti'] as string);
  for (const id of acknowledged.keys()) says(ids.includes(id), `${id} was acknowledged and is gone`);
  for (const id of inbound.keys()) says(ids.includes(id), `${id} was received and never sent`);
  for (const id of ids) says(acknowledged.has(id), `${id} was sent and never acknowledged`);

  for (const row of sent) {
    const id = row['jti'] as string;
    const there = inbound.get(id);
    says(row['state'] === 'accepted', `${id} is ${row['state']} at the sender`);
    if (there === undefined) {
      found.push(`${id} never arrived`);
      continue;
    }
    says(there['outcome'] === 'accepted', `${id} is ${there['outcome']} at the recipient`);
    const documents = there['documents'] as string[];
    says(documents.length === 1, `${id} is ${documents.length} documents at the recipient`);
    says(digests.get(id) === acknowledged.get(id), `${id} has other bytes at the recipient`);
    says(there['envelope'] === row['envelope'], `${id} has another envelope at the recipient`);

    const mine = senderRecords.get(id) ?? [];
    const theirs = recipientRecords.get(id) ?? [];
    says(
      isDeepStrictEqual(
        mine.map(({ event }) => event),
        ['SubmissionAcceptance', 'RelayAcceptance', 'ReceiptStored'],
      ),
      `${id} has the chain ${mine.map(({ event }) => event).join(' ')} at the sender`,
    );
    const [submission, receipt, stored] = mine;
    const relays = theirs.filter(({ event }) => event.startsWith('Relay'));
    says(relays.length === 1, `${id} has ${relays.length} decisions at the recipient`);
    says(relays[0]?.jws === receipt?.jws, `${id} has another receipt at the recipient than at the sender`);
    if (submission === undefined || receipt === undefined || stored === undefined) continue;
    const proof = { id, envelope: row['envelope'] as string, submission, receipt, stored };
    found.push(...(await checkProof(proof, { sender, recipient, senderKeys, recipientKeys })));
  }
  found.push(...(await findLeftovers(sender)), ...(await findLeftovers(recipient)));
  return found;
}

type EvidenceRecord = { event: string; jws: string };

async function checkProof(
  proof: {
    id: string;
    envelope: string;
    submission: EvidenceRecord;
    receipt: EvidenceRecord;
    stored: EvidenceRecord;
  },
  parties: {
    sender: Side;
    recipient: Side;
    senderKeys: Map<string, VerificationKey>;
    recipientKeys: Map<string, VerificationKey>;
  },
): Promise<string[]> {
  const { id, envelope } = proof;
  const { sender, recipient, senderKeys, recipientKeys } = parties;
  const found: string[] = [];

  const parsed = parseReceipt(proof.receipt.jws);
  const key = parsed.ok ? recipientKeys.get(parsed.jws.header.kid) : undefined;
  const verified =
    parsed.ok && key !== undefined
      ? await verifyReceipt(parsed.jws, key, {
          iss: recipient.entityId,
          aud: sender.entityId,
          jti: id,
          envelopeSha256: sha256(envelope),
        })
      : undefined;
  if (verified?.ok !== true) found.push(`${id} has a receipt that does not verify`);

  const findKey = (kid: string) => senderKeys.get(kid);
  const submission = await verifyEvidence(proof.submission.jws, findKey);
  if (!submission.ok) found.push(`${id} has a SubmissionAcceptance that does not verify`);
  const stored = await verifyEvidence(proof.stored.jws, findKey);
  if (!stored.ok || stored.claims.cites !== sha256(proof.receipt.jws))
    found.push(`${id} has a ReceiptStored that does not cite its receipt`);
  const claims = parseEnvelope(envelope);
  if (!claims.ok || claims.jws.claims['ev'] !== sha256(proof.submission.jws))
    found.push(`${id} has an envelope that does not cite its SubmissionAcceptance`);
  return found;
}

/** The queue is empty, no upload is open once the sweeper has been, and no bytes lie about that belong to nothing. */
async function findLeftovers(side: Side): Promise<string[]> {
  await createPostgresBodyStore(side.db).sweep(0);
  const [counts] = await query(
    side,
    `select (select count(*)::int from deliveries) as deliveries,
            (select count(*)::int from bodies where state = 'open') as "open uploads",
            (select count(*)::int from body_segments s
              where not exists (select 1 from bodies b where b.id = s.body_id and b.state = 'kept')) as "orphaned segments",
            (select count(*)::int from bodies b where b.state = 'kept'
              and not exists (select 1 from outbound_exchanges o where o.body_id = b.id)
              and not exists (select 1 from inbound_exchanges i where i.body_id = b.id)) as "orphaned bodies"`,
  );
  return Object.entries(counts ?? {}).flatMap(([what, count]) =>
    count === 0 ? [] : [`${side.entityId} has ${count} ${what}`],
  );
}

async function recordsOf(side: Side, iss: string): Promise<Map<string, EvidenceRecord[]>> {
  const rows = await query(
    side,
    'select exchange_jti, event, jws from evidence_records where exchange_iss = $1 order by id',
    [iss],
  );
  const records = new Map<string, EvidenceRecord[]>();
  for (const row of rows) {
    const id = row['exchange_jti'] as string;
    records.set(id, [
      ...(records.get(id) ?? []),
      { event: row['event'] as string, jws: row['jws'] as string },
    ]);
  }
  return records;
}

async function keysOf(side: Side): Promise<Map<string, VerificationKey>> {
  const rows = await query(side, `select kid, jwk from own_keys where purpose = 'exchange'`);
  return new Map(
    rows.map((row) => {
      const imported = importPublicJwk(row['jwk']);
      if (!imported.ok) throw new Error(imported.reason);
      return [row['kid'] as string, imported.key];
    }),
  );
}

/** What the recipient really holds, read back through its own keys. */
async function digestsOf(side: Side, received: Rows): Promise<Map<string, string>> {
  const keys = createFileKeyStore({ directory: `${side.dataDir}/keys`, clock: systemClock });
  const reader = createBodyReader({ store: createPostgresBodyStore(side.db), keys });
  const digests = new Map<string, string>();
  for (const row of received) {
    if (row['body_id'] === null) continue;
    const id = row['body_id'] as string;
    const parts: Buffer[] = [];
    for await (const part of (await reader.open([id])).get(id)?.content() ?? []) parts.push(part);
    digests.set(row['jti'] as string, sha256(Buffer.concat(parts)));
  }
  return digests;
}

async function withSide<T>(party: Party, use: (side: Side) => Promise<T>): Promise<T> {
  const db = createDatabase(createPools({ connection: party.connection(), size: 2 }));
  try {
    return await use({ entityId: party.entityId, dataDir: party.dataDir, db });
  } finally {
    await db.close();
  }
}

async function query(side: Side, sql: string, values: unknown[] = []): Promise<Rows> {
  return (await side.db.withClient((client) => client.query(sql, values))).rows;
}
