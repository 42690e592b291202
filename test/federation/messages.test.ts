// Messages into a slot between two real nodes: what the host decides, and what the guest learns of it.
import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { ask as ask0, craft, put, requestToken } from '../support/craft.ts';
import { eventually, restartTestNode, seedLink } from '../support/node.ts';
import { contactScopes, inDays, message, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const customerOf = async (pair: Awaited<ReturnType<typeof startSlotPair>>) =>
  String(
    (await sql(pair.host, 'select customer_id from links where id = $1', [pair.link]))[0]?.['customer_id'],
  );

/** Quiet hours that reign now, and for an hour at least. */
function quietNow() {
  const hour = (more: number) => `${String((new Date().getUTCHours() + more) % 24).padStart(2, '0')}:00`;
  return { from: hour(23), to: hour(2), zone: 'UTC' };
}

t.test('over the institution API', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link } = pair;
  const crm = await createApiClient(guest, 'integrator');
  const { priority: _priority, ...given } = message({
    actions: [{ kind: 'callback', label: 'Me rappeler' }],
  });
  const headers = { 'idempotency-key': 'campaign-7/42' };
  const json = { link, ...given };
  const sent = await crm.call('POST', '/v1/messages', { json, headers });
  t.equal(sent.status, 201);
  const { id } = sent.body as { id: string };
  t.equal(sent.headers.get('location'), `/v1/messages/${id}`);
  const again = await crm.call('POST', '/v1/messages', { json, headers });
  t.equal(again.body['id'], id, 'the same request is the same message');
  const other = await crm.call('POST', '/v1/messages', { json: { ...json, slot: 'other' }, headers });
  t.match(other.body, { code: 'idempotency.mismatch' });

  const placed = await eventually(async () => {
    const { body } = await crm.call('GET', `/v1/messages/${id}`);
    return body['state'] === 'placed' && body;
  });
  t.match(placed, { over: false, agreement: pair.agreement });
  const list = await crm.call('GET', `/v1/messages?link=${link}&state=placed&thread=${id}&limit=10`);
  t.match(list.body, { messages: [{ id }], next: null });
  t.equal((await sql(host, 'select 1 from hosted_messages')).length, 1);

  const chain = await guest.evidence.chain({ iss: guest.url, jti: id });
  t.same(
    chain.map((record) => record.event),
    ['SubmissionAcceptance', 'RelayAcceptance', 'ReceiptStored'],
  );

  const edit = await crm.call('POST', '/v1/messages', { json: { ...json, replaces: id } });
  await eventually(async () => (await guest.slots.messages.show(String(edit.body['id']))).state === 'placed');
  t.match(
    (await crm.call('GET', `/v1/messages/${id}`)).body,
    { over: true },
    'a newer version is in its place',
  );
  t.match(await sql(host, 'select ended_reason from hosted_messages where jti = $1', [id]), [
    { ended_reason: 'replaced' },
  ]);

  const gone = await crm.call('POST', `/v1/messages/${edit.body['id']}/withdraw`);
  t.match(gone.body, { over: true, withdrawn: { acknowledged: false } });
  await eventually(async () => {
    const { body } = await crm.call('GET', `/v1/messages/${edit.body['id']}`);
    return (body as { withdrawn?: { acknowledged: boolean } }).withdrawn?.acknowledged === true;
  });
  t.same(await sql(host, `select ended_reason from hosted_messages order by placed_at`), [
    { ended_reason: 'replaced' },
    { ended_reason: 'withdrawn' },
  ]);
  t.match((await crm.call('POST', `/v1/messages/${edit.body['id']}/withdraw`)).status, 200);

  const wrong = await crm.call('POST', '/v1/messages', {
    json: { ...json, texts: [{ language: 'fr', title: 'x'.repeat(81), body: 'x' }] },
  });
  t.match(wrong.body, { code: 'message.invalid', pointer: '/texts/0/title' });
  const unknown = await crm.call('POST', '/v1/messages', { json: { ...json, colour: 'red' } });
  t.match(unknown.body, { code: 'message.invalid', pointer: '/colour' });
  t.match((await crm.call('GET', '/v1/messages/01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d74')).body, {
    code: 'message.not_found',
  });
});

