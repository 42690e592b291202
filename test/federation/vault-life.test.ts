import t from 'tap';
import { createApiClient } from '../support/api.ts';
import { eventually, seedLink } from '../support/node.ts';
import { pdfOf, startPair, verifiedEvents } from '../support/vault.ts';

t.test('recall labels, and removes nothing', async (t) => {
  const { a, b, integrator, vault, operator, send, submit, untilSent } = await startPair(t);

  await t.test('a delivered document', async (t) => {
    const one = await send();
    const path = `/v1/documents/${one.sent}/recall`;
    const answer = await integrator.call('POST', path, { json: { reason: 'error', note: 'Montant faux' } });
    t.match(answer, { status: 202, body: { id: one.sent, recall: { state: 'sending', reason: 'error' } } });
    await untilSent(one.sent, 'recalled');
    const shown = await vault.call('GET', `/v1/inbox/${one.received}`);
    t.match(shown.body, { state: 'received', recalled: { reason: 'error', note: 'Montant faux' } });
    const content = await vault.call('GET', `/v1/inbox/${one.received}/content`);
    t.same(content.bytes, Buffer.from(one.bytes), 'the customer keeps the copy');

    const again = await integrator.call('POST', path, { json: { reason: 'other' } });
    t.match(again, {
      status: 202,
      body: { state: 'recalled', recall: { state: 'accepted', reason: 'error' } },
    });
    const acts = await a.db.read
      .selectFrom('outbound_exchanges')
      .select('act')
      .where('act', '=', 'document.recall')
      .execute();
    t.equal(acts.length, 1, 'one recall travelled');

    await vault.call('POST', `/v1/inbox/${one.received}/consign`, { json: {} });
    await eventually(async () => {
      const row = await a.db.read
        .selectFrom('sent_documents')
        .selectAll()
        .where('id', '=', one.sent)
        .executeTakeFirst();
      return row?.consigned_at !== null;
    });
    t.match(
      (await integrator.call('GET', `/v1/documents/${one.sent}`)).body,
      {
        state: 'recalled',
        consignedAt: String,
        recall: { state: 'accepted', reason: 'error', recalledAt: String },
      },
      'a later status does not take it back',
    );
  });

  await t.test('one still queued is not delivered at all', async (t) => {
    await a.registry.peerAdmin.suspend(b.url, 'maintenance');
    const id = await submit();
    await integrator.call('POST', `/v1/documents/${id}/recall`, { json: { reason: 'wrong_recipient' } });
    await a.registry.peerAdmin.resume(b.url);
    a.outbox.wake(b.url);
    await untilSent(id, 'recalled');
    const received = await b.db.read
      .selectFrom('received_documents')
      .select('id')
      .where('jti', '=', id)
      .execute();
    t.same(received, []);
    const recalls = await a.db.read
      .selectFrom('outbound_exchanges')
      .select('jti')
      .where('act', '=', 'document.recall')
      .execute();
    t.equal(recalls.length, 1, 'nothing had to be recalled there');
  });

  await t.test('what can not be recalled says so', async (t) => {
    const refused = await send();
    await vault.call('POST', `/v1/inbox/${refused.received}/refuse`, { json: { reason: 'policy' } });
    await untilSent(refused.sent, 'rejected');
    const unknown = '01890000-0000-7000-8000-000000000000';
    for (const [id, json, status, code] of [
      [refused.sent, { reason: 'error' }, 409, 'recall.state'],
      [unknown, { reason: 'error' }, 404, 'document.unknown'],
      [refused.sent, { reason: 'whim' }, 400, 'request.invalid'],
      [refused.sent, { reason: 'error', note: 'x'.repeat(301) }, 400, 'request.invalid'],
      [refused.sent, { reason: 'error', more: 1 }, 400, 'request.invalid'],
    ] as const) {
      const answer = await integrator.call('POST', `/v1/documents/${id}/recall`, { json });
      t.match(answer, { status, body: { code } }, JSON.stringify(json).slice(0, 60));
    }
  });

  await t.test('a document supersedes another of the same link, and no other', async (t) => {
    const first = await send();
    const second = await send({ metadata: { replaces: first.sent } });
    const third = await send({ metadata: { replaces: second.sent } });
    const shown = async (id: string) => (await vault.call('GET', `/v1/inbox/${id}`)).body;
    t.match(await shown(first.received), { supersededBy: second.received });
    t.match(await shown(second.received), { replaces: first.received, supersededBy: third.received });
    const otherLink = await seedLink(a, b);
    const elsewhere = await send({ metadata: { link: otherLink, replaces: third.sent } });
    t.notOk('replaces' in (await shown(elsewhere.received)), 'a document of another link is not superseded');
    t.notOk('supersededBy' in (await shown(third.received)));
    const stranger = await send({ metadata: { replaces: '01890000-0000-7000-8000-000000000000' } });
    t.notOk('replaces' in (await shown(stranger.received)), 'what never came is not named');
  });

  await t.test('deleting has a way back, and the sender is never told', async (t) => {
    const one = await send();
    const own = `/v1/inbox/${one.received}`;
    const deleted = await vault.call('DELETE', own);
    t.equal(deleted.status, 200);
    const { restorableUntil, at } = deleted.body['deleted'] as { restorableUntil: string; at: string };
    t.equal(Date.parse(restorableUntil) - Date.parse(at), 30 * 86_400_000);
    t.match((await vault.call('DELETE', own)).body, deleted.body, 'twice is once');
    const list = async (query = '') =>
      ((await vault.call('GET', `/v1/inbox${query}`)).body['documents'] as { id: string }[]).map(
        ({ id }) => id,
      );
    t.notOk((await list()).includes(one.received));
    t.same(await list('?deleted=only'), [one.received]);
    for (const [method, path] of [
      ['GET', `${own}/content`],
      ['POST', `${own}/consign`],
    ] as const) {
      const answer = await vault.call(method, path, method === 'POST' ? { json: {} } : {});
      t.match(answer, { status: 409, body: { code: 'document.deleted' } }, path);
    }
    t.equal((await vault.call('POST', `${own}/restore`)).status, 200);
    t.equal((await vault.call('POST', `${own}/restore`)).status, 200, 'restoring what is there is nothing');
    t.same((await vault.call('GET', `${own}/content`)).bytes, Buffer.from(one.bytes));
    t.same(await verifiedEvents(await b.evidence.chain({ iss: a.url, jti: one.sent }), [a, b]), [
      'RelayAcceptance',
      'DocumentDeleted',
      'DocumentRestored',
    ]);
    const reports = await b.db.read
      .selectFrom('status_reports')
      .selectAll()
      .where('document_id', '=', one.received)
      .execute();
    t.same(reports, []);
    t.equal((await a.documents.sent(one.sent))?.state, 'accepted');
  });

  await t.test('after the grace it is erased, and every proof stays', async (t) => {
    const one = await send({ bytes: pdfOf(150_000) });
    const own = `/v1/inbox/${one.received}`;
    await vault.call('DELETE', own);
    await b.db.transact(({ client }) =>
      client.query(`update received_documents set restorable_until = now() where id = $1`, [one.received]),
    );
    t.match(await vault.call('POST', `${own}/restore`), {
      status: 410,
      body: { code: 'document.grace_over' },
    });
    const before = await b.exchange.receiptFor(a.url, one.sent);
    await b.vault.erasure.sweepDeleted();

    for (const [method, path] of [
      ['GET', `${own}/content`],
      ['POST', `${own}/consign`],
      ['POST', `${own}/control`],
      ['DELETE', own],
    ] as const) {
      const answer = await vault.call(method, path, method === 'POST' ? { json: {} } : {});
      t.match(answer, { status: 410, body: { code: 'document.erased' } }, `${method} ${path}`);
    }
    const shown = await vault.call('GET', own);
    t.match(shown.body, { erased: { reason: 'erasure.customer' } });
    for (const gone of ['type', 'metadata', 'content']) t.notOk(gone in shown.body, `${gone} is gone`);

    const row = await b.db.read
      .selectFrom('received_documents')
      .selectAll()
      .where('id', '=', one.received)
      .executeTakeFirstOrThrow();
    const body = await b.db.read
      .selectFrom('bodies')
      .selectAll()
      .where('id', '=', row.body_id)
      .executeTakeFirstOrThrow();
    t.match(body, { state: 'erased', wrapped_key: null, manifest: null, content: null });
    t.same(
      await b.db.read
        .selectFrom('body_segments')
        .select('segment')
        .where('body_id', '=', row.body_id)
        .execute(),
      [],
    );

    const replay = await fetch(`${b.url}/federation/v1/exchanges/${one.sent}`, {
      method: 'PUT',
      headers: {
        'ivx-envelope': (await a.documents.sent(one.sent))?.envelope ?? '',
        'content-type': 'application/ivx-exchange',
      },
      body: 'junk',
    });
    t.equal(replay.status, 200);
    t.equal(await replay.text(), before, 'a replay gets the first answer, byte for byte');
    t.same(await verifiedEvents(await b.evidence.chain({ iss: a.url, jti: one.sent }), [a, b]), [
      'RelayAcceptance',
      'DocumentDeleted',
      'Erasure',
    ]);
  });

  await t.test('an operator erases at once, on either side', async (t) => {
    const one = await send();
    await integrator.call('POST', `/v1/documents/${one.sent}/recall`, {
      json: { reason: 'error', note: 'personal' },
    });
    await untilSent(one.sent, 'recalled');
    const atA = await createApiClient(a, 'operator');
    for (const [client, path] of [
      [operator, `/v1/inbox/${one.received}/erase`],
      [atA, `/v1/documents/${one.sent}/erase`],
    ] as const) {
      t.match(await client.call('POST', path, { json: { reason: 'whim' } }), {
        status: 400,
        body: { code: 'request.invalid' },
      });
      t.match(await client.call('POST', path, { json: { reason: 'request' } }), {
        status: 200,
        body: { erased: { reason: 'erasure.request' } },
      });
      t.match(await client.call('POST', path, { json: { reason: 'request' } }), {
        status: 410,
        body: { code: 'document.erased' },
      });
    }
    t.match(await integrator.call('GET', `/v1/documents/${one.sent}/content`), { status: 410 });
    t.equal((await a.documents.sent(one.sent))?.type, null);
    for (const [node, chain] of [
      [a, ['SubmissionAcceptance', 'RelayAcceptance', 'ReceiptStored', 'Erasure']],
      [b, ['RelayAcceptance', 'Erasure']],
    ] as const) {
      t.same(await verifiedEvents(await node.evidence.chain({ iss: a.url, jti: one.sent }), [a, b]), chain);
    }
    const kept = await b.db.read
      .selectFrom('inbound_exchanges as i')
      .innerJoin('bodies as s', 's.id', 'i.body_id')
      .select('s.state')
      .where('i.act', '=', 'document.recall')
      .where('i.sub', 'is not', null)
      .orderBy('i.decided_at', 'desc')
      .executeTakeFirst();
    t.equal(kept?.state, 'erased', 'the note of the recall goes with it');
  });

  await t.test('an erased document that is queued is given up', async (t) => {
    await a.registry.peerAdmin.suspend(b.url, 'maintenance');
    const id = await submit();
    await a.vault.erasure.eraseSent(id, 'request', { subject: 'test', role: 'operator' });
    await a.registry.peerAdmin.resume(b.url);
    await a.documents.retry(id);
    await untilSent(id, 'failed');
    t.equal((await a.documents.sent(id))?.state_code, 'exchange.erased');
  });
});

