import { createHash } from 'node:crypto';
import t from 'tap';
import { eventually } from '../support/node.ts';
import { pdfOf, startPair, verifiedEvents } from '../support/vault.ts';

t.test('the vault reads, files and reports', async (t) => {
  const { a, b, link, vault, operator, integrator, send, untilSent } = await startPair(t);
  const one = await send({ name: 'été 2026.pdf' });

  await t.test('the inbox lists it, with what its manifest says', async (t) => {
    const list = await vault.call('GET', '/v1/inbox');
    t.equal(list.status, 200, JSON.stringify(list.body));
    t.match(list.body, {
      documents: [
        {
          id: one.received,
          exchange: one.sent,
          peer: a.url,
          link,
          state: 'received',
          metadata: { type: 'billing.invoice', title: 'Facture de novembre' },
          content: { size: one.bytes.length, type: 'application/pdf' },
        },
      ],
      next: null,
    });
  });

  await t.test('its content comes as it was sent, to be saved and not shown', async (t) => {
    const content = await vault.call('GET', `/v1/inbox/${one.received}/content`);
    t.equal(content.status, 200);
    t.same(content.bytes, Buffer.from(one.bytes));
    t.equal(content.headers.get('etag'), `"${createHash('sha256').update(one.bytes).digest('base64url')}"`);
    t.equal(content.headers.get('x-content-type-options'), 'nosniff');
    t.match(content.headers.get('content-security-policy'), /^sandbox/);
    t.match(
      content.headers.get('content-disposition'),
      /^attachment; filename="ete 2026\.pdf"; filename\*=UTF-8''%C3%A9t%C3%A9%202026\.pdf$/,
    );
  });

  await t.test('what it did travels back, each step attested once', async (t) => {
    for (const [path, json, state] of [
      ['consign', {}, 'consigned'],
      ['notified', {}, 'notified'],
      ['opened', { how: 'read' }, 'opened'],
    ] as const) {
      for (const time of ['first', 'again']) {
        const answer = await vault.call('POST', `/v1/inbox/${one.received}/${path}`, { json });
        t.match(answer, { status: 200, body: { id: one.received, ok: true, state } }, `${path}, ${time}`);
      }
      await untilSent(one.sent, state);
    }
    const download = await vault.call('POST', `/v1/inbox/${one.received}/opened`, {
      json: { how: 'download' },
    });
    t.match(download.body, { ok: true, state: 'opened' });
    const failed = await vault.call('POST', `/v1/inbox/${one.received}/notification-failure`, {
      json: { reason: 'other' },
    });
    t.match(failed.body, { ok: true, state: 'opened' }, 'a failure is attested and changes no state');
    t.same(await verifiedEvents(await b.evidence.chain({ iss: a.url, jti: one.sent }), [a, b]), [
      'RelayAcceptance',
      'ContentConsignment',
      'ConsignmentNotification',
      'ContentAccessTracking',
      'ContentHandover',
      'ConsignmentNotificationFailure',
    ]);
  });

  await t.test('a range is answered as RFC 9110 says', async (t) => {
    const bytes = pdfOf(200_000, 7);
    const large = await send({ bytes });
    const path = `/v1/inbox/${large.received}/content`;
    const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    const parts: [range: string, from: number, to: number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=65530-65545', 65_530, 65_546],
      ['bytes=0-', 0, 200_000],
      ['bytes=199999-', 199_999, 200_000],
      ['bytes=-5', 199_995, 200_000],
      ['bytes=-999999', 0, 200_000],
      ['bytes=100000-999999', 100_000, 200_000],
    ];
    for (const [range, from, to] of parts) {
      const part = await vault.call('GET', path, { headers: { range } });
      t.equal(part.status, 206, range);
      t.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/200000`, range);
      t.ok(part.bytes.equals(Buffer.from(bytes.subarray(from, to))), `${range}: the bytes`);
    }
    for (const range of ['bytes=0-1,5-6', 'items=0-1', 'bytes=5-2', 'bytes=-', 'bytes=x']) {
      const whole = await vault.call('GET', path, { headers: { range } });
      t.match([whole.status, whole.bytes.length], [200, 200_000], `${range} is ignored`);
    }
    for (const range of ['bytes=200000-', 'bytes=-0']) {
      const none = await vault.call('GET', path, { headers: { range } });
      t.match(none, { status: 416, body: { code: 'range.unsatisfiable' } }, range);
      t.equal(none.headers.get('content-range'), 'bytes */200000');
    }
    const range = 'bytes=1-2';
    const same = await vault.call('GET', path, { headers: { range, 'if-range': etag } });
    t.equal(same.status, 206, 'If-Range with the tag');
    for (const other of ['"other"', `W/${etag}`, 'Sat, 21 Nov 2026 10:00:00 GMT']) {
      const whole = await vault.call('GET', path, { headers: { range, 'if-range': other } });
      t.equal(whole.status, 200, `If-Range ${other}`);
    }
    const known = await vault.call('GET', path, { headers: { 'if-none-match': etag } });
    t.match([known.status, known.bytes.length], [304, 0]);
    const head = await fetch(`${b.url}${path}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${vault.token}` },
    });
    t.match([head.status, head.headers.get('content-length')], [200, '200000']);
  });

  await t.test('a batch gives each document its own result', async (t) => {
    const [two, three] = [await send(), await send()];
    const unknown = '01890000-0000-7000-8000-000000000000';
    await vault.call('POST', `/v1/inbox/${three.received}/refuse`, { json: { reason: 'customer_unknown' } });
    const answer = await vault.call('POST', '/v1/inbox/consignments', {
      json: { documents: [two.received, unknown, three.received] },
    });
    t.strictSame(answer.body, {
      results: [
        { id: two.received, ok: true, state: 'consigned' },
        { id: unknown, ok: false, code: 'document.unknown' },
        { id: three.received, ok: false, code: 'document.state' },
      ],
    });
    const notified = await vault.call('POST', '/v1/inbox/notifications', {
      json: { documents: [two.received] },
    });
    t.match(notified.body, { results: [{ ok: true, state: 'notified' }] });
    await untilSent(two.sent, 'notified');
    await untilSent(three.sent, 'rejected');
    t.match((await integrator.call('GET', `/v1/documents/${three.sent}`)).body, { code: 'document.refused' });

    const ids = Array.from(
      { length: 501 },
      (_, at) => `01890000-0000-7000-8000-${String(at).padStart(12, '0')}`,
    );
    for (const documents of [ids, [], [unknown, unknown], ['x']]) {
      const refused = await vault.call('POST', '/v1/inbox/consignments', { json: { documents } });
      t.match(refused, { status: 400, body: { code: 'request.invalid' } }, `${documents.length} ids`);
    }
    const full = await vault.call('POST', '/v1/inbox/consignments', { json: { documents: ids.slice(1) } });
    t.equal((full.body['results'] as unknown[]).length, 500);
  });

  await t.test('a step out of order, or on nothing, is refused by its code', async (t) => {
    const fresh = await send();
    const unknown = '/v1/inbox/01890000-0000-7000-8000-000000000000';
    const own = `/v1/inbox/${fresh.received}`;
    const cases: [method: string, path: string, json: unknown, status: number, code: string][] = [
      ['POST', `${own}/notified`, {}, 409, 'document.state'],
      ['POST', `${own}/opened`, {}, 409, 'document.state'],
      ['POST', `${own}/notification-failure`, { reason: 'other' }, 409, 'document.state'],
      ['POST', `${own}/refuse`, { reason: 'whim' }, 400, 'request.invalid'],
      ['GET', unknown, undefined, 404, 'document.unknown'],
      ['GET', `${unknown}/content`, undefined, 404, 'document.unknown'],
      ['POST', `${unknown}/consign`, {}, 404, 'document.unknown'],
      ['POST', `${unknown}/control`, {}, 404, 'document.unknown'],
      ['DELETE', unknown, undefined, 404, 'document.unknown'],
      ['POST', `${unknown}/restore`, {}, 404, 'document.unknown'],
    ];
    for (const [method, path, json, status, code] of cases) {
      const answer = await vault.call(method, path, json === undefined ? {} : { json });
      t.match(answer, { status, body: { code } }, `${method} ${path}`);
    }
    await vault.call('POST', `${own}/consign`, { json: {} });
    const late = await vault.call('POST', `${own}/refuse`, { json: { reason: 'policy' } });
    t.match(late, { status: 409, body: { code: 'document.state' } });
  });

  await t.test('lists filter, count and page in the order of arrival', async (t) => {
    const all: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await vault.call('GET', `/v1/inbox?limit=2&order=oldest${cursor}`);
      all.push(...(page.body['documents'] as { id: string }[]).map(({ id }) => id));
      if (page.body['next'] === null) break;
      cursor = `&cursor=${page.body['next']}`;
    }
    const rows = await b.db.read.selectFrom('received_documents').selectAll().orderBy('id').execute();
    t.same(
      all,
      rows.map((row) => row.id),
    );
    t.equal((await vault.call('GET', '/v1/inbox/count')).body['count'], rows.length);
    const { customer_id: customer } = await b.db.read
      .selectFrom('links')
      .select('customer_id')
      .executeTakeFirstOrThrow();
    const state = (wanted: string) => rows.filter((row) => row.state === wanted).length;
    const counts: [query: string, count: number][] = [
      ['state=opened', state('opened')],
      ['state=received', state('received')],
      [`customer=${customer}`, rows.length],
      ['customer=01890000-0000-7000-8000-000000000000', 0],
      [`link=${link}`, rows.length],
      [`peer=${encodeURIComponent(a.url)}`, rows.length],
      ['type=other', 0],
      ['deleted=only', 0],
      ['receivedUntil=2020-01-01T00:00:00Z', 0],
      ['receivedFrom=2020-01-01T00:00:00Z', rows.length],
    ];
    for (const [query, count] of counts) {
      t.match((await vault.call('GET', `/v1/inbox/count?${query}`)).body, { count }, query);
    }
    for (const query of ['limit=0', 'limit=101', 'state=lost', 'customer=1', 'unknown=1', 'cursor=x']) {
      t.match(
        await vault.call('GET', `/v1/inbox?${query}`),
        { status: 400, body: { code: 'request.invalid' } },
        query,
      );
    }
  });

  await t.test('one flipped byte shows', async (t) => {
    const doomed = await send({ bytes: pdfOf(200_000, 9) });
    const small = await send();
    const own = `/v1/inbox/${doomed.received}`;
    t.match((await operator.call('POST', `${own}/control`)).body, { ok: true });
    const rows = await b.db.read
      .selectFrom('received_documents')
      .select(['id', 'body_id'])
      .where('id', 'in', [doomed.received, small.received])
      .execute();
    const bodyOf = (id: string) => rows.find((row) => row.id === id)?.body_id;
    await b.db.transact(async ({ client }) => {
      await client.query(
        `update body_segments set sealed = set_byte(sealed, 1000, get_byte(sealed, 1000) # 1)
         where body_id = $1 and segment = 3`,
        [bodyOf(doomed.received)],
      );
      await client.query(
        'update bodies set content = set_byte(content, 100, get_byte(content, 100) # 1) where id = $1',
        [bodyOf(small.received)],
      );
    });
    t.strictSame((await operator.call('POST', `${own}/control`)).body, { ok: false, reason: 'body.damaged' });
    t.match(await vault.call('POST', `${own}/consign`, { json: {} }), {
      status: 500,
      body: { code: 'document.damaged' },
    });
    await t.rejects(vault.call('GET', `${own}/content`), 'never answered as if it were whole');
    t.match(await vault.call('GET', `/v1/inbox/${small.received}/content`), {
      status: 500,
      body: { code: 'document.damaged' },
    });
    const chain = await verifiedEvents(await b.evidence.chain({ iss: a.url, jti: doomed.sent }), [a, b]);
    t.same(chain, ['RelayAcceptance', 'ContentConsignmentFailure']);
    t.equal((await b.documents.received(doomed.received))?.state, 'received');
  });

  await t.test('who looked, and who tried to, is kept and sealed', async (t) => {
    const { customer_id: customer } = await b.db.read
      .selectFrom('links')
      .select('customer_id')
      .executeTakeFirstOrThrow();
    const journal = await operator.call(
      'GET',
      `/v1/customers/${customer}/journal?document=${one.received}&limit=500`,
    );
    const entries = journal.body['entries'] as { action: string; outcome: string; role: string }[];
    t.ok(entries.some((entry) => entry.action === 'document.content' && entry.outcome === 'ok'));
    t.ok(entries.some((entry) => entry.action === 'document.consigned' && entry.role === 'vault'));
    const unknown = await operator.call('GET', '/v1/inbox/01890000-0000-7000-8000-000000000000/journal');
    t.ok(
      (unknown.body['entries'] as { outcome: string }[]).every(
        (entry) => entry.outcome === 'document.unknown',
      ),
    );
    t.ok((unknown.body['entries'] as unknown[]).length > 0, 'attempts are in it');
  });
});

t.test('an opening is told only with read receipts', async (t) => {
  const { a, b, vault, send, untilSent } = await startPair(t, { readReceipts: false });
  const one = await send();
  for (const step of ['consign', 'opened', 'notified']) {
    t.equal((await vault.call('POST', `/v1/inbox/${one.received}/${step}`, { json: {} })).status, 200);
  }
  await untilSent(one.sent, 'notified');
  t.match(await b.documents.received(one.received), { state: 'opened' });
  await eventually(
    async () => (await b.db.read.selectFrom('status_reports').selectAll().execute()).length === 0,
  );
  t.match(await a.documents.sent(one.sent), { state: 'notified' });
});

t.test('a vault that is the store consigns what it accepts', async (t) => {
  const { a, b, send, untilSent } = await startPair(t, { b: { INTERVAULT_VAULT_IS_STORE: 'true' } });
  const one = await send();
  await untilSent(one.sent, 'consigned');
  t.match(await b.documents.received(one.received), { state: 'consigned' });
  t.same(await verifiedEvents(await b.evidence.chain({ iss: a.url, jti: one.sent }), [a, b]), [
    'RelayAcceptance',
    'ContentConsignment',
  ]);
});
