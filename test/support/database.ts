import pg from 'pg';
import type { Test } from 'tap';

export type TestDatabase = { url: string; name: string };

/** Cloning takes no second connection to the template, so clones are made one after the other. */
const CLONE_LOCK = 4_931_770_002;

const URL_PARTS = /^(postgres(?:ql)?:\/\/[^/?]*\/)([^/?]+)(.*)$/;

let clones = 0;

/** A database of its own for one test file: a copy of the migrated template, dropped when `t` ends. */
export async function createTestDatabase(t: Test): Promise<TestDatabase> {
  const templateUrl = process.env['INTERVAULT_TEST_DATABASE_URL'];
  const [, server, template, options] = URL_PARTS.exec(templateUrl ?? '') ?? [];
  if (server === undefined || template === undefined || options === undefined) {
    throw new Error(
      'INTERVAULT_TEST_DATABASE_URL names no database: run this file with "npm test -- test/….test.ts", which starts one',
    );
  }
  const name = `${template}_${process.pid}_${++clones}`;
  const adminUrl = `${server}postgres${options}`;
  await administer(adminUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [CLONE_LOCK]);
    await client.query(`create database "${name}" template "${template}"`);
  });
  t.teardown(() =>
    // Whatever a failed test left open must not keep the database.
    administer(adminUrl, (client) => client.query(`drop database if exists "${name}" with (force)`)),
  );
  return { url: `${server}${name}${options}`, name };
}

async function administer(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
