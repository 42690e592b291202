import t from 'tap';
import { readTuples } from '../../src/db/copy-binary.ts';
import { createDatabase, createPools } from '../../src/db/index.ts';
import { createTestDatabase } from '../support/database.ts';

const connection = { connectionString: (await createTestDatabase(t)).url };
const pools = createPools({ connection, size: 2 });
const db = createDatabase(pools);
t.teardown(() => db.close());

t.test('brings bytes as they are', async (t) => {
  const rows = await db.copyOut(
    `select x, y from (values (1, '\\x00ff0a'::bytea, null::bytea), (2, '', '\\x01')) v (n, x, y) order by n`,
  );
  t.same(rows, [
    [Buffer.from([0, 0xff, 0x0a]), null],
    [Buffer.alloc(0), Buffer.from([1])],
  ]);
  t.same(await db.copyOut(`select ''::bytea where false`), []);
  const [[large]] = (await db.copyOut(`select decode(repeat('00ff', 300000), 'hex')`)) as [[Buffer]];
  t.equal(large.length, 600_000);
  t.ok(large.every((byte, at) => byte === (at % 2 === 0 ? 0 : 0xff)));
});

t.test('a select that fails gives its connection back', async (t) => {
  await t.rejects(db.copyOut('select nothing from nowhere'), { code: '42P01' });
  // It began well, and failed on the way.
  await t.rejects(
    db.copyOut(`select (repeat('x', 100000 / (50 - n)))::bytea from generate_series(1, 60) n`),
    {
      code: '22012',
    },
  );
  t.same(await db.copyOut(`select '\\x07'::bytea`), [[Buffer.from([7])]], 'the only connection serves on');
  t.equal(pools.copies.totalCount, 1);
});

t.test('a COPY that is cut or none', async (t) => {
  const whole = Buffer.concat([
    Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
    Buffer.from('0000000000000003aabbcc', 'hex'),
    Buffer.from('0001000000020102ffff', 'hex'),
  ]);
  t.same(readTuples(whole), [[Buffer.from([1, 2])]], 'an extension of the header is passed over');
  for (let length = 0; length < whole.length; length++) {
    t.throws(() => readTuples(whole.subarray(0, length)), `${length} bytes`);
  }
});