t.test('what a guest is told', async (t) => {
  const caps = [{ scope: 'slot', max: 2, per: 1, unit: 'day', counts: 'placed' }] as const;
  const pair = await startSlotPair(t, { grant: { caps: [...caps], capacity: 3 } });
  const { guest, host } = pair;
  t.match(await sendAndWait(pair), { state: 'placed', code: null, nextEligibleAt: null });
  const later = inDays(1);
  const deferred = await sendAndWait(pair, { notBefore: later });
  t.match(deferred, { state: 'deferred' });
  t.ok((deferred.nextEligibleAt?.getTime() ?? 0) >= Date.parse(later));
  const capped = await sendAndWait(pair);
  t.match(capped, { state: 'refused', code: 'message.cap' });
  t.equal((capped.nextEligibleAt?.getTime() ?? 1) % 3_600_000, 0, 'told to the hour');
  t.match(
    await sendAndWait(pair, { category: 'service' }),
    { state: 'placed' },
    'service has its own ceiling',
  );
  t.match(await sendAndWait(pair, { category: 'service' }), { state: 'refused', code: 'message.capacity' });

  await t.rejects(sendAndWait(pair, { slot: 'nowhere' }), { code: 'slot.unknown' });
  await t.rejects(sendAndWait(pair, { category: 'survey' }), { code: 'link.scope' });
  await t.rejects(sendAndWait(pair, { expiresAt: inDays(31) }), { code: 'message.lifetime' });

  const customer = await customerOf(pair);
  const vault = await createApiClient(host, 'vault');
  const muted = await vault.call('POST', `/v1/customers/${customer}/mute`, { json: { peer: guest.url } });
  t.match(muted.body, { mutes: [{ peer: guest.url }] });
  await sql(host, 'delete from hosted_messages');
  t.match(await sendAndWait(pair), { code: 'message.muted', nextEligibleAt: null });
  await vault.call('POST', `/v1/customers/${customer}/unmute`, { json: { peer: guest.url } });
  t.match(await sendAndWait(pair), { state: 'placed' });

  const quiet = quietNow();
  const set = await vault.call('PUT', `/v1/customers/${customer}/contact`, { json: { quiet, locale: 'fr' } });
  t.match(set.body, { quiet, locale: 'fr', mutes: [] });
  t.match(await sendAndWait(pair), { code: 'message.quiet_hours', nextEligibleAt: Date });
  const wrong = { quiet: { ...quiet, zone: 'Europe/Nowhere' } };
  t.match((await vault.call('PUT', `/v1/customers/${customer}/contact`, { json: wrong })).body, {
    code: 'contact.input',
    pointer: '/quiet/zone',
  });
});

t.test('without individual consent nothing tells of the customer', async (t) => {
  const pair = await startSlotPair(t, { engagement: 'aggregate' });
  const customer = await customerOf(pair);
  await pair.host.slots.contact.mute(customer, pair.guest.url, null);
  const muted = await sendAndWait(pair);
  await pair.host.slots.contact.mute(customer, pair.guest.url, undefined);
  await pair.host.slots.contact.set(customer, {
    locale: undefined,
    zone: undefined,
    calm: undefined,
    quiet: quietNow(),
  });
  const quiet = await sendAndWait(pair);
  t.same([muted.code, quiet.code], ['message.not_now', 'message.not_now']);
  t.same([muted.nextEligibleAt, quiet.nextEligibleAt], [null, null]);
});

t.test('what the reviewers found', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link } = pair;
  const customer = await customerOf(pair);
  const wishes = { locale: undefined, zone: undefined, calm: undefined };
  for (const zone of ['IST', 'PST', 'Nowhere/At_all']) {
    const quiet = { from: '00:00', to: '01:00', zone };
    await t.rejects(host.slots.contact.set(customer, { ...wishes, quiet }), { code: 'contact.input' }, zone);
  }
  const { priority: _priority, ...given } = message();
  const nowhere = '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70';
  for (const more of [{ replaces: nowhere }, { thread: nowhere }])
    await t.rejects(guest.slots.messages.send({ link, ...given, ...more }, 'test'), {
      code: 'message.not_found',
    });

  const sent = await sendAndWait(pair);
  await guest.slots.messages.withdraw(sent.id);
  await t.rejects(guest.slots.messages.send({ link, ...given, replaces: sent.id }, 'test'), {
    code: 'message.ended',
  });

  await guest.links.change(link, { kind: 'pause' });
  await t.rejects(
    guest.slots.preflight.ask({ link, ...given }),
    { code: 'link.paused' },
    'nothing leaves this node',
  );
  await guest.links.change(link, { kind: 'resume' });
  await guest.registry.peerAdmin.suspend(host.url, 'a test');
  await t.rejects(guest.slots.preflight.ask({ link, ...given }), { code: 'peer.suspended' });
  await guest.registry.peerAdmin.resume(host.url);
});

