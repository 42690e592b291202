// Conversations between a customer and a guest: said at a real host, answered at a real guest.
import t from 'tap';
import type { ApiClient } from '../support/api.ts';
import { answer, openCustomer, replySettled, type Said } from '../support/customer.ts';
import { eventually } from '../support/node.ts';
import { message, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const waiting = async (crm: ApiClient) =>
  (await crm.call('GET', '/v1/replies?waiting=true')).body['replies'] as Record<string, unknown>[];

t.test('a reply to a message reaches a person, whose answer is shown in the thread', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, sayNow, crm, thread, threads } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  const said = await sayNow({
    kind: 'ask_human',
    message: item?.id,
    text: 'Un <b>conseiller</b> ?',
    language: 'fr',
  });
  t.equal(said.thread, sent.id, 'the message began the conversation');
  t.match(await threads(), [{ thread: sent.id, waitingForHuman: true, answered: false, entries: 1 }]);

  const [word] = await waiting(crm);
  t.match(word, { id: said.id, kind: 'ask_human', thread: sent.id, message: sent.id, peer: pair.host.url });
  t.notOk('text' in (word ?? {}), 'a list shows no text');
  t.match((await crm.call('GET', `/v1/replies/${said.id}`)).body, {
    text: 'Un <b>conseiller</b> ?',
    language: 'fr',
  });

  t.match(await answer(pair, crm, said.id, { handledBy: 'bot' }), { state: 'accepted' });
  t.equal((await waiting(crm)).length, 1, 'a program is no person');
  t.match(await threads(), [{ waitingForHuman: true, answered: true }]);
  t.match(await answer(pair, crm, said.id), { state: 'accepted' });
  t.same(await waiting(crm), []);
  t.match(await threads(), [{ waitingForHuman: false, answered: true, entries: 3 }]);

  const entries = await thread(sent.id);
  t.same(
    entries.map(({ by, kind }) => `${by} ${kind}`),
    ['guest message', 'customer ask_human', 'guest answer', 'guest answer'],
  );
  t.match(entries[1], { body: 'Un <b>conseiller</b> ?', state: 'accepted' });
  t.match(entries[3], { bodyHtml: '<p>Je vous <strong>appelle</strong> demain.</p>', handledBy: 'human' });

  const times = 'select decided_at, human_answered_at from replies where jti = $1';
  const [atHost] = await sql(pair.host, times, [said.id]);
  const [atGuest] = await sql(pair.guest, times, [said.id]);
  t.ok(atHost?.['human_answered_at']);
  t.same(atHost, atGuest, 'both sides measure the same');
});

t.test('what is undone in time never leaves', async (t) => {
  const pair = await startSlotPair(t);
  const { say, vault, path, crm, thread, threads } = await openCustomer(pair);
  const { body } = await say({ kind: 'reply', peer: pair.guest.url, text: 'Trop vite', language: 'fr' });
  const said = body as unknown as Said;
  const undo = (id: string) => vault.call('POST', `${path}/replies/${id}/undo`);
  t.equal((await undo(said.id)).status, 204);
  t.equal((await undo(said.id)).status, 204, 'again');
  await eventually(async () => {
    const [left] = await sql(pair.host, 'select 1 from deliveries where jti = $1', [said.id]);
    return left === undefined ? true : undefined;
  });
  t.same((await crm.call('GET', '/v1/replies')).body, { replies: [], next: null });
  t.same(await threads(), []);
  t.equal((await vault.call('GET', `${path}/threads/${said.thread}`)).status, 404);

  const other = (await say({ kind: 'callback', peer: pair.guest.url })).body as unknown as Said;
  await sql(pair.host, `update replies set undo_until = now() - interval '1 ms' where jti = $1`, [other.id]);
  t.match(await undo(other.id), { status: 409, body: { code: 'reply.sent' } });
  await pair.host.outbox.retryNow(other.id);
  t.match(await replySettled(pair.host, other.id), { state: 'accepted' });
  t.match(await thread(other.thread), [{ kind: 'callback', by: 'customer' }]);
});

t.test('a customer asks for a person without any message, and again in the same thread', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow, crm, thread } = await openCustomer(pair);
  const first = await sayNow({ kind: 'ask_human', peer: pair.guest.url });
  t.equal(first.thread, first.id, 'it begins the conversation');
  const second = await sayNow({ kind: 'ask_human', thread: first.thread, text: 'Alors ?', language: 'fr' });
  t.equal((await waiting(crm)).length, 2);
  t.match(await answer(pair, crm, first.id), { state: 'accepted' });
  t.match(await waiting(crm), [{ id: second.id }], 'what was asked later still waits');
  t.match(await answer(pair, crm, second.id), { state: 'accepted' });
  t.same(await waiting(crm), []);
  t.equal((await thread(first.thread)).length, 4);
});

t.test('a conversation is no slot', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow, crm } = await openCustomer(pair);
  const said = await sayNow({ kind: 'reply', peer: pair.guest.url, text: 'Bonjour', language: 'fr' });
  for (let count = 0; count < 5; count++) t.match(await answer(pair, crm, said.id), { state: 'accepted' });
  t.match(await answer(pair, crm, said.id), { state: 'refused', code: 'reply.limit' });
  const more = await sayNow({ kind: 'reply', thread: said.thread, text: 'Merci', language: 'fr' });
  t.match(await answer(pair, crm, more.id), { state: 'accepted' }, 'until the customer says more');

  // What the guest believes to have been asked, and the host knows nothing of.
  await sql(pair.guest, `update replies set thread = '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70' where jti = $1`, [
    more.id,
  ]);
  t.match(await answer(pair, crm, more.id), { state: 'refused', code: 'reply.unasked' });
});

