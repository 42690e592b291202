import { readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { systemClock } from '../../src/clock.ts';
import { createDatabase, createPools } from '../../src/db/index.ts';
import type { EvidenceDraft } from '../../src/evidence/index.ts';
import { createBodyReader } from '../../src/exchange/bodies/reader.ts';
import { createSealer } from '../../src/exchange/bodies/sealer.ts';
import { createKekRotation, createPostgresBodyStore } from '../../src/exchange/index.ts';
import { createFileKeyStore } from '../../src/keys/index.ts';
import { createTestDatabase } from '../support/database.ts';

async function setUp(t: Parameters<typeof createTestDatabase>[0]) {
  const { url } = await createTestDatabase(t);
  const db = createDatabase(createPools({ connection: { connectionString: url }, size: 4 }));
  t.teardown(() => db.close());
  const directory = path.join(t.testdir(), 'keys');
  const attested: EvidenceDraft[] = [];
  const damaged: string[] = [];

  /** One process of a node: its own view of the shared keys. */
  function replica() {
    const keys = createFileKeyStore({ directory, clock: systemClock });
    const store = createPostgresBodyStore(db);
    const rotation = createKekRotation({
      db,
      keys,
      attest: async (_tx, record) => {
        attested.push(record);
      },
      epochDays: 30,
      condemnedS: 0,
      onDamage: (id) => damaged.push(id),
    });
    const sealer = createSealer({ store, keys });
    const bodies = createBodyReader({ store, keys });
    return {
      keys,
      rotation,
      async keep(size: number): Promise<string> {
        const content = sealer.sealWhole(Buffer.alloc(size, 7), 'digest');
        const body = await sealer.finish(content, Buffer.from('{}'));
        await db.transact((tx) => store.keep(tx, [body]));
        return body.id;
      },
      async read(id: string): Promise<number> {
        let size = 0;
        for await (const part of (await bodies.open([id])).get(id)?.content() ?? []) size += part.length;
        return size;
      },
      async sweepAll() {
        while (await rotation.sweep());
      },
    };
  }
  const keksOf = async () =>
    new Set((await db.read.selectFrom('bodies').select('kek_id').execute()).map((row) => row.kek_id));
  const kekFiles = () => readdirSync(directory).filter((name) => name.startsWith('kek'));
  const age = (what: string, kekId: string) =>
    db.transact(({ client }) =>
      client.query(`update kek_epochs set ${what} = now() - interval '31 days' where kek_id = $1`, [kekId]),
    );
  return { db, replica, keksOf, kekFiles, age, attested, damaged };
}

t.test('rotating wraps everything anew while it is read', async (t) => {
  const { replica, keksOf, attested } = await setUp(t);
  const [one, two] = [replica(), replica()];
  await one.rotation.sweep();
  const first = one.keys.currentKekId();
  const ids: string[] = [];
  for (let count = 0; count < 600; count++) ids.push(await one.keep(count % 50 === 0 ? 200_000 : 100));
  let reading = true;
  let reads = 0;
  const reader = (async () => {
    for (let at = 0; reading; at = (at + 7) % ids.length) {
      const size = await two.read(ids[at] as string);
      if (size !== (at % 50 === 0 ? 200_000 : 100)) throw new Error(`${size} bytes of body ${at}`);
      reads++;
    }
  })();
  const second = await one.rotation.rotate();
  t.not(second, first);
  await Promise.all([one.sweepAll(), two.sweepAll()]);
  reading = false;
  await reader;
  t.ok(reads > 0);
  t.same([...(await keksOf())], [second]);
  t.equal(two.keys.currentKekId(), second, 'the other replica wraps under the new one');
  for (const id of ids.slice(0, 60)) t.ok((await two.read(id)) >= 100);
  t.match(await one.rotation.list(), [
    { kekId: first, state: 'replaced' },
    { kekId: second, state: 'active' },
  ]);
  t.same(
    attested.map((record) => record.subject),
    [`kek:${first}:active`, `kek:${second}:active`, `kek:${first}:replaced`],
  );
});

t.test('a replaced key is destroyed an epoch later, and never while something needs it', async (t) => {
  const { db, replica, kekFiles, age } = await setUp(t);
  const node = replica();
  await node.rotation.sweep();
  const first = node.keys.currentKekId();
  const id = await node.keep(100);
  const second = await node.rotation.rotate();
  await node.sweepAll();
  await node.sweepAll();
  t.equal(kekFiles().length, 2, 'its backups stay restorable for an epoch');

  await age('replaced_at', first);
  const redemption = '01890000-0000-7000-8000-000000000001';
  await db.transact(({ client }) =>
    client.query(
      `insert into peers (entity_id, state, federation_endpoint) values ('https://p.example', 'active', 'https://p.example')`,
    ),
  );
  await db.transact(({ client }) =>
    client.query(
      `insert into link_redemptions (link_id, peer, token_sha256, state, kek_id, wrapped_code_key, created_at, expires_at)
       values ($1, 'https://p.example', '\\x00', 'pending', $2, '\\x00', now(), now())`,
      [redemption, first],
    ),
  );
  await node.sweepAll();
  await node.sweepAll();
  t.equal(kekFiles().length, 2, 'a completion code is still wrapped under it');
  await db.transact(({ client }) => client.query('delete from link_redemptions'));

  await node.sweepAll();
  t.equal(kekFiles().length, 2, 'condemned at the first look');
  await node.sweepAll();
  t.equal(kekFiles().length, 1, 'destroyed at the second');
  t.match(await node.rotation.list(), [{ kekId: first, state: 'destroyed' }, { kekId: second }]);
  t.equal(await node.read(id), 100);
  t.equal(await replica().read(id), 100, 'a replica that starts now reads it too');
});

t.test('an epoch ends by itself, and half a rotation is completed', async (t) => {
  const { replica, keksOf, age } = await setUp(t);
  const node = replica();
  await node.rotation.sweep();
  const first = node.keys.currentKekId();
  await node.keep(100);
  await node.sweepAll();
  t.equal(node.keys.currentKekId(), first, 'young enough');
  await age('created_at', first);
  await node.sweepAll();
  const second = node.keys.currentKekId();
  t.not(second, first);
  t.same([...(await keksOf())], [second]);

  const third = await node.keys.generateKek();
  await node.keep(100);
  await replica().sweepAll();
  t.match(await node.rotation.list(), [
    { kekId: first, state: 'replaced' },
    { kekId: second, state: 'replaced' },
    { kekId: third, state: 'active' },
  ]);
  t.same([...(await keksOf())], [third]);
});

t.test('a key that can not be unwrapped stays, and so does what wraps it', async (t) => {
  const { db, replica, kekFiles, age, damaged } = await setUp(t);
  const node = replica();
  await node.rotation.sweep();
  const first = node.keys.currentKekId();
  const id = await node.keep(100);
  await db.transact(({ client }) =>
    client.query('update bodies set wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1)'),
  );
  await node.rotation.rotate();
  await node.sweepAll();
  await age('replaced_at', first);
  await node.sweepAll();
  await node.sweepAll();
  t.ok(damaged.includes(id));
  t.equal(kekFiles().length, 2);
});
