import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { termsBetween, untilAgreement } from '../support/agreement.ts';
import { type ApiAnswer, type ApiClient, createApiClient, submissionForm } from '../support/api.ts';
import { ALL_SCOPES, eventually, seedLink, startTestNode, type TestNode } from '../support/node.ts';
import { findOperation, operations } from '../support/openapi.ts';
import { png } from '../support/png.ts';
import { contactScopes, grantWith, message, slotGrant, sql } from '../support/slot.ts';

const SAMPLE = path.join(import.meta.dirname, '../../examples/documents/facture-fr.pdf');

const answered = new Set<string>();

/** One caller of each role; notes which operations were answered well. Each answer is held against openapi.yaml. */
async function callersOf(node: TestNode) {
  const caller = async (role: 'operator' | 'integrator' | 'vault' | 'auditor') => {
    const client = await createApiClient(node, role);
    const call: ApiClient['call'] = async (method, target, options) => {
      const answer = await client.call(method, target, options);
      const operationId = findOperation(method, target)?.operation.operationId;
      if (answer.status < 300 && operationId !== undefined) answered.add(operationId);
      return answer;
    };
    return { token: client.token, call };
  };
  return {
    operator: await caller('operator'),
    integrator: await caller('integrator'),
    vault: await caller('vault'),
    auditor: await caller('auditor'),
  };
}

const CONSENT = {
  jurisdiction: 'FR',
  method: 'web',
  purposes: ['Receive documents in one place'],
  policyUrl: 'https://bank.example/privacy',
  services: ['Digital vault'],
  sensitive: false,
};