t.test('a message that waits while the customer pauses is closed', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link } = pair;
  await host.registry.peerAdmin.suspend(guest.url, 'to make it wait');
  const { priority: _priority, ...given } = message();
  const id = await guest.slots.messages.send({ link, ...given }, 'test');
  await eventually(async () => (await sql(guest, 'select attempts from deliveries'))[0]?.['attempts'] !== 0);
  await guest.links.change(link, { kind: 'pause' });
  await guest.outbox.retryNow(id);
  const closed = await eventually(async () => {
    const shown = await guest.slots.messages.show(id);
    return shown.state === 'failed' && shown;
  });
  t.match(closed, { code: 'link.paused' });
  t.same(await sql(host, 'select 1 from hosted_messages'), []);
});

t.test('never one too many, at once and over many connections', async (t) => {
  const caps = [
    { scope: 'guest', max: 5, per: 1, unit: 'day', counts: 'placed' },
    { scope: 'category', max: 3, per: 1, unit: 'week', counts: 'placed' },
  ] as const;
  const pair = await startSlotPair(t, { grant: { caps: [...caps] } });
  const sent = await Promise.all(
    Array.from({ length: 40 }, (_, i) => sendAndWait(pair, { category: i % 2 === 0 ? 'advice' : 'offer' })),
  );
  const placed = sent.filter(({ state }) => state === 'placed');
  t.equal(placed.length, 5);
  for (const category of ['advice', 'offer'])
    t.ok(placed.filter((one) => one.category === category).length <= 3, category);
  t.equal((await sql(pair.host, 'select 1 from hosted_messages')).length, 5);
});

t.test('nor over two replicas of the host', async (t) => {
  const caps = [{ scope: 'slot', max: 7, per: 1, unit: 'day', counts: 'placed' }] as const;
  const pair = await startSlotPair(t, { grant: { caps: [...caps] } });
  const { guest, host, link, agreement: agr } = pair;
  const port = String(Number(host.env['INTERVAULT_PORT']) + 1);
  const second = await restartTestNode(t, { ...host.env, INTERVAULT_PORT: port });
  const replicas = [host, { ...second, url: `http://127.0.0.1:${port}` }];
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const crafted = await craft(guest, host, {
        ...{ act: 'slot.message', link, content: null, claims: { agr } },
        body: message({ category: i % 2 === 0 ? 'advice' : 'offer' }),
      });
      return (await put(replicas[i % 2] as typeof host, crafted)).status;
    }),
  );
  t.equal(answers.filter((status) => status === 201).length, 7);
  t.equal(answers.filter((status) => status === 422).length, 53);
  t.equal((await sql(host, 'select 1 from hosted_messages')).length, 7);
});

t.test('documents and messages at once over two replicas never wait for each other', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link, agreement: agr } = pair;
  const port = String(Number(host.env['INTERVAULT_PORT']) + 1);
  const second = await restartTestNode(t, { ...host.env, INTERVAULT_PORT: port });
  const replicas = [host, { ...second, url: `http://127.0.0.1:${port}` }];
  const statuses = await Promise.all(
    Array.from({ length: 120 }, async (_, i) => {
      const isMessage = (i + (i >> 1)) % 2 === 0;
      const crafted = await craft(guest, host, {
        ...{ link, claims: { agr } },
        ...(isMessage && { act: 'slot.message', content: null, body: message() }),
      });
      return (await put(replicas[i % 2] as typeof host, crafted)).status;
    }),
  );
  t.ok(statuses.every((status) => status === 201 || status === 422));
  const [row] = await sql(host, 'select deadlocks from pg_stat_database where datname = current_database()');
  t.equal(row?.['deadlocks'], 0);
});

