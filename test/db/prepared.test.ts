import t from 'tap';
import { createDatabase, createPools, insertRows, queryByIds, queryByRows } from '../../src/db/index.ts';
import { LARGEST_SIZE, sizeHolding, sizeWithin } from '../../src/db/statement-sizes.ts';
import { newUuidV7 } from '../../src/random.ts';
import { createTestDatabase } from '../support/database.ts';

const db = createDatabase(
  createPools({ connection: { connectionString: (await createTestDatabase(t)).url }, size: 2 }),
);
t.teardown(() => db.close());

const CUSTOMERS = { table: 'customers', columns: ['id', 'reference', 'created_at'] };
const AT = new Date('2026-01-31T12:34:56.789Z');
const rowsOf = (ids: readonly string[]) => ids.map((id) => [id, `customer ${id}`, AT]);

t.test('sizes', async (t) => {
  for (let count = 1; count <= LARGEST_SIZE; count++) {
    const size = sizeWithin(count);
    t.ok(size <= count && (count - size) * 3 <= count, `${count}: ${size}, at most a third is left`);
    t.ok(sizeHolding(count) >= count, `${count} fit`);
  }
  t.equal(sizeWithin(1_000), LARGEST_SIZE);
  t.equal(sizeWithin(100, 50), 48);
  t.throws(() => sizeHolding(LARGEST_SIZE + 1), RangeError);
});

t.test('as many rows as were given, whatever their number', async (t) => {
  for (const count of [0, 1, 5, 7, 255, 256, 257, 700]) {
    const ids = Array.from({ length: count }, newUuidV7);
    const inserted = await db.transact((tx) => insertRows(tx, CUSTOMERS, rowsOf(ids)));
    t.equal(inserted, count);
    const found = await db.withClient((client) =>
      queryByIds<{ id: string; created_at: Date }>(
        client,
        {
          name: 'test-customers',
          text: (list) =>
            `select id, created_at from customers where reference <> $1 and id = any(${list}) order by id`,
          values: ['nobody'],
        },
        ids,
      ),
    );
    t.same(
      found.map(({ id }) => id),
      ids,
      `${count}, each once and in the order they were made`,
    );
    for (const row of found.slice(0, 3)) t.same(row.created_at, AT);
    const changed = await db.transact((tx) =>
      queryByRows<{ id: string }>(
        tx.client,
        {
          name: 'test-rename',
          types: ['uuid', 'text'],
          text: (rows) =>
            `update customers c set reference = r.reference from (${rows}) as r (id, reference) where c.id = r.id returning c.id`,
        },
        ids.map((id) => [id, `renamed ${id}`]),
      ),
    );
    t.equal(changed.count, count);
    t.equal(changed.rows.length, count);
  }
});

t.test('what was there already is not counted as inserted', async (t) => {
  const ids = Array.from({ length: 10 }, newUuidV7);
  const target = { ...CUSTOMERS, suffix: 'on conflict (id) do nothing' };
  t.equal(await db.transact((tx) => insertRows(tx, CUSTOMERS, rowsOf(ids.slice(0, 4)))), 4);
  t.equal(await db.transact((tx) => insertRows(tx, target, rowsOf(ids))), 6);
});
