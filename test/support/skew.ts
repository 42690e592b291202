import type { Test } from 'tap';
import { restartTestNode, type TestNode } from './node.ts';
import { sql } from './slot.ts';

export type Skewed = {
  node: TestNode;
  /** Sets the node's clock and its database's so much ahead of everybody's, or one of them. */
  by(seconds: number, which?: 'both' | 'database'): Promise<void>;
};

/**
 * Starts a node anew on clocks that can be set. Of the database's, functions of the same name that are found first: the
 * program asks it what time it is.
 */
export async function skewable(t: Test, running: TestNode): Promise<Skewed> {
  await sql(running, 'create table skew as select 0::float8 as seconds');
  for (const name of ['now', 'clock_timestamp'])
    await sql(
      running,
      `create function public.${name}() returns timestamptz language sql stable
       as 'select pg_catalog.${name}() + seconds * interval ''1 second'' from public.skew'`,
    );
  // Defaults were bound to the database's own functions when the tables were made.
  await sql(
    running,
    `do $$ declare d record; begin
       for d in select table_name as tab, column_name as col from information_schema.columns
         where table_schema = 'public' and column_default = 'now()'
       loop execute format('alter table %I alter column %I set default public.now()', d.tab, d.col); end loop;
       execute format('alter database %I set search_path = public, pg_catalog', current_database());
     end $$`,
  );
  // And the literal 'now', by which a delivery is due at once, is the database's own.
  await sql(
    running,
    `create function due_at_once() returns trigger language plpgsql as $$ begin
       if new.next_attempt_at = pg_catalog.now() then new.next_attempt_at := public.now(); end if;
       return new;
     end $$`,
  );
  await sql(
    running,
    'create trigger due_at_once before insert on deliveries for each row execute function due_at_once()',
  );
  await running.stop();
  let offsetMs = 0;
  const node = await restartTestNode(t, running.env, { clock: { nowMs: () => Date.now() + offsetMs } });
  return {
    node,
    async by(seconds, which = 'both') {
      if (which === 'both') offsetMs = seconds * 1000;
      await sql(node, 'update skew set seconds = $1', [seconds]);
    },
  };
}
