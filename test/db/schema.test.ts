import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t from 'tap';
import { dumpSchema } from '../../src/db/schema-dump.ts';
import { createTestDatabase } from '../support/database.ts';

const committed = path.join(import.meta.dirname, '..', '..', 'migrations', 'schema.txt');

t.test('migrations/schema.txt is what the migrations make', async (t) => {
  const { url } = await createTestDatabase(t);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const dump = await dumpSchema(client).finally(() => client.end());
  t.equal(await readFile(committed, 'utf8'), dump, 'if the change is meant: npm run schema:dump');
});

t.test('the dump shows what a table can be made of', async (t) => {
  const { url } = await createTestDatabase(t);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const before = await dumpSchema(client);
    await client.query(`
      create type zz_mood as enum ('calm', 'busy');
      create domain zz_share as int check (value between 0 and 100);
      create table zz_parent (id uuid primary key, note text default 'x' not null);
      create unlogged table zz_child (
        zz_id bigint generated always as identity, parent uuid references zz_parent, mood zz_mood,
        twice int generated always as (2 * 3) stored, body bytea,
        check (twice > 0), unique (parent, mood)
      ) with (fillfactor = 70);
      alter table zz_child alter body set storage external;
      create index zz_child_body on zz_child (mood) where mood = 'calm';
      create function zz_refuse() returns trigger language plpgsql as 'begin return null; end';
      create trigger zz_guard before update on zz_child for each row execute function zz_refuse();
    `);
    const after = await dumpSchema(client);
    for (const line of [
      "enum zz_mood ('calm', 'busy')",
      'domain zz_share integer CHECK (((VALUE >= 0) AND (VALUE <= 100)))',
      "  column note text not null default 'x'::text",
      'unlogged table zz_child with (fillfactor=70)',
      '  column zz_id bigint not null generated always as identity',
      '  column twice integer generated always as ((2 * 3)) stored',
      '  column body bytea storage external',
      '  constraint zz_child_parent_fkey FOREIGN KEY (parent) REFERENCES zz_parent(id)',
      '  constraint zz_child_twice_check CHECK ((twice > 0))',
      '  constraint zz_child_parent_mood_key UNIQUE (parent, mood)',
      "  index CREATE INDEX zz_child_body ON public.zz_child USING btree (mood) WHERE (mood = 'calm'::zz_mood)",
      '  trigger CREATE TRIGGER zz_guard BEFORE UPDATE ON public.zz_child FOR EACH ROW EXECUTE FUNCTION zz_refuse()',
      'function zz_refuse()',
    ]) {
      t.ok(after.split('\n').includes(line), line);
      t.notOk(before.split('\n').includes(line));
    }
  } finally {
    await client.end();
  }
});