t.test('a sender drops what it delivered once the retention is over', async (t) => {
  const { a, b, send, submit, untilSent } = await startPair(t, {
    a: { INTERVAULT_BODY_RETENTION_DAYS: '0' },
  });
  const one = await send();
  await a.registry.peerAdmin.suspend(b.url, 'maintenance');
  const waiting = await submit();
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(await a.vault.erasure.sweepRetention(), false);
  const bodies = async () =>
    new Map(
      (
        await a.db.read
          .selectFrom('outbound_exchanges as o')
          .innerJoin('bodies as s', 's.id', 'o.body_id')
          .select(['o.jti', 's.state'])
          .execute()
      ).map((row) => [row.jti, row.state]),
    );
  t.equal((await bodies()).get(one.sent), 'erased');
  t.equal((await bodies()).get(waiting), 'kept', 'what is still to be sent stays');
  const two = await a.db.read
    .selectFrom('evidence_records')
    .select('event')
    .where('event', '=', 'Erasure')
    .execute();
  t.equal(two.length, 1, 'one tombstone for the batch');
  await a.registry.peerAdmin.resume(b.url);
  await a.documents.retry(waiting);
  await untilSent(waiting, 'accepted');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await a.vault.erasure.sweepRetention();
  t.equal((await bodies()).get(waiting), 'erased', 'the cursor did not pass it by');
});
