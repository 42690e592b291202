import { randomBytes } from 'node:crypto';
import path from 'node:path';
import t from 'tap';
import { systemClock } from '../../src/clock.ts';
import { createDatabase, createPools } from '../../src/db/index.ts';
import { createBodyReader } from '../../src/exchange/bodies/reader.ts';
import { createSealer } from '../../src/exchange/bodies/sealer.ts';
import { createPostgresBodyStore } from '../../src/exchange/index.ts';
import { createFileKeyStore } from '../../src/keys/index.ts';
import { createTestDatabase } from '../support/database.ts';

async function setUp(t: Parameters<typeof createTestDatabase>[0]) {
  const { url } = await createTestDatabase(t);
  const db = createDatabase(createPools({ connection: { connectionString: url }, size: 4 }));
  t.teardown(() => db.close());
  const keys = createFileKeyStore({ directory: path.join(t.testdir(), 'keys'), clock: systemClock });
  const store = createPostgresBodyStore(db);
  const sealer = createSealer({ store, keys });
  const content = randomBytes(1_000_000);
  async function* chunks() {
    for (let from = 0; from < content.length; from += 50_000) yield content.subarray(from, from + 50_000);
  }
  const sealed = await sealer.sealStream(chunks(), content.length);
  const body = await sealer.finish(sealed, Buffer.from('{}'));
  return { db, store, content, body, bodies: createBodyReader({ store, keys }) };
}

t.test('an upload of several segments is kept and read back', async (t) => {
  const { db, store, content, body, bodies } = await setUp(t);
  t.ok(body.uploaded);
  t.notOk((await bodies.open([body.id])).has(body.id), 'nobody sees it before it is kept');
  await db.transact((tx) => store.keep(tx, [body]));
  const parts: Buffer[] = [];
  for await (const part of (await bodies.open([body.id])).get(body.id)?.content() ?? []) parts.push(part);
  t.ok(Buffer.concat(parts).equals(content), 'byte for byte');
});

t.test('an upload that lost a part is not accepted, as after a crash of the server', async (t) => {
  const { db, store, body } = await setUp(t);
  await db.transact(({ client }) =>
    client.query('delete from body_segments where body_id = $1 and segment = 7', [body.id]),
  );
  await t.rejects(
    db.transact((tx) => store.keep(tx, [body])),
    /lost a part/,
  );
});

t.test('an upload that was swept is not accepted, and takes no more', async (t) => {
  const { db, store, body } = await setUp(t);
  t.equal(await store.sweep(-1_000), 1);
  await t.rejects(
    db.transact((tx) => store.keep(tx, [body])),
    /swept/,
  );
  await t.rejects(store.append(body.id, 99, [randomBytes(100)]), /swept/);
});
