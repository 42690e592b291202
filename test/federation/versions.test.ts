// A peer that is a version ahead: what it shows of itself, and what it says that this version doesn't know.
import t, { type Test } from 'tap';
import { saltedManifest } from '../../src/exchange/index.ts';
import type { EntityId } from '../../src/protocol/ids.ts';
import { captureLog } from '../http/harness.ts';
import { createApiClient } from '../support/api.ts';
import { craft, PDF, put } from '../support/craft.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { offerVersions, withoutVersion1 } from '../support/newer-peer.ts';
import {
  eventually,
  peerNodes,
  seedLink,
  startTestNode,
  submit,
  type TestNode,
  untilState,
} from '../support/node.ts';
import { inDays, message, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

/** Peers, of which `newer` can show another version of itself. */
async function startNewer(
  t: Test,
): Promise<{ older: TestNode; newer: TestNode; hop: Hop; log: ReturnType<typeof captureLog> }> {
  const hop = await startHop(t);
  const log = captureLog('info');
  const [older, newer] = [await startTestNode(t, { logger: log.logger }), await startTestNode(t, { hop })];
  return { older, newer, hop, log };
}

const refOf = (node: TestNode) => Buffer.from(node.url).toString('base64url');

t.test('a peer that offers more versions than this one', async (t) => {
  const { older, newer, hop } = await startNewer(t);
  offerVersions(newer, hop, ['1', '2']);
  const preview = await older.registry.peerAdmin.discover(newer.url);
  t.same(preview.protocolVersions, ['1', '2']);
  await peerNodes(older, newer);
  const link = await seedLink(older, newer);
  for (const [from, to] of [
    [older, newer],
    [newer, older],
  ] as const) {
    const { id } = await submit(from, link, PDF);
    await untilState(from, id, 'accepted');
    t.equal((await sql(to, 'select 1 from received_documents where jti = $1', [id])).length, 1);
  }
});

t.test('a node that offers no version of this one', async (t) => {
  const { older, newer, hop } = await startNewer(t);
  const pin = (await older.registry.peerAdmin.discover(newer.url)).federationKeys[0]?.kid;
  offerVersions(newer, hop, ['2']);
  const operator = await createApiClient(older, 'operator');
  for (const [path, json] of [
    ['/v1/peers/discover', { url: newer.url }],
    ['/v1/peers', { url: newer.url, pin }],
  ] as const)
    t.match(await operator.call('POST', path, { json }), {
      status: 502,
      body: { code: 'peer.configuration', reason: 'entity.version' },
    });
  t.same((await operator.call('GET', '/v1/peers')).body, { peers: [] });
});

t.test('a peer that leaves this version, and comes back', async (t) => {
  const { older, newer, hop, log } = await startNewer(t);
  await peerNodes(older, newer);
  const link = await seedLink(older, newer);
  const operator = await createApiClient(older, 'operator');
  const show = async () => (await operator.call('GET', `/v1/peers/${refOf(newer)}`)).body;
  const refresh = async () => (await operator.call('POST', `/v1/peers/${refOf(newer)}/refresh`)).body;
  const before = (await show())['configuration'] as { sha256: string };

  offerVersions(newer, hop, ['2']);
  hop.onPut = withoutVersion1;
  hop.onClose = withoutVersion1;
  t.match(await refresh(), {
    state: 'active',
    configuration: { problem: 'entity.version', failingSince: String, stale: false, sha256: before.sha256 },
  });
  t.ok(
    log.lines.some(({ level, code }) => level === 'warn' && code === 'entity.version'),
    'the operator is told',
  );
  const documents = await Promise.all([1, 2, 3].map(async () => (await submit(older, link, PDF)).id));
  await eventually(async () => hop.puts >= 6);
  for (const id of documents)
    t.match(await older.documents.sent(id), { state: 'submitted' }, 'kept, not given up');
  t.match(
    await sql(older, 'select task, last_code, last_status from deliveries order by attempts desc limit 1'),
    [{ task: 'send', last_code: 'answer.no_such_path', last_status: 404 }],
  );
  const failing = await eventually(async () =>
    (await show())['outboundProblem'] === undefined ? false : show(),
  );
  t.match(failing, { outboundProblem: 'answer.no_such_path', outboundFailingSince: String });

  offerVersions(newer, hop, ['1', '2']);
  hop.onPut = undefined;
  hop.onClose = undefined;
  t.match(await refresh(), { configuration: { problem: undefined, failingSince: undefined } });
  for (const id of documents) await untilState(older, id, 'accepted', 60_000);
  t.equal((await sql(newer, 'select 1 from received_documents')).length, documents.length);
});

t.test('an act that this node doesn’t know', async (t) => {
  const { older, newer } = await startNewer(t);
  await peerNodes(older, newer);
  const link = await seedLink(older, newer);
  const saying = {
    aud: older.url as EntityId,
    sub: link,
    manifest: saltedManifest({ survey: 'nps' }),
    windowS: 600,
  };
  const [jti] = await newer.db.transact((tx) =>
    newer.exchange.outbound.say(tx, [{ ...saying, act: 'slot.survey', submitted: true }], new Date()),
  );
  const ended = await eventually(async () => {
    const [row] = await sql(newer, 'select state, reason from outbound_exchanges where jti = $1', [jti]);
    return row?.['state'] !== 'pending' && row;
  });
  t.same(
    ended,
    { state: 'rejected', reason: 'act.unsupported' },
    'for good: a newer node may take it, this one won’t',
  );
  t.match(await sql(older, 'select outcome, reason, body_id from inbound_exchanges where jti = $1', [jti]), [
    { outcome: 'rejected', reason: 'act.unsupported', body_id: null },
  ]);
  t.same(await sql(older, `select 1 from bodies`), [], 'nothing of it is kept');
  for (const node of [older, newer]) {
    const chain = await node.evidence.chain({ iss: newer.url, jti: String(jti) });
    t.ok(
      chain.some(({ event, issuer }) => event === 'RelayRejection' && issuer === older.url),
      node.url,
    );
  }
});

t.test('members and values that this version doesn’t know', async (t) => {
  const pair = await startSlotPair(t);
  const { guest, host, link, agreement } = pair;
  const { id } = await sendAndWait(pair);
  const at = new Date().toISOString();
  const entry = {
    ...{ seq: 1, prev: 'A'.repeat(43), kind: 'post', exchange: id, category: 'advice', weight: 1, total: 1 },
    at: `${at.slice(0, 19)}Z`,
  };
  const half = { rev: 9, state: 'active', scopes: {} };
  const toHost: [string, string, object][] = [
    ['a member of a message', 'slot.message', { ...message(), mood: 'calm' }],
    ['a category', 'slot.message', { ...message(), category: 'news' }],
    ['a priority', 'slot.message', { ...message(), priority: 'urgent' }],
    ['an action', 'slot.message', { ...message(), actions: [{ kind: 'pay', label: 'Payer' }] }],
    [
      'a member of a text',
      'slot.message',
      { ...message(), texts: [{ language: 'fr', title: 'a', body: 'b', tone: 'c' }] },
    ],
    ['a member of a withdrawal', 'slot.withdraw', { message: id, reason: 'old' }],
    ['who speaks', 'slot.reply', { from: 'advisor', kind: 'reply', text: 'a', language: 'fr' }],
    ['a state of a link', 'link.half', { ...half, state: 'dormant' }],
    [
      'a reason of a dispute',
      'ledger.dispute',
      { agreement, items: [{ seq: 1, exchange: id, reason: 'taste' }] },
    ],
    [
      'a member of a countersignature',
      'ledger.countersign',
      { agreement, number: 1, head: entry.prev, closing: 1, by: 'x' },
    ],
    ['a member of an acceptance', 'agreement.accept', { agreement, from: at }],
  ];
  const toGuest: [string, string, object][] = [
    ['a kind of a word', 'slot.reply', { from: 'customer', kind: 'video' }],
    ['an event', 'slot.engagement', { events: [{ message: id, kind: 'shared', at }] }],
    [
      'a figure',
      'slot.engagement',
      { months: [{ month: '2026-10', customers: 30, figures: { shared: 25 } }] },
    ],
    ['a form of engagement', 'slot.engagement', { weeks: [] }],
    ['a kind of an entry', 'ledger.entries', { agreement, entries: [{ ...entry, kind: 'adjust' }] }],
    ['a member of an entry', 'ledger.entries', { agreement, entries: [{ ...entry, currency: 'EUR' }] }],
    ['a state of a peer', 'peer.notice', { state: 'merged', rev: 1 }],
  ];
  const tables = [
    'hosted_messages',
    'replies',
    'received_engagement',
    'received_engagement_months',
    'ledger_entries',
    'ledger_disputes',
    'agreement_versions',
    'link_halves',
    'bodies',
  ];
  const count = async (node: TestNode) =>
    (
      await sql(
        node,
        `select ${tables.map((table) => `(select count(*)::int from ${table}) as ${table}`).join(', ')}`,
      )
    )[0];
  await eventually(async () => (await sql(guest, 'select 1 from ledger_entries')).length === 1);
  for (const [from, to, cases] of [
    [guest, host, toHost],
    [host, guest, toGuest],
  ] as const) {
    const before = await count(to);
    for (const [name, act, body] of cases) {
      const of = {
        ...(act.startsWith('slot.') && act !== 'slot.engagement' && { link }),
        ...(act === 'link.half' && { link }),
      };
      const agr = act === 'slot.message' ? { claims: { agr: agreement } } : {};
      const crafted = await craft(from, to, {
        act,
        content: null,
        body: body as Record<string, unknown>,
        ...of,
        ...agr,
      });
      t.match(await put(to, crafted), { status: 422, type: 'application/ivx-receipt+jwt' }, name);
      const row = await sql(to, 'select outcome, reason, body_id from inbound_exchanges where jti = $1', [
        crafted.jti,
      ]);
      t.same(row, [{ outcome: 'rejected', reason: 'manifest.invalid', body_id: null }], name);
    }
    t.same(await count(to), before, 'nothing of it is kept');
  }
  t.match(await sendAndWait(pair, { expiresAt: inDays(2) }), { state: 'placed' }, 'and all goes on');
});