t.test('an answer is sent once under one key', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow, crm } = await openCustomer(pair);
  const said = await sayNow({ kind: 'reply', peer: pair.guest.url, text: 'Bonjour', language: 'fr' });
  const post = (text: string) =>
    crm.call('POST', `/v1/replies/${said.id}/answers`, {
      json: { handledBy: 'human', text, language: 'fr' },
      headers: { 'idempotency-key': 'one' },
    });
  const answers = await Promise.all([post('Oui.'), post('Oui.'), post('Oui.')]);
  t.equal(new Set(answers.map(({ body }) => body['id'])).size, 1);
  t.match(await post('Non.'), { status: 422, body: { code: 'idempotency.mismatch' } });
  t.match(await answer(pair, crm, said.id, { text: 'a\u0007' }), { status: 400, code: 'message.invalid' });
  t.match(await crm.call('GET', `/v1/replies/${message().slot}`), { status: 400 });
});

t.test('a word is said once under one key', async (t) => {
  const pair = await startSlotPair(t);
  const { vault, path } = await openCustomer(pair);
  const post = (text: string, key = 'once') =>
    vault.call('POST', `${path}/replies`, {
      json: { kind: 'reply', peer: pair.guest.url, text, language: 'fr' },
      headers: { 'idempotency-key': key },
    });
  const said = await Promise.all([post('Oui.'), post('Oui.'), post('Oui.')]);
  t.equal(new Set(said.map(({ body }) => body['id'])).size, 1);
  t.match(await post('Non.'), { status: 422, body: { code: 'idempotency.mismatch' } });
  t.not((await post('Oui.', 'twice')).body['id'], said[0]?.body['id']);
});

t.test('what a customer may not say', async (t) => {
  const pair = await startSlotPair(t);
  const { say, path, vault, sayNow } = await openCustomer(pair);
  const text = { text: 'Bonjour', language: 'fr' };
  const nobody = '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70';
  const refused = async (json: object, status: number, code: string) =>
    t.match(await say(json), { status, body: { code } }, code);
  await refused({ kind: 'reply', ...text }, 400, 'contact.input');
  await refused({ kind: 'reply', peer: pair.guest.url }, 400, 'contact.input');
  await refused({ kind: 'reply', peer: pair.guest.url, text: 'sans langue' }, 400, 'contact.input');
  await refused({ kind: 'reply', peer: 'https://nobody.example', ...text }, 400, 'contact.input');
  await refused({ kind: 'reply', message: nobody, ...text }, 404, 'message.not_found');
  await refused({ kind: 'reply', thread: nobody, ...text }, 404, 'thread.not_found');
  await refused(
    { kind: 'reply', peer: pair.guest.url, ...text, text: 'é'.repeat(2001) },
    400,
    'request.invalid',
  );
  await sendAndWait(pair);
  const [unseen] = await sql(pair.host, 'select id, jti from hosted_messages');
  await refused({ kind: 'reply', message: unseen?.['id'], ...text }, 404, 'message.not_found');
  t.equal((await vault.call('GET', `${path}/threads/${unseen?.['jti']}`)).status, 404, 'nor look at');

  for (let count = 0; count < 20; count++)
    t.equal((await say({ kind: 'reply', peer: pair.guest.url, ...text })).status, 201);
  await refused({ kind: 'reply', peer: pair.guest.url, ...text }, 422, 'reply.limit');
  await sql(pair.host, `update replies set at = at - interval '25 hours'`);
  const said = await sayNow({ kind: 'reply', peer: pair.guest.url, ...text });

  await pair.host.links.change(pair.link, { kind: 'pause' });
  await refused({ kind: 'ask_human', thread: said.thread }, 409, 'link.paused');
});

t.test('who lets customers wait for a person offers them nothing', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow, crm } = await openCustomer(pair);
  const said = await sayNow({ kind: 'ask_human', peer: pair.guest.url });
  t.match(await sendAndWait(pair, { category: 'offer' }), { state: 'placed' }, 'there is time');
  const [due] = await sql(
    pair.host,
    "select human_due_at - decided_at = interval '48 hours' as fits from replies",
  );
  t.ok(due?.['fits'], 'as long as the agreement gives');
  await sql(pair.host, `update replies set human_due_at = now() - interval '1 second'`);
  t.match(await sendAndWait(pair, { category: 'offer' }), {
    state: 'refused',
    code: 'message.human_overdue',
  });
  t.match(await sendAndWait(pair, { category: 'advice' }), { state: 'placed' });
  const preflight = await crm.call('POST', '/v1/messages/preflight', {
    json: { link: pair.link, ...message({ category: 'offer' }) },
  });
  t.match(preflight.body, { outcome: 'refused', code: 'message.human_overdue' });
  t.match(await answer(pair, crm, said.id), { state: 'accepted' });
  t.match(await sendAndWait(pair, { category: 'offer' }), { state: 'placed' }, 'answered at last');
});

t.test('what was said goes with its link', async (t) => {
  const pair = await startSlotPair(t);
  const { sayNow, crm } = await openCustomer(pair);
  const said = await sayNow({ kind: 'reply', peer: pair.guest.url, text: 'Secret', language: 'fr' });
  await answer(pair, crm, said.id);
  for (const node of [pair.host, pair.guest]) {
    await node.links.erase(pair.link, 'customer.request');
    const rows = await sql(node, 'select customer_id, erased_at, body_id from replies');
    t.equal(rows.length, 2);
    for (const row of rows) {
      t.equal(row['customer_id'], null);
      t.ok(row['erased_at']);
    }
    const ids = rows.map((row) => row['body_id']);
    t.same(await sql(node, `select 1 from bodies where id = any($1) and state <> 'erased'`, [ids]), []);
  }
});