t.test('what names something that is not here', async (t) => {
  const { guest, host, link, agreement: agr } = await startSlotPair(t);
  const send = async (
    more: Partial<ReturnType<typeof message>>,
    act = 'slot.message',
    body: object = message(more),
  ) =>
    put(
      host,
      await craft(guest, host, {
        act,
        link,
        content: null,
        claims: { agr },
        body: body as Record<string, unknown>,
      }),
    );
  const nowhere = '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70';
  for (const more of [{ thread: nowhere }, { replaces: nowhere }])
    t.match((await send(more)).json(), { code: 'exchange.unknown', retryable: true }, 'it may be on its way');
  const withdrawal = await send({}, 'slot.withdraw', { message: nowhere });
  t.match(withdrawal.json(), { code: 'exchange.unknown', retryable: true });

  const first = await craft(guest, host, {
    ...{ act: 'slot.message', link, content: null, claims: { agr } },
    body: message(),
  });
  t.equal((await put(host, first)).status, 201);
  t.equal((await send({ thread: first.jti })).status, 201);
  t.equal(
    (await send({ replaces: first.jti, category: 'offer' })).status,
    422,
    'an edit is no way to another slot',
  );
  const edits = await Promise.all([send({ replaces: first.jti }), send({ replaces: first.jti })]);
  t.same(edits.map(({ status }) => status).sort(), [201, 422], 'of two edits one counts');
  t.equal(
    (await send({}, 'slot.withdraw', { message: first.jti })).status,
    201,
    'over already, and no error',
  );
  const reasons = await sql(
    host,
    `select reason from inbound_exchanges where outcome = 'rejected' order by reason`,
  );
  t.same(reasons, [{ reason: 'message.edit' }, { reason: 'message.ended' }]);
});

t.test('erasing a link takes what was said with it', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link } = pair;
  t.equal((await sendAndWait(pair)).state, 'placed');
  await host.links.erase(link, 'erasure.request');
  await guest.links.erase(link, 'erasure.request');
  t.match(await sql(host, 'select customer_id, ended_reason from hosted_messages'), [
    { customer_id: null, ended_reason: 'erased' },
  ]);
  for (const [node, bodies] of [
    [host, `select b.state from bodies b join hosted_messages m on m.body_id = b.id`],
    [
      guest,
      `select b.state from bodies b join outbound_exchanges o on o.body_id = b.id where o.act = 'slot.message'`,
    ],
  ] as const)
    t.same(await sql(node, bodies), [{ state: 'erased' }], node.url);
});

t.test('the texts of what is long over are erased', async (t) => {
  const pair = await startSlotPair(t);
  const { host } = pair;
  await sendAndWait(pair);
  await sendAndWait(pair);
  t.equal(await host.slots.erasure.sweep(), false);
  const states = () =>
    sql(host, `select b.state from bodies b join hosted_messages m on m.body_id = b.id order by m.placed_at`);
  t.same(await states(), [{ state: 'kept' }, { state: 'kept' }]);
  await sql(
    host,
    `update hosted_messages set expires_at = now() - interval '91 days'
    where placed_at = (select min(placed_at) from hosted_messages)`,
  );
  t.equal(await host.slots.erasure.sweep(), false);
  t.same(await states(), [{ state: 'erased' }, { state: 'kept' }]);
  const [record] = await sql(host, `select jws from evidence_records where event = 'Erasure'`);
  t.match(
    Buffer.from(String(record?.['jws']).split('.')[1] ?? '', 'base64url').toString(),
    /"reason":"erasure\.retention"/,
  );
});

t.test('slots, paused and probed', async (t) => {
  const pair = await startSlotPair(t, { grant: { human: { kind: 'web', url: 'https://127.0.0.1:9/help' } } });
  const { guest, host } = pair;
  const operator = await createApiClient(host, 'operator');
  const open = await operator.call('GET', `/v1/slots?side=hosted&peer=${encodeURIComponent(guest.url)}`);
  t.match(open.body, { slots: [{ slot: 'home-card', side: 'hosted', state: 'open' }] });
  const asGuest = await (await createApiClient(guest, 'integrator')).call('GET', '/v1/slots?side=granted');
  t.match(asGuest.body, { slots: [{ slot: 'home-card', side: 'granted', state: 'open' }] });

  const at = `/v1/slots/${Buffer.from(guest.url).toString('base64url')}`;
  const paused = await operator.call('POST', `${at}/home-card/pause`, {
    json: { reason: 'trop de plaintes' },
  });
  t.match(paused.body, { state: 'paused', pausedReason: 'trop de plaintes' });
  t.match(await sendAndWait(pair), { code: 'slot.paused' });
  t.match((await operator.call('POST', `${at}/home-card/resume`)).body, { state: 'open' });
  t.match((await operator.call('POST', `${at}/nowhere/resume`)).body, { code: 'slot.not_found' });
  t.match(await sendAndWait(pair), { state: 'placed' });

  for (let look = 0; look < 3; look++) {
    await sql(host, 'update hosted_slots set human_checked_at = null');
    await host.slots.slots.probe();
  }
  t.match((await operator.call('GET', '/v1/slots?side=hosted')).body, {
    slots: [{ state: 'human_unreachable' }],
  });
  t.match(await sendAndWait(pair), { code: 'slot.human_unreachable' });
});

