import fc from 'fast-check';
import t from 'tap';
import { v7 as uuidV7 } from 'uuid';
import { createDatabase, createPools, type Database } from '../../src/db/index.ts';
import { settleSent } from '../../src/documents/sent-state-store.ts';
import { createStatusHandler } from '../../src/documents/status.ts';
import type { InboundItem } from '../../src/exchange/index.ts';
import { createTestDatabase } from '../support/database.ts';

const PEER = 'https://vault.example';
const START = Date.UTC(2026, 10, 21);

type Status = { state: 'consigned' | 'refused' | 'notified' | 'opened'; minute: number };

async function openDatabase(t: Test): Promise<Database> {
  const { url } = await createTestDatabase(t);
  const db = createDatabase(createPools({ connection: { connectionString: url }, size: 2 }));
  t.teardown(() => db.close());
  return db;
}

type Test = Parameters<typeof createTestDatabase>[0];

async function insertSent(
  db: Database,
  state: 'submitted' | 'accepted' | 'rejected' | 'failed',
  code?: string,
) {
  const id = uuidV7();
  await db.transact(({ kysely }) =>
    kysely
      .insertInto('sent_documents')
      .values({
        id,
        link_id: uuidV7(),
        peer: PEER,
        type: 'other',
        content_type: 'application/pdf',
        content_size: 1,
        state,
        state_code: code ?? null,
        submitted_by: 'test',
        submitted_at: new Date(),
        changed_at: new Date(),
      })
      .execute(),
  );
  return id;
}

/** One document.status exchange, as the handler gets it once accepted. */
function exchangeOf(document: string, statuses: readonly Status[], iss = PEER): InboundItem {
  return {
    iss,
    manifest: {
      salt: '',
      body: {
        statuses: statuses.map(({ state, minute }) => ({
          document,
          state,
          at: new Date(START + minute * 60_000).toISOString(),
        })),
      },
    },
  } as unknown as InboundItem;
}

const report = (db: Database, items: InboundItem[]) =>
  db.transact((tx) => createStatusHandler().apply(tx, items));

async function factsOf(db: Database, id: string) {
  return db.read
    .selectFrom('sent_documents')
    .select(['state', 'state_code', 'consigned_at', 'refused_at', 'notified_at', 'opened_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
}

t.test('statuses and the receipt end in the same state in whatever order they come', async (t) => {
  const db = await openDatabase(t);
  const settle = (id: string) =>
    db.transact((tx) =>
      settleSent(tx, [
        { jti: id, act: 'document.push', state: 'accepted', reason: null, settledAt: new Date() } as never,
      ]),
    );
  const status = fc.record<Status>({
    state: fc.constantFrom('consigned', 'refused', 'notified', 'opened'),
    minute: fc.nat({ max: 20 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc
        .array(status, { minLength: 1, maxLength: 6 })
        .chain((statuses) =>
          fc.tuple(
            fc.constant(statuses),
            fc.shuffledSubarray([...statuses, ...statuses], { minLength: statuses.length * 2 }),
            fc.nat(),
            fc.integer({ min: 1, max: 3 }),
          ),
        ),
      async ([statuses, shuffled, receiptAt, perExchange]) => {
        const [plain, mixed] = [await insertSent(db, 'submitted'), await insertSent(db, 'submitted')];
        await settle(plain);
        await report(db, [exchangeOf(plain, statuses)]);
        const batches: Status[][] = [];
        for (let at = 0; at < shuffled.length; at += perExchange)
          batches.push(shuffled.slice(at, at + perExchange));
        const settleBefore = receiptAt % (batches.length + 1);
        for (const [at, batch] of batches.entries()) {
          if (at === settleBefore) await settle(mixed);
          await report(db, [exchangeOf(mixed, batch)]);
        }
        if (settleBefore === batches.length) await settle(mixed);
        t.strictSame(await factsOf(db, mixed), await factsOf(db, plain));
      },
    ),
    { numRuns: 60 },
  );
});

t.test('the furthest state counts, and the receipt opens the way to it', async (t) => {
  const db = await openDatabase(t);
  const id = await insertSent(db, 'submitted');
  await report(db, [exchangeOf(id, [{ state: 'opened', minute: 3 }])]);
  t.match(await factsOf(db, id), { state: 'submitted' }, 'without the receipt nothing is certain');
  await db.transact((tx) =>
    settleSent(tx, [
      { jti: id, act: 'document.push', state: 'accepted', reason: null, settledAt: new Date() } as never,
    ]),
  );
  t.match(await factsOf(db, id), { state: 'opened' });
  await report(db, [exchangeOf(id, [{ state: 'consigned', minute: 1 }])]);
  t.match(await factsOf(db, id), { state: 'opened' });
});

t.test('a peer speaks only of what it was sent and took', async (t) => {
  const db = await openDatabase(t);
  const accepted = await insertSent(db, 'accepted');
  const rejected = await insertSent(db, 'rejected', 'link.scope');
  const closed = await insertSent(db, 'failed', 'exchange.cancelled');
  const unconfirmed = await insertSent(db, 'failed', 'exchange.unconfirmed');
  const opened: Status[] = [{ state: 'opened', minute: 1 }];
  await report(db, [exchangeOf(accepted, opened, 'https://stranger.example')]);
  t.match(await factsOf(db, accepted), { state: 'accepted', opened_at: null }, 'another peer');
  await report(db, [
    exchangeOf(rejected, opened),
    exchangeOf(closed, opened),
    exchangeOf(unconfirmed, opened),
  ]);
  await report(db, [exchangeOf(uuidV7(), opened)]);
  t.match(await factsOf(db, rejected), { state: 'rejected', opened_at: null });
  t.match(await factsOf(db, closed), { state: 'failed', opened_at: null });
  t.match(await factsOf(db, unconfirmed), { state: 'failed' });
  t.ok((await factsOf(db, unconfirmed)).opened_at, 'the peer may have it: kept until its receipt comes');
});
