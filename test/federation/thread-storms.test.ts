// Conversations as a storm: customers, hosts and guests who say more than is allowed, at once and over replicas, and
// threads that have become very long.
import t, { type Test } from 'tap';
import { craft, put } from '../support/craft.ts';
import { answer, openCustomer, replySettled, type Said } from '../support/customer.ts';
import { restartTestNode, type TestNode } from '../support/node.ts';
import { type SlotPair, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const WORDS_A_DAY = 20;
const WORDS_TAKEN_A_DAY = 200;
const ANSWERS_IN_A_ROW = 5;

const hello = { text: 'Bonjour', language: 'fr' };

/** SQL: an id such as exchanges have. */
const UUID_V7 = `overlay(gen_random_uuid()::text placing '7' from 15)`;

/** A second process of the same node, behind a port of its own. */
async function replicaOf(t: Test, node: TestNode): Promise<TestNode> {
  const port = String(Number(node.env['INTERVAULT_PORT']) + 1);
  const second = await restartTestNode(t, { ...node.env, INTERVAULT_PORT: port });
  return { ...second, url: `http://127.0.0.1:${port}` };
}

/** Pushes by hand what a node would not say itself; what each was answered. */
async function push(
  from: TestNode,
  to: TestNode,
  replicas: readonly TestNode[],
  given: { link: string; bodies: readonly Record<string, unknown>[] },
): Promise<{ jti: string; status: number; code: string | undefined }[]> {
  const crafted = await Promise.all(
    given.bodies.map((body) =>
      craft(from, to, { act: 'slot.reply', link: given.link as SlotPair['link'], content: null, body }),
    ),
  );
  return Promise.all(
    crafted.map(async (one, at) => {
      const { status, type, json } = await put(replicas[at % replicas.length] as TestNode, one);
      const code = type === 'application/problem+json' ? String(json()['code']) : undefined;
      return { jti: one.jti, status, code };
    }),
  );
}

t.test('a customer’s words at once, over two replicas: never one too many', async (t) => {
  const pair = await startSlotPair(t);
  const second = await replicaOf(t, pair.host);
  const customers = await Promise.all(
    [pair.host, second].map((host) => openCustomer({ ...pair, host } as SlotPair)),
  );
  const word = { kind: 'reply', peer: pair.guest.url, ...hello };
  const said = await Promise.all(
    Array.from({ length: 50 }, (_, at) => (customers[at % 2] as (typeof customers)[0]).say(word)),
  );
  t.equal(said.filter(({ status }) => status === 201).length, WORDS_A_DAY);
  const refused = said.filter(({ status }) => status !== 201);
  t.equal(refused.length, 50 - WORDS_A_DAY);
  for (const one of refused) t.match(one, { status: 422, body: { code: 'reply.limit' } });
  t.equal((await sql(pair.host, 'select 1 from replies')).length, WORDS_A_DAY);
});

t.test('a customer who says and undoes without end', async (t) => {
  const pair = await startSlotPair(t);
  const { say, vault, path } = await openCustomer(pair);
  const word = { kind: 'reply', peer: pair.guest.url, ...hello };
  const undone = (await say(word)).body as unknown as Said;
  t.equal((await vault.call('POST', `${path}/replies/${undone.id}/undo`)).status, 204);
  const repeat = (times: number) =>
    sql(
      pair.host,
      `insert into replies select (jsonb_populate_record(r, jsonb_build_object('jti', ${UUID_V7}))).*
       from replies r, generate_series(1, $2) where r.jti = $1`,
      [undone.id, times],
    );
  await repeat(98);
  t.equal((await say(word)).status, 201, 'the hundredth can still be said');
  await repeat(1);
  t.match(await say(word), { status: 422, body: { code: 'reply.limit' } });
});

t.test('a host gone mad pushes a customer’s words without end, over two replicas of the guest', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link } = pair;
  const second = await replicaOf(t, guest);
  const bodies = Array.from({ length: WORDS_TAKEN_A_DAY + 40 }, () => ({
    ...{ from: 'customer', kind: 'reply' },
    ...hello,
  }));
  const answers = await push(host, guest, [guest, second], { link, bodies });
  t.equal(answers.filter(({ status }) => status === 201).length, WORDS_TAKEN_A_DAY);
  const refused = answers.filter(({ status }) => status !== 201);
  t.same([...new Set(refused.map(({ status, code }) => `${status} ${code}`))], ['429 rate.limited']);
  t.equal((await sql(guest, 'select 1 from replies')).length, WORDS_TAKEN_A_DAY);
  const kept = 'select 1 from inbound_exchanges where jti = any($1::uuid[])';
  t.same(await sql(guest, kept, [refused.map(({ jti }) => jti)]), [], 'a refusal for now keeps nothing');
  await sql(guest, `update replies set at = at - interval '25 hours'`);
  const [later] = await push(host, guest, [guest], { link, bodies: bodies.slice(0, 1) });
  t.match(later, { status: 201 }, 'a day later there is room');
});

