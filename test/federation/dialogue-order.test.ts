// Conversations in the wrong order: late words, late receipts, answers at once, and a process that dies in between.
import t from 'tap';
import { lockAnswered } from '../../src/slots/dialogue/store.ts';
import { writeHumanAnswers } from '../../src/slots/dialogue/waiting-store.ts';
import { answer, openCustomer, replySettled, type Said } from '../support/customer.ts';
import { eventually } from '../support/node.ts';
import { sendAndWait, sql, startSlotPair } from '../support/slot.ts';

t.test('what left in spite of its undoing is told as what it is', async (t) => {
  const pair = await startSlotPair(t);
  const { say, vault, path, crm } = await openCustomer(pair);
  const said = (await say({ kind: 'ask_human', peer: pair.guest.url, text: 'Non !', language: 'fr' }))
    .body as unknown as Said;
  // It was under way already when it was undone.
  await sql(pair.host, `update replies set state = 'undone' where jti = $1`, [said.id]);
  await pair.host.outbox.retryNow(said.id);
  await eventually(async () => {
    const [r] = await sql(pair.host, `select state from outbound_exchanges where jti = $1`, [said.id]);
    return r?.['state'] === 'accepted' ? true : undefined;
  });
  t.match(
    (await crm.call('GET', `/v1/replies/${said.id}`)).body,
    { text: 'Non !' },
    'the guest has the words',
  );
  const [h] = await sql(pair.host, 'select state from replies where jti = $1', [said.id]);
  t.equal(h?.['state'], 'accepted', 'the host knows that it left');
  const learned = (await vault.call('GET', `${path}/learned`)).body['events'] as object[];
  t.equal(learned.length, 1, 'the customer sees that it was told');
  t.match(await answer(pair, crm, said.id), { state: 'accepted' }, 'a person may answer');
});

t.test('five answers of a bot shut the person out', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow, crm } = await openCustomer(pair);
  const said = await sayNow({ kind: 'ask_human', peer: pair.guest.url });
  for (let i = 0; i < 5; i++) await answer(pair, crm, said.id, { handledBy: 'bot' });
  await sql(
    pair.host,
    `update replies set human_due_at = now() - interval '1 second' where kind = 'ask_human'`,
  );
  t.match(await answer(pair, crm, said.id), { state: 'accepted' }, 'the person who was asked for may answer');
  t.match(await sendAndWait(pair, { category: 'offer' }), { state: 'placed' }, 'and the wait is over');
});

t.test('a word that comes after the answer to a later one', async (t) => {
  const pair = await startSlotPair(t);
  const { say, sayNow, crm, vault, path } = await openCustomer(pair);
  await sendAndWait(pair);
  const [item] = (await vault.call('GET', `${path}/feed`)).body['items'] as { id: string }[];
  const w1 = (await say({ kind: 'ask_human', message: item?.id })).body as unknown as Said;
  const w2 = await sayNow({ kind: 'reply', message: item?.id, text: 'x', language: 'fr' });
  t.match(await answer(pair, crm, w2.id), { state: 'accepted' });
  await new Promise((r) => setTimeout(r, 1500));
  await pair.host.outbox.retryNow(w1.id);
  await replySettled(pair.host, w1.id);
  const q = 'select decided_at, human_answered_at from replies where jti = $1';
  const [h] = await sql(pair.host, q, [w1.id]);
  const [g] = await sql(pair.guest, q, [w1.id]);
  t.same(h, g, 'both measure the same');
  t.same(
    (await crm.call('GET', '/v1/replies?waiting=true')).body['replies'],
    [],
    'guest: not waiting, like at the host',
  );
  t.ok((h?.['human_answered_at'] as Date) >= (h?.['decided_at'] as Date), 'no negative wait');
});

t.test('answers settled in another order', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow } = await openCustomer(pair);
  const w1 = await sayNow({ kind: 'ask_human', peer: pair.guest.url });
  const a = (s: number) => ({
    linkId: pair.link,
    thread: w1.thread,
    answers: w1.id,
    at: new Date(Date.UTC(2030, 0, 1, 10, 0, s)),
  });
  // host: accepted in order, one batch each
  await pair.host.db.transact(async (tx) => {
    await writeHumanAnswers(tx, [a(1)]);
    await writeHumanAnswers(tx, [a(9)]);
  });
  // guest: the receipt of the first came later (retry got the stored one)
  await pair.guest.db.transact(async (tx) => {
    await writeHumanAnswers(tx, [a(9)]);
    await writeHumanAnswers(tx, [a(1)]);
  });
  const q = 'select human_answered_at from replies where jti = $1';
  t.same(await sql(pair.host, q, [w1.id]), await sql(pair.guest, q, [w1.id]), 'the same to the second');
  // one batch
  await sql(pair.host, 'update replies set human_answered_at = null');
  await pair.host.db.transact((tx) => writeHumanAnswers(tx, [a(9), a(1)]));
  t.same((await sql(pair.host, q, [w1.id]))[0]?.['human_answered_at'], a(1).at, 'the first of a batch');
});

t.test('the limit under two replicas', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow, crm } = await openCustomer(pair);
  const w1 = await sayNow({ kind: 'reply', peer: pair.guest.url, text: 'a', language: 'fr' });
  const w2 = await sayNow({ kind: 'reply', thread: w1.thread, text: 'b', language: 'fr' });
  for (let i = 0; i < 4; i++) await answer(pair, crm, w2.id, { handledBy: 'bot' });
  const ask = (answers: string) => [{ linkId: pair.link, thread: w1.thread, answers }];
  let second: unknown = 'waits';
  await pair.host.db.transact(async (tx1) => {
    await lockAnswered(tx1, pair.host.url, ask(w1.id));
    await Promise.race([
      pair.host.db.transact(async (tx2) => {
        second = [...(await lockAnswered(tx2, pair.host.url, ask(w2.id))).values()];
      }),
      new Promise((r) => setTimeout(r, 1500)),
    ]);
    t.equal(second, 'waits', 'one answer after the other');
  });
});
