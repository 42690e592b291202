import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createApiClient, submissionForm } from '../support/api.ts';
import { put } from '../support/craft.ts';
import { eventually, type TestNode } from '../support/node.ts';
import { largeFile, smallFile } from '../support/steady-load.ts';
import { ACCEPTED, BODY, checkLog, NOTHING, startBench } from './bench.ts';

const bench = await startBench(t, {
  sender: { env: { INTERVAULT_RETRY_BASE_MS: '50', INTERVAULT_RETRY_CAP_MS: '300' } },
  recipient: { env: { INTERVAULT_DATABASE_POOL_SIZE: '4' } },
});
const { a, b, link, craft, kept } = bench;

/** Makes a node's database refuse to write a table, with this SQLSTATE. Returns what ends it. */
async function refuseWrites(
  node: TestNode,
  table: string,
  sqlState: string,
  when = 'true',
): Promise<() => Promise<void>> {
  const run = (sql: string) => node.db.withClient((client) => client.query(sql));
  await run(`create or replace function test_refuse() returns trigger language plpgsql as
    $$ begin raise exception 'refused by the test' using errcode = '${sqlState}'; end $$`);
  await run(`create trigger test_refuse before insert on ${table} for each row when (${when})
    execute function test_refuse()`);
  return async () => {
    await run(`drop trigger test_refuse on ${table}`);
  };
}

const DISK_FULL = '53100';

t.test('a full disk at the recipient keeps nothing, and ends', async (t) => {
  for (const [name, table, content] of [
    ['a small document', 'bodies', smallFile()],
    ['a large one, while it streams in', 'body_segments', largeFile()],
    ['a large one, at its acceptance', 'inbound_exchanges', largeFile()],
  ] as const) {
    await t.test(name, async (t) => {
      const end = await refuseWrites(b, table, DISK_FULL);
      const crafted = await craft({ content });
      const answer = await put(b, crafted);
      t.equal(answer.status, 507);
      t.match(answer.json(), { code: 'database.exhausted', retryable: true });
      t.same(await kept(crafted.jti), NOTHING);
      await end();
      t.equal((await put(b, crafted)).status, 201);
      t.same(await kept(crafted.jti), ACCEPTED);
    });
  }
});

async function storedAtSender(): Promise<unknown> {
  const { rows } = await a.db.withClient((client) =>
    client.query(`select (select count(*) from outbound_exchanges) as exchanges, (select count(*) from bodies) as bodies,
      (select count(*) from body_segments) as segments, (select count(*) from sent_documents) as documents`),
  );
  return rows[0];
}

t.test('a full disk at the sender', async (t) => {
  const integrator = await createApiClient(a, 'integrator');
  const submit = (content: Buffer) =>
    integrator.call('POST', '/v1/documents', {
      body: submissionForm({ link, ...BODY }, new Uint8Array(content)),
    });
  for (const [name, table, content] of [
    ['a small submission', 'outbound_exchanges', smallFile()],
    ['a large submission', 'body_segments', largeFile()],
  ] as const) {
    await t.test(name, async (t) => {
      const end = await refuseWrites(a, table, DISK_FULL);
      const before = await storedAtSender();
      const refused = await submit(content);
      t.equal(refused.status, 507);
      t.match(refused.body, { code: 'database.exhausted', retryable: true });
      t.ok(Number(refused.headers.get('retry-after')) > 0, 'says when to come back');
      t.same(await storedAtSender(), before, 'nothing is kept');
      await end();
      t.equal((await submit(content)).status, 201);
    });
  }
  await t.test('a receipt that cannot be stored is fetched again', async (t) => {
    const end = await refuseWrites(a, 'evidence_records', DISK_FULL, `new.event = 'ReceiptStored'`);
    const submitted = await submit(smallFile());
    const id = submitted.body['id'] as string;
    await eventually(async () => (await kept(id)).documents === 1);
    await sleep(100);
    t.not((await a.documents.sent(id))?.state, 'accepted', 'not before it holds the receipt');
    await end();
    // The lease of the try that failed, which lasts a quarter of one.
    await a.db.withClient((client) =>
      client.query('update deliveries set leased_until = now() where jti = $1', [id]),
    );
    await eventually(async () => (await a.documents.sent(id))?.state === 'accepted');
    t.same(await kept(id), ACCEPTED, 'once');
  });
});

t.test('one bad item spoils none of its batch', async (t) => {
  const many = await Promise.all(Array.from({ length: 30 }, () => craft()));
  const bad = many[17] as (typeof many)[number];
  const end = await refuseWrites(b, 'received_documents', '22000', `new.jti = '${bad.jti}'`);
  const answers = await Promise.all(many.map((crafted) => put(b, crafted)));
  const failed = answers.flatMap(({ status }, at) => (status === 201 ? [] : [at]));
  t.same(failed, [17]);
  t.equal(answers[17]?.status, 500);
  t.match(answers[17]?.json(), { code: 'internal.error', retryable: true });
  t.same(await kept(bad.jti), NOTHING);
  await end();
  t.equal((await put(b, bad)).status, 201, 'and its id is not consumed');
});

t.test('every connection taken: told to come back, then taken', async (t) => {
  const release = Promise.withResolvers<void>();
  // Of its four, one is for COPY.
  const taken = Promise.all(Array.from({ length: 3 }, () => b.db.withClient(() => release.promise)));
  const crafted = await craft();
  const answer = await put(b, crafted);
  t.equal(answer.status, 503);
  t.match(answer.json(), { code: 'database.unavailable', retryable: true });
  release.resolve();
  await taken;
  t.same(await kept(crafted.jti), NOTHING);
  t.equal((await put(b, crafted)).status, 201);
});

t.test('the server has no connection left for us', async (t) => {
  const end = await refuseWrites(b, 'bodies', '53300');
  const crafted = await craft();
  const answer = await put(b, crafted);
  t.equal(answer.status, 503, 'it is busy, not full');
  t.match(answer.json(), { code: 'database.unavailable', retryable: true });
  await end();
  t.same(await kept(crafted.jti), NOTHING);
});

t.test('every connection cut, again and again', async (t) => {
  let stop = false;
  const cutting = (async () => {
    const { rows } = await b.db.withClient((client) => client.query('select current_database() as name'));
    while (!stop) {
      await a.db.withClient((client) =>
        client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
          rows[0].name,
        ]),
      );
      await sleep(30);
    }
  })();
  const many = await Promise.all(Array.from({ length: 20 }, () => craft({ content: smallFile(50_000) })));
  const codes = new Set<string>();
  const deliver = async (t: Test, crafted: (typeof many)[number]) => {
    const receipts = new Set<string>();
    for (let tries = 0; tries < 200; tries++) {
      const answer = await put(b, crafted);
      if (answer.status < 300) receipts.add(answer.body.toString());
      else codes.add(`${answer.status} ${answer.json()['code']}`);
      if (answer.status < 300 && tries > 2) break;
      await sleep(20);
    }
    t.equal(receipts.size, 1, 'one receipt, however often it is asked for');
  };
  await Promise.all(many.map((crafted) => deliver(t, crafted)));
  stop = true;
  await cutting;
  t.same([...codes], ['503 database.unavailable'], 'nothing else was ever answered');
  for (const crafted of many) t.same(await kept(crafted.jti), ACCEPTED);
});

t.test('the log tells of it, and of nobody’s document', async (t) => {
  const problems = new Set(bench.log.lines.map((line) => line['problem']));
  t.ok(problems.has('database.exhausted'));
  t.ok(problems.has('database.unavailable'));
  t.ok(problems.has('internal.error'));
  checkLog(t, bench, []);
});