t.test('a guest’s program answers without end, at once and over two replicas of the host', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link } = pair;
  const second = await replicaOf(t, host);
  const { sayNow } = await openCustomer(pair);
  for (const replicas of [[host], [host, second]]) {
    const { id, thread } = await sayNow({ kind: 'reply', peer: guest.url, ...hello });
    const body = { ...{ from: 'guest', thread, answers: id, handledBy: 'bot' }, ...hello };
    const answers = await push(guest, host, replicas, { link, bodies: Array(30).fill(body) });
    t.equal(answers.filter(({ status }) => status === 201).length, ANSWERS_IN_A_ROW);
    const refused = answers.filter(({ status }) => status === 422).map(({ jti }) => jti);
    t.equal(refused.length, 30 - ANSWERS_IN_A_ROW);
    const reasons = `select distinct reason, body_id from inbound_exchanges where jti = any($1::uuid[])`;
    t.same(await sql(host, reasons, [refused]), [{ reason: 'reply.limit', body_id: null }]);
    const shown = `select 1 from replies where thread = $1 and kind = 'answer'`;
    t.equal((await sql(host, shown, [thread])).length, ANSWERS_IN_A_ROW);
  }
});

t.test('in a storm of programs the person whom the customer asked for gets through, once', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link } = pair;
  const { sayNow, threads } = await openCustomer(pair);
  const { id, thread } = await sayNow({ kind: 'ask_human', peer: guest.url });
  const by = (handledBy: string) => ({ ...{ from: 'guest', thread, answers: id, handledBy }, ...hello });
  const bots = await push(guest, host, [host], { link, bodies: Array(12).fill(by('bot')) });
  t.equal(bots.filter(({ status }) => status === 201).length, ANSWERS_IN_A_ROW);
  t.match(await threads(), [{ waitingForHuman: true }]);
  const people = await push(guest, host, [host], { link, bodies: Array(6).fill(by('human')) });
  t.equal(people.filter(({ status }) => status === 201).length, 1, 'nobody waits any more');
  t.match(await threads(), [{ waitingForHuman: false, answered: true }]);
});

t.test('of a thread with thousands of entries the newest are shown', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, sayNow, thread, threads, crm, vault, path } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'displayed' });
  const said = await sayNow({ kind: 'reply', message: item?.id, text: 'Un', language: 'fr' });
  await answer(pair, crm, said.id);
  // As if it had gone on for a year: each message a minute after the one before, each word a second.
  await sql(pair.host, `update hosted_messages set placed_at = placed_at - interval '365 days'`);
  await sql(
    pair.host,
    `insert into hosted_messages select (jsonb_populate_record(m, jsonb_build_object('id', ${UUID_V7},
       'jti', ${UUID_V7}, 'thread', m.jti, 'placed_at', m.placed_at + n * interval '1 minute'))).*
     from hosted_messages m, generate_series(1, 300) n`,
  );
  await sql(
    pair.host,
    `insert into message_displays select (jsonb_populate_record(d, jsonb_build_object('message_id', m.id))).*
     from message_displays d, hosted_messages m where m.id <> d.message_id`,
  );
  await sql(
    pair.host,
    `insert into replies select (jsonb_populate_record(r, jsonb_build_object('jti', ${UUID_V7},
       'at', r.at - interval '300 days' + n * interval '1 second'))).*
     from replies r, generate_series(1, 1500) n`,
  );
  const last = await sayNow({ kind: 'reply', thread: sent.id, text: 'Le dernier', language: 'fr' });
  const { id: latest } = (await answer(pair, crm, last.id)) as { id: string };

  const entries = await thread(sent.id);
  t.equal(entries.filter(({ kind }) => kind === 'message').length, 200);
  t.equal(entries.filter(({ kind }) => kind !== 'message').length, 500);
  t.same(
    entries.slice(-2).map(({ id }) => id),
    [last.id, latest],
    'oldest first',
  );
  t.match(entries.at(-2), { body: 'Le dernier' });
  const newest = `select id from hosted_messages order by placed_at desc limit 200`;
  t.same(
    entries.flatMap(({ kind, id }) => (kind === 'message' ? [id] : [])).reverse(),
    (await sql(pair.host, newest)).map(({ id }) => id),
    'what came last is not cut off',
  );
  t.match(await threads(), [{ thread: sent.id, entries: 3004, answered: true }]);
  const again = await vault.call('GET', `${path}/threads/${sent.id}?locale=en`);
  t.ok(again.bytes.length < 700 * 1024, 'a page holds it');
});

t.test('of thousands of threads the newest are listed', async (t) => {
  const pair = await startSlotPair(t);
  const { say, vault, path } = await openCustomer(pair);
  const first = (await say({ kind: 'ask_human', peer: pair.guest.url })).body as unknown as Said;
  await pair.host.outbox.retryNow(first.id);
  await replySettled(pair.host, first.id);
  await sql(
    pair.host,
    `insert into replies select (jsonb_populate_record(r, jsonb_build_object('jti', g.id, 'thread', g.id,
       'at', r.at - g.n * interval '1 minute'))).*
     from replies r, (select ${UUID_V7} as id, n from generate_series(1, 5000) n) g`,
  );
  const list = async (query = '') =>
    (await vault.call('GET', `${path}/threads${query}`)).body as {
      threads?: { thread: string }[];
      code?: string;
    };
  t.equal((await list()).threads?.length, 20);
  const { threads } = await list('?limit=100');
  t.equal(threads?.[0]?.thread, first.thread);
  const newest = await sql(pair.host, 'select thread from replies order by at desc limit 100');
  t.same(
    threads?.map(({ thread }) => thread),
    newest.map(({ thread }) => thread),
  );
  t.match(await list('?limit=101'), { code: 'request.invalid' });
});
