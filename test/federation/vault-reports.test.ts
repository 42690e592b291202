import t from 'tap';
import { eventually } from '../support/node.ts';
import { type Sent, startPair } from '../support/vault.ts';

t.test('what is to be told goes out together, one exchange at a time, until it is accepted', async (t) => {
  const { a, b, vault, send, untilSent } = await startPair(t);
  const documents: Sent[] = [];
  for (let count = 0; count < 5; count++) documents.push(await send());
  const outbound = () =>
    b.db.read
      .selectFrom('outbound_exchanges')
      .selectAll()
      .where('act', '=', 'document.status')
      .orderBy('jti')
      .execute();

  await b.registry.peerAdmin.suspend(a.url, 'maintenance');
  const ids = documents.map((one) => one.received);
  await vault.call('POST', '/v1/inbox/consignments', { json: { documents: ids } });
  await vault.call('POST', '/v1/inbox/notifications', { json: { documents: ids } });
  t.equal((await outbound()).length, 0, 'nothing is issued to a suspended peer');
  await b.registry.peerAdmin.resume(a.url);
  const kick = () =>
    b.db.transact(async (tx) =>
      b.vault.listeners.find((one) => one.act === 'document.status')?.settled(tx, []),
    );
  await kick();
  for (const one of documents) await untilSent(one.sent, 'notified');
  t.equal((await outbound()).length, 1, 'ten statuses, one exchange');
  await eventually(
    async () => (await b.db.read.selectFrom('status_reports').selectAll().execute()).length === 0,
  );

  await t.test('what came to nothing is issued again under a new id', async (t) => {
    await b.registry.peerAdmin.suspend(a.url, 'maintenance');
    const [one, two] = documents as [Sent, Sent];
    await vault.call('POST', `/v1/inbox/${one.received}/opened`, { json: {} });
    await b.registry.peerAdmin.resume(a.url);
    // The peer would take it; its outcome here is told as lost, before it can be sent.
    await b.outbox.stop();
    await kick();
    const lost = await eventually(async () => (await outbound())[1]);
    await vault.call('POST', `/v1/inbox/${two.received}/opened`, { json: {} });
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.equal((await outbound()).length, 2, 'one exchange in flight for a peer');
    const listener = b.vault.listeners.find((candidate) => candidate.act === 'document.status');
    await b.db.transact(async (tx) =>
      listener?.settled(tx, [
        {
          jti: lost.jti,
          act: 'document.status',
          peer: a.url,
          state: 'failed',
          reason: 'exchange.expired',
          decidedAt: undefined,
          settledAt: new Date(),
        },
      ]),
    );
    const peer = await b.db.read.selectFrom('status_peers').selectAll().executeTakeFirstOrThrow();
    t.match(peer, { exchange_jti: null, failures: 1 });
    t.ok(peer.due_at.getTime() > Date.now() + 10_000, 'not at once: the peer may refuse it again');
    await b.db.transact(({ client }) => client.query('update status_peers set due_at = now()'));
    await kick();
    const again = await eventually(async () => (await outbound())[2]);
    t.not(again.jti, lost.jti);
    const carried = await b.db.read.selectFrom('status_reports').selectAll().execute();
    t.same(
      carried.map((report) => [report.state, report.exchange_jti]),
      [
        ['opened', again.jti],
        ['opened', again.jti],
      ],
      'with what there is to tell by then',
    );
  });
});