t.test('the whole institution API between two nodes, as its contract says', async (t) => {
  const env = { INTERVAULT_VAULT_ORIGINS: 'https://vault.example' };
  const [a, b] = await Promise.all([startTestNode(t), startTestNode(t, { env })]);
  const [atA, atB] = await Promise.all([callersOf(a), callersOf(b)]);
  const ok = (answer: ApiAnswer, status = 200) => {
    t.equal(answer.status, status, JSON.stringify(answer.body).slice(0, 400));
    return answer.body;
  };
  const refused = (answer: ApiAnswer, status: number, code: string) =>
    t.match(answer, { status, body: { code } }, `${code}: ${JSON.stringify(answer.body).slice(0, 200)}`);

  t.test('the node', async (t) => {
    const node = ok(await atA.auditor.call('GET', '/v1/node'));
    t.match(node, {
      entityId: a.url,
      federation: true,
      caller: { role: 'auditor', subject: 'test-auditor' },
    });
    const { types } = ok(await atA.vault.call('GET', '/v1/document-types')) as unknown as {
      types: { code: string; names: object }[];
    };
    t.strictSame(types[0], { code: 'billing.invoice', names: { fr: 'facture', en: 'invoice' } });
  });

  t.test('peers', async (t) => {
    for (const [one, other] of [
      [atA, b],
      [atB, a],
    ] as const) {
      const preview = ok(await one.operator.call('POST', '/v1/peers/discover', { json: { url: other.url } }));
      const json = { url: other.url, pin: preview['signedBy'] };
      refused(
        await one.operator.call('POST', '/v1/peers', { json: { ...json, pin: 'A'.repeat(43) } }),
        409,
        'peer.pin_mismatch',
      );
      const added = ok(await one.operator.call('POST', '/v1/peers', { json }), 201);
      t.match(added, { id: other.url, state: 'active', traffic: { queued: 0, breaker: 'closed' } });
      refused(await one.operator.call('POST', '/v1/peers', { json }), 409, 'peer.exists');
    }
    const { peers } = ok(await atA.auditor.call('GET', '/v1/peers')) as unknown as {
      peers: { ref: string }[];
    };
    const at = `/v1/peers/${peers[0]?.ref}`;
    const shown = await atA.operator.call('GET', at);
    t.equal(shown.body['id'], b.url);
    const encoded = await atA.operator.call('GET', `/v1/peers/${encodeURIComponent(b.url)}`);
    t.equal(encoded.body['ref'], peers[0]?.ref, 'the id itself means the same');
    refused(await atA.operator.call('GET', '/v1/peers/AAAA'), 400, 'peer.url');
    const nobody = Buffer.from('https://nobody.example').toString('base64url');
    refused(await atA.operator.call('GET', `/v1/peers/${nobody}`), 404, 'peer.not_found');

    const json = { reason: 'contract under review' };
    refused(
      await atA.operator.call('POST', `${at}/suspend`, { json, headers: { 'if-match': '"old"' } }),
      412,
      'request.precondition',
    );
    t.match(ok(await atA.operator.call('POST', `${at}/suspend`, { json })), {
      state: 'suspended',
      stateReason: json.reason,
    });
    refused(await atA.operator.call('POST', `${at}/suspend`, { json }), 409, 'peer.state');
    refused(
      await atA.operator.call('POST', `${at}/suspend`, { json: { reason: '' } }),
      400,
      'request.invalid',
    );
    t.match(ok(await atA.operator.call('POST', `${at}/resume`)), { state: 'active' });
    ok(await atA.operator.call('POST', `${at}/refresh`));
    const { pins } = shown.body as { pins: { kid: string }[] };
    ok(await atA.operator.call('POST', `${at}/repin`, { json: { pin: pins[0]?.kid } }));
  });

  const startLink = async (customer: string) => {
    const json = {
      customer,
      peer: b.url,
      scopes: { [a.url]: ALL_SCOPES, [b.url]: ALL_SCOPES },
      holder: 'M. D••••',
      returnUrl: 'https://bank.example/links/done',
      consent: CONSENT,
      session: `session of ${customer}`,
    };
    return ok(await atA.integrator.call('POST', '/v1/links', { json }), 201);
  };
  let link = '';

  t.test('links', async (t) => {
    const declined = await startLink('C-0');
    ok(await atB.vault.call('POST', '/v1/links/decline', { json: { token: declined['token'] } }), 204);

    const started = await startLink('C-1');
    link = started['link'] as string;
    const at = `/v1/links/${link}`;
    const { token } = started;
    t.match(ok(await atB.vault.call('POST', '/v1/links/inspect', { json: { token } })), {
      link,
      from: { id: a.url },
      holder: 'M. D••••',
    });
    const redeem = { token, customer: 'V-1', consent: CONSENT, session: 'over there' };
    ok(await atB.vault.call('POST', '/v1/links/redeem', { json: redeem }), 201);
    const confirmed = await eventually(async () => {
      const json = { session: 'over there' };
      const redemption = ok(await atB.vault.call('POST', `${at}/redemption`, { json }));
      return (redemption['status'] as string) === 'confirmed' && redemption;
    });
    refused(
      await atB.vault.call('POST', `${at}/redemption`, { json: { session: 'another' } }),
      403,
      'link.session',
    );
    const complete = { customer: 'C-1', session: 'session of C-1', code: confirmed['code'] };
    refused(
      await atA.integrator.call('POST', `${at}/complete`, { json: { ...complete, code: '0000000000' } }),
      403,
      'link.code',
    );
    t.match(ok(await atA.integrator.call('POST', `${at}/complete`, { json: complete })), {
      id: link,
      state: 'active',
      customer: 'C-1',
    });
    await eventually(async () => (await atB.auditor.call('GET', at)).body['state'] === 'active');

    t.match(ok(await atA.auditor.call('GET', '/v1/links')), { links: [{ id: link }], next: null });
    t.match(ok(await atA.auditor.call('POST', '/v1/links/search', { json: { customer: 'C-1' } })), {
      links: [{ id: link, customerId: /^[0-9a-f-]{36}$/ }],
    });
    t.match(ok(await atA.operator.call('POST', '/v1/links/search', { json: { customer: 'C-9' } })), {
      links: [],
    });
    for (const [action, state] of [
      ['pause', 'paused'],
      ['resume', 'active'],
      ['revoke', 'restorable'],
      ['restore', 'active'],
    ] as const) {
      t.match(ok(await atA.integrator.call('POST', `${at}/${action}`)), { state }, action);
    }
    const scopes = { [a.url]: ALL_SCOPES, [b.url]: { ...ALL_SCOPES, contact: [] } };
    ok(await atA.integrator.call('PUT', `${at}/scopes`, { json: { scopes } }));
    const { entries } = ok(await atA.auditor.call('GET', `${at}/journal`)) as unknown as {
      entries: unknown[];
    };
    t.ok(entries.length > 4);
    await eventually(async () => (await atB.auditor.call('GET', at)).body['state'] === 'active');
  });

  t.test('documents there and back', async (t) => {
    const pdf = await readFile(SAMPLE);
    const fields = { link, title: 'Facture', issuedAt: '2026-11-01', language: 'fr' };
    const ids: string[] = [];
    for (const type of ['billing.invoice', 'statement.account', 'other']) {
      const body = submissionForm({ ...fields, type }, pdf);
      ids.push(ok(await atA.integrator.call('POST', '/v1/documents', { body }), 201)['id'] as string);
    }
    const file = { contentType: 'application/pdf' };
    const draft = ok(
      await atA.integrator.call('POST', '/v1/documents', { json: { ...fields, type: 'other', file } }),
      201,
    );
    ok(await atA.integrator.call('PUT', `/v1/documents/${draft['id']}/content`, { body: pdf }));
    for (const id of ids) {
      await eventually(async () => {
        const { state } = ok(await atA.auditor.call('GET', `/v1/documents/${id}`));
        return (state as string) === 'accepted';
      });
    }
    ok(await atA.auditor.call('GET', '/v1/documents'));
    ok(await atA.integrator.call('GET', `/v1/documents/${ids[0]}/content`));
    ok(await atA.auditor.call('GET', `/v1/documents/${ids[0]}/evidence`));
    const { vault } = atB;
    const inbox = await eventually(async () => {
      const { documents } = ok(await vault.call('GET', '/v1/inbox')) as unknown as {
        documents: { id: string; exchange: string; customer: string }[];
      };
      return documents.length === 4 && documents;
    });
    const received = ids.map((id) => inbox.find(({ exchange }) => exchange === id)?.id ?? '');
    const [first, second, third] = received.map((id) => `/v1/inbox/${id}`);
    t.match(ok(await atB.auditor.call('GET', '/v1/inbox/count')), { count: 4 });
    t.match(ok(await vault.call('GET', `${first}`)), { id: received[0], metadata: { title: 'Facture' } });
    t.ok((await vault.call('GET', `${first}/content`)).bytes.equals(pdf));
    ok(await vault.call('GET', `${first}/content`, { headers: { range: 'bytes=0-9' } }), 206);
    refused(
      await vault.call('GET', `${first}/content`, { headers: { range: `bytes=${pdf.length}-` } }),
      416,
      'range.unsatisfiable',
    );
    t.match(ok(await atB.auditor.call('POST', `${first}/control`)), { ok: true });
    t.match(ok(await vault.call('POST', `${first}/consign`)), { ok: true, state: 'consigned' });
    ok(await vault.call('POST', `${first}/notified`));
    ok(await vault.call('POST', `${first}/notification-failure`, { json: { reason: 'other' } }));
    ok(await vault.call('POST', `${first}/opened`, { json: { how: 'read' } }));
    const json = { documents: [received[1]] };
    ok(await vault.call('POST', '/v1/inbox/consignments', { json }));
    ok(await vault.call('POST', '/v1/inbox/notifications', { json }));
    ok(await vault.call('POST', `${third}/refuse`, { json: { reason: 'not_wanted' } }));
    ok(await vault.call('DELETE', `${second}`));
    ok(await vault.call('POST', `${second}/restore`));
    ok(await atB.auditor.call('GET', `${first}/evidence`));
    ok(await atB.auditor.call('GET', `${first}/journal`));
    ok(await atB.auditor.call('GET', `/v1/customers/${inbox[0]?.customer}/journal`));
    const recall = { reason: 'error', note: 'Une nouvelle facture suit.' };
    ok(await atA.integrator.call('POST', `/v1/documents/${ids[0]}/recall`, { json: recall }), 202);
    await eventually(async () => 'recalled' in (await vault.call('GET', `${first}`)).body);
    ok(await atB.operator.call('POST', `${second}/erase`, { json: { reason: 'request' } }));
    ok(await atA.operator.call('POST', `/v1/documents/${ids[1]}/erase`, { json: { reason: 'request' } }));
    ok(await atA.operator.call('GET', `/v1/documents/${ids[1]}`));
    ok(await atB.operator.call('GET', `${second}`));
  });

  t.test('agreements', async () => {
    const json = {
      peer: b.url,
      terms: termsBetween(a, b, { grant: grantWith(slotGrant({ imageMaxBytes: 4096 })) }),
    };
    const { id } = ok(await atA.operator.call('POST', '/v1/agreements', { json }), 201);
    const at = `/v1/agreements/${id}`;
    await untilAgreement(b, String(id), 'open');
    const { etag = '' } = Object.fromEntries((await atB.operator.call('GET', at)).headers);
    const stale = { headers: { 'if-match': '"other"' } };
    refused(await atB.operator.call('POST', `${at}/accept`, stale), 412, 'request.precondition');
    refused(await atB.integrator.call('POST', `${at}/accept`), 403, 'auth.forbidden');
    ok(await atB.operator.call('POST', `${at}/accept`, { headers: { 'if-match': etag } }));
    await untilAgreement(b, String(id), 'agreed');
    t.match(ok(await atA.auditor.call('GET', '/v1/agreements?state=agreed')), { agreements: [{ id }] });
    t.match(ok(await atA.auditor.call('GET', `${at}/evidence`)), { exchanges: [{}, {}] });
    const { terms } = json;
    const amendment = { ...json, replaces: id, terms: { ...terms, noticeDays: 0 } };
    const { id: next } = ok(await atA.operator.call('POST', '/v1/agreements', { json: amendment }), 201);
    ok(await atA.operator.call('POST', `/v1/agreements/${next}/decline`));
    refused(await atA.operator.call('POST', `${at}/decline`), 422, 'agreement.closed');
    ok(await atA.operator.call('POST', `${at}/terminate`));
  });

  t.test('slots and messages', async () => {
    const ref = Buffer.from(a.url).toString('base64url');
    const { slots } = ok(await atB.auditor.call('GET', '/v1/slots')) as unknown as { slots: object[] };
    t.match(slots, [{ side: 'hosted' }, { side: 'granted' }]);
    const reason = { json: { reason: 'a test' } };
    t.match(ok(await atB.operator.call('POST', `/v1/slots/${ref}/home-card/pause`, reason)), {
      state: 'paused',
    });
    ok(await atB.operator.call('POST', `/v1/slots/${ref}/home-card/resume`));
    const { priority: _priority, ...given } = message({
      texts: [{ language: 'fr', title: 'Votre épargne', body: 'Parlons-en.', imageAlt: 'Un arbre' }],
    });
    const image = { type: 'image/png', data: png(40, 30).toString('base64') };
    const contact = await seedLink(a, b, { scopes: contactScopes(a, b) });
    const json = { link: contact, ...given, image };
    ok(await atA.integrator.call('POST', '/v1/messages/preflight', { json }));
    const { id } = ok(await atA.integrator.call('POST', '/v1/messages', { json }), 201);
    ok(await atA.auditor.call('GET', '/v1/messages'));
    ok(await atA.auditor.call('GET', `/v1/messages/${id}`));

    const [row] = await sql(b, 'select customer_id from links where id = $1', [contact]);
    const customer = `/v1/customers/${row?.['customer_id']}`;
    const wishes = { json: { calm: { max: 3, per: 1, unit: 'day' } } };
    t.match(ok(await atB.vault.call('PUT', `${customer}/contact`, wishes)), wishes.json);
    t.match(ok(await atB.vault.call('GET', `${customer}/contact`)), wishes.json);
    ok(await atB.vault.call('POST', `${customer}/mute`, { json: { peer: a.url } }));
    ok(await atB.vault.call('POST', `${customer}/unmute`, { json: { peer: a.url } }));
    ok(await atB.vault.call('PUT', `${customer}/providers`, { json: { declared: 12 } }), 204);
    ok(await atB.auditor.call('GET', `/v1/reports/relationship/${ref}?from=2026-10&to=2026-11`));
    ok(await atB.vault.call('POST', `${customer}/sessions`, { json: {} }), 201);
    const { items } = await eventually(async () => {
      const feed = ok(await atB.vault.call('GET', `${customer}/feed`)) as { items: { id: string }[] };
      return feed.items.length === 1 ? feed : undefined;
    });
    ok(await atB.vault.call('GET', `${customer}/messages/${items[0]?.id}/image`));
    ok(await atA.auditor.call('GET', `/v1/messages/${id}/evidence`));
    ok(await atA.integrator.call('POST', `/v1/messages/${id}/withdraw`));
    const at = new Date().toISOString();
    const events = { json: { events: [{ message: String(id), kind: 'displayed', at }] } };
    ok(await atB.vault.call('POST', `${customer}/engagement`, events));
    const ask = { json: { kind: 'ask_human', peer: a.url } };
    const undone = ok(await atB.vault.call('POST', `${customer}/replies`, ask), 201);
    ok(await atB.vault.call('POST', `${customer}/replies/${undone['id']}/undo`), 204);
    const said = ok(await atB.vault.call('POST', `${customer}/replies`, ask), 201);
    await b.outbox.retryNow(String(said['id']));
    t.match(ok(await atB.vault.call('GET', `${customer}/threads`)), {
      threads: [{ thread: said['thread'] }],
    });
    t.match(ok(await atB.vault.call('GET', `${customer}/threads/${said['thread']}`)), { entries: [{}] });
    await eventually(async () => {
      const { replies } = ok(await atA.auditor.call('GET', '/v1/replies?waiting=true')) as {
        replies: object[];
      };
      return replies.length === 1;
    });
    ok(await atA.integrator.call('GET', `/v1/replies/${said['id']}`));
    ok(await atB.auditor.call('GET', `/v1/replies/${said['id']}/evidence`));
    const answer = { json: { handledBy: 'human', text: 'Bonjour.', language: 'fr' } };
    ok(await atA.integrator.call('POST', `/v1/replies/${said['id']}/answers`, answer), 201);
    t.match(ok(await atB.vault.call('GET', `${customer}/learned`)), { events: [{ told: 'individual' }] });
    ok(await atA.auditor.call('GET', '/v1/engagement'));
    const nobody = `/v1/customers/${String(id)}/contact`;
    refused(await atB.vault.call('GET', nobody), 404, 'customer.not_found');
    refused(await atB.operator.call('GET', nobody), 403, 'auth.forbidden');
  });

  t.test('the ledger', async () => {
    const contact = await seedLink(a, b, { scopes: contactScopes(a, b) });
    const { priority: _priority, ...given } = message();
    for (let n = 0; n < 2; n++)
      ok(await atA.integrator.call('POST', '/v1/messages', { json: { link: contact, ...given } }), 201);
    const agreement = await eventually(async () => {
      const { body } = await atA.auditor.call('GET', `/v1/ledger?peer=${encodeURIComponent(b.url)}`);
      const [account] = body['accounts'] as { agreement: string; granted: { entries: number } }[];
      return (account?.granted.entries ?? 0) >= 2 && account?.agreement;
    });
    const at = `/v1/ledger/${agreement}`;
    t.match(ok(await atB.auditor.call('GET', at)), { agreement, standing: 'within' });
    refused(await atA.auditor.call('GET', `/v1/ledger/${'A'.repeat(43)}`), 404, 'ledger.account_not_found');
    t.match(ok(await atA.auditor.call('GET', `${at}/reconciliation`)), { differences: [] });
    const entries = ok(await atA.auditor.call('GET', `${at}/entries?side=granted&limit=1`));
    t.match(entries, { entries: [{ seq: 1, kind: 'post' }], next: String });
    ok(await atA.auditor.call('GET', `${at}/entries?side=granted&cursor=${entries['next']}`));
    refused(await atA.auditor.call('GET', `${at}/entries?side=granted&cursor=eA`), 400, 'ledger.input');
    t.match(ok(await atA.auditor.call('GET', `${at}/entries/1/evidence?side=granted`)), {
      exchanges: [{ act: 'slot.message' }, { act: 'ledger.entries' }],
    });
    t.match(ok(await atB.operator.call('POST', `${at}/entries/1/reverse`), 201), { kind: 'reverse', of: 1 });
    t.match(ok(await atB.operator.call('POST', `${at}/statements`), 201), { number: 1, state: 'open' });
    await eventually(async () => {
      const { body } = await atA.auditor.call('GET', `${at}/statements?side=granted`);
      return (body['statements'] as object[]).length > 0;
    });
    t.match(ok(await atA.auditor.call('GET', `${at}/statements/1?side=granted`)), { state: 'countersigned' });
    t.match(ok(await atA.operator.call('POST', `${at}/statements/1/countersign`)), {
      state: 'countersigned',
    });
    refused(
      await atA.operator.call('POST', `${at}/statements/9/countersign`),
      404,
      'ledger.statement_not_found',
    );
    t.match(ok(await atA.auditor.call('GET', `${at}/disputes`)), { disputes: [] });
    t.match(ok(await atA.auditor.call('GET', `${at}/forks`)), { exchanges: [] });
    await sql(a, `update ledger_sequences set suspended_at = now() where role = 'guest'`);
    ok(await atA.operator.call('POST', `${at}/resume`));
    refused(await atA.operator.call('POST', `${at}/resume`), 409, 'ledger.not_suspended');
    refused(await atA.integrator.call('GET', at), 403, 'auth.forbidden');
  });

  t.test('a delivery that waits', async () => {
    const at = `/v1/peers/${Buffer.from(a.url).toString('base64url')}`;
    ok(await atB.operator.call('POST', `${at}/suspend`, { json: { reason: 'to make it wait' } }));
    const metadata = {
      link,
      type: 'billing.invoice',
      title: 'Facture',
      issuedAt: '2026-11-01',
      language: 'fr',
    };
    const body = submissionForm(metadata, await readFile(SAMPLE));
    const sent = await atA.integrator.call('POST', '/v1/documents', { body });
    const document = `/v1/documents/${ok(sent, 201)['id']}`;
    await eventually(async () => {
      const { delivery } = (await atA.operator.call('GET', document)).body as {
        delivery?: { attempts: number };
      };
      return delivery !== undefined && delivery.attempts > 0;
    });
    ok(await atA.operator.call('POST', `${document}/retry`));
    ok(await atA.operator.call('POST', `${document}/cancel`));
  });

  t.test('keys', async () => {
    const { keys } = ok(await atA.auditor.call('GET', '/v1/keys')) as unknown as { keys: unknown[] };
    t.ok(keys.length >= 2);
    const rotate = { json: { purpose: 'exchange' } };
    const pending = ok(await atA.operator.call('POST', '/v1/keys/rotate', rotate), 201);
    refused(await atA.operator.call('POST', '/v1/keys/rotate', rotate), 409, 'key.rotation_running');
    refused(
      await atA.operator.call('POST', '/v1/keys/rotate', { json: { purpose: 'token' } }),
      400,
      'request.invalid',
    );
    ok(await atA.operator.call('POST', `/v1/keys/${pending['kid']}/retire`));
    refused(await atA.operator.call('POST', `/v1/keys/${pending['kid']}/retire`), 409, 'key.state');
    refused(await atA.operator.call('POST', `/v1/keys/${'A'.repeat(43)}/retire`), 404, 'key.not_found');
    ok(await atA.operator.call('POST', `/v1/keys/${pending['kid']}/revoke`, { json: { reason: 'lost' } }));
    ok(await atA.auditor.call('GET', '/v1/keys/kek'));
    ok(await atA.operator.call('POST', '/v1/keys/kek/rotate'), 202);
  });

  t.test('an end', async () => {
    ok(
      await atA.operator.call('POST', `/v1/links/${link}/erase`, { json: { reason: 'erasure.request' } }),
      204,
    );
    t.match(ok(await atA.operator.call('GET', `/v1/links/${link}`)), { state: 'erased' });
    const peer = Buffer.from(b.url).toString('base64url');
    t.match(ok(await atA.operator.call('POST', `/v1/peers/${peer}/remove`, { json: { reason: 'over' } })), {
      state: 'revoked',
    });
  });

  t.test('no operation was left out', async (t) => {
    const all = operations.filter(({ template }) => template.startsWith('/v1'));
    t.strictSame(
      all.map(({ operation }) => operation.operationId).filter((id) => !answered.has(id)),
      [],
    );
  });
});

t.test('strangers at the door', async (t) => {
  const node = await startTestNode(t);
  const { operator } = await callersOf(node);
  const refused = async (
    method: string,
    target: string,
    options: Parameters<ApiClient['call']>[2],
    code: string,
  ) => {
    const { body } = await operator.call(method, target, options);
    t.equal(body['code'], code, `${method} ${target}`);
  };
  const type = { 'content-type': 'application/json' };
  await refused('POST', '/v1/peers', { body: '{', headers: type }, 'request.json');
  await refused('POST', '/v1/peers', { body: '{"url":"x","url":"y"}', headers: type }, 'request.json');
  await refused(
    'POST',
    '/v1/peers',
    { body: 'x', headers: { 'content-type': 'text/plain' } },
    'request.media_type',
  );
  await refused('POST', '/v1/peers', { json: { url: 'https://x.example' } }, 'request.invalid');
  await refused('GET', '/v1/peers?colour=1', {}, 'request.invalid');
  await refused('GET', '/v1/nothing', {}, 'request.not_found');
  await refused('PATCH', '/v1/peers', {}, 'request.method');
  await refused('GET', '/v1/documents/not-an-id', {}, 'request.invalid');
});