t.test('what is withdrawn before it arrives, or after', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host } = pair;
  await host.registry.peerAdmin.suspend(guest.url, 'to make it wait');
  const { priority: _priority, ...given } = message();
  const id = await guest.slots.messages.send({ link: pair.link, ...given }, 'test');
  await guest.slots.messages.withdraw(id);
  await eventually(async () => (await guest.slots.messages.show(id)).state === 'failed');
  await host.registry.peerAdmin.resume(guest.url);
  t.same(await sql(host, 'select 1 from hosted_messages'), []);
});

t.test('a link that is another customer’s has its own caps', async (t) => {
  const caps = [{ scope: 'guest', max: 1, per: 1, unit: 'day', counts: 'placed' }] as const;
  const pair = await startSlotPair(t, { grant: { caps: [...caps] } });
  const second = await seedLink(pair.guest, pair.host, { scopes: contactScopes(pair.guest, pair.host) });
  t.equal((await sendAndWait(pair)).state, 'placed');
  t.equal((await sendAndWait({ ...pair, link: second })).state, 'placed');
  t.equal((await sendAndWait(pair)).code, 'message.cap');
});

t.test('a preflight answers as the message would, and keeps nothing', async (t) => {
  const caps = [{ scope: 'guest', max: 1, per: 1, unit: 'day', counts: 'placed' }] as const;
  const pair = await startSlotPair(t, { grant: { caps: [...caps] } });
  const { guest, host, link } = pair;
  const crm = await createApiClient(guest, 'integrator');
  const { priority: _priority, ...given } = message();
  const ask = async (more: object = {}) =>
    (await crm.call('POST', '/v1/messages/preflight', { json: { link, ...given, ...more } })).body;
  t.same(await ask(), { outcome: 'placed' });
  t.match(await ask({ notBefore: inDays(1) }), { outcome: 'deferred', nextEligibleAt: String });
  t.same(await sql(host, 'select 1 from hosted_messages'), []);
  t.equal((await sendAndWait(pair)).state, 'placed');
  const capped = await sendAndWait(pair);
  t.match(await ask(), {
    outcome: 'refused',
    code: capped.code,
    nextEligibleAt: capped.nextEligibleAt?.toISOString(),
  });
  t.match(await ask({ slot: 'nowhere' }), { code: 'slot.unknown' }, 'known here without asking');
  await host.registry.peerAdmin.suspend(guest.url, 'a test');
  t.match(await ask(), { outcome: 'refused', code: 'peer.suspended' });
  const limited = await eventually(async () => {
    const answer = await ask();
    return answer['code'] === 'message.unanswered' && answer;
  });
  t.match(limited, { detail: 'rate.limited' }, 'a customer is not watched by asking');
  t.match(await ask({ link: '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70' }), { code: 'link.unknown' });
  t.match(await ask({ texts: [] }), { code: 'message.invalid', pointer: '/texts' });

  const unsigned = await ask0(host, 'POST', '/federation/v1/preflight', {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{}'),
  });
  t.equal(unsigned.status, 401);
  for (const [name, body] of [
    ['nothing', {}],
    ['no link', { agr: 'A'.repeat(43), message: message() }],
    ['a field too many', { link, agr: 'A'.repeat(43), message: message(), colour: 'red' }],
    ['no message', { link, agr: 'A'.repeat(43), message: {} }],
  ] as const) {
    const target = '/federation/v1/preflight';
    const token = await requestToken(guest, host, 'POST', `${host.url}${target}`);
    const answer = await ask0(host, 'POST', target, {
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: Buffer.from(JSON.stringify(body)),
    });
    t.match(answer.json(), { code: 'request.query' }, name);
  }
});
