import t from 'tap';
import { v7 as uuidV7 } from 'uuid';
import { bumpVersion } from '../../src/registry/own-keys/store.ts';
import { captureLog, type LogLine } from '../http/harness.ts';
import { createApiClient, submissionForm } from '../support/api.ts';
import { ask, askAs, close, craft, PDF, put } from '../support/craft.ts';
import { eventually, INVOICE, peerNodes, seedLink, startTestNode, untilState } from '../support/node.ts';

const EXCHANGES = '/federation/v1/exchanges';

const operations = (jti: string) =>
  [
    ['GET', `${EXCHANGES}/${jti}`],
    ['GET', EXCHANGES],
    ['POST', `${EXCHANGES}/${jti}/close`],
  ] as const;

// `ask` holds every answer against openapi.yaml: that a code comes without an error is half of what is tested.
t.test('what reads and closings answer is what openapi.yaml lists', async (t) => {
  const [a, b] = [await startTestNode(t), await startTestNode(t)];
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const crafted = await craft(a, b, { link });
  const receipt = await put(b, crafted);
  t.equal(receipt.status, 201);

  t.same((await askAs(a, b, `${EXCHANGES}/${crafted.jti}`)).body, receipt.body);
  const list = await askAs(a, b, EXCHANGES);
  t.match(list.json(), { exchanges: [{ jti: crafted.jti, direction: 'received' }], next: null });
  t.match((await askAs(a, b, `${EXCHANGES}?limit=x`)).json(), { code: 'request.query' });
  t.match((await askAs(a, b, `${EXCHANGES}/${uuidV7()}`)).json(), { code: 'exchange.unknown' });
  t.match((await askAs(a, b, `${EXCHANGES}/x/close`, 'POST')).json(), { code: 'exchange.unknown' });
  t.same((await close(a, b, crafted)).body, receipt.body);
  t.match((await askAs(a, b, `${EXCHANGES}/${crafted.jti}/close`, 'POST')).json(), {
    code: 'exchange.conflict',
  });
  for (const target of ['/.well-known/openid-federation', '/federation/v1/historical-keys'])
    t.equal((await ask(b, 'GET', target)).status, 200);

  const answers = async (code: string, status: number, from = a) => {
    for (const [method, target] of operations(crafted.jti))
      t.match((await askAs(from, b, target, method)).json(), { code, status }, `${method} ${target}`);
  };
  for (const [method, target] of operations(crafted.jti))
    t.match((await ask(b, method, target)).json(), { code: 'request.token' });
  await answers('peer.unknown', 403, await startTestNode(t));

  const { kid } = a.registry.self.signer();
  const mark = async (column: 'withdrawn_at' | 'revoked_at', status: string) => {
    await b.db.transact(async (tx) => {
      await tx.kysely
        .updateTable('peer_keys')
        .set({ [column]: new Date() })
        .where('kid', '=', kid)
        .execute();
      await bumpVersion(tx);
    });
    await eventually(async () => b.registry.findKey(a.url, kid)?.status === status);
  };
  await b.registry.peerAdmin.suspend(a.url, 'so that nothing is fetched anew');
  t.equal((await askAs(a, b, `${EXCHANGES}/${crafted.jti}`)).status, 200, 'who is suspended still learns');
  await mark('withdrawn_at', 'withdrawn');
  await answers('key.retired', 401);
  await mark('revoked_at', 'revoked');
  await answers('key.revoked', 401);
});

t.test('log lines name the exchange, and nobody', async (t) => {
  const logA = captureLog('info');
  const logB = captureLog('info');
  const [a, b] = [
    await startTestNode(t, { logger: logA.logger }),
    await startTestNode(t, { logger: logB.logger }),
  ];
  await peerNodes(a, b);
  const link = await seedLink(a, b, { reference: 'jeanne' });
  const lines = (log: { lines: LogLine[] }, about: { route: string; exchangeId?: string }) =>
    eventually(async () => {
      const found = log.lines.filter((line) =>
        Object.entries(about).every(([name, value]) => line[name] === value),
      );
      return found.length > 0 && found;
    });
  const pushes = `${EXCHANGES}/:jti`;

  const metadata = { link, ...INVOICE, title: 'Jeanne FR76' };
  const api = await createApiClient(a, 'integrator');
  const form = submissionForm(metadata, new Uint8Array(PDF), { name: 'jeanne.pdf' });
  const submitted = await api.call('POST', '/v1/documents', { body: form });
  const id = String(submitted.body['id']);
  await untilState(a, id, 'accepted');
  t.match(await lines(logB, { route: pushes, exchangeId: id }), [
    { msg: 'request', method: 'PUT', statusCode: 201, requestId: /./ },
  ]);
  t.match(await lines(logA, { route: '/v1/documents', exchangeId: id }), [
    { msg: 'request', method: 'POST', statusCode: 201 },
  ]);

  const other = await craft(a, b, { link, claims: { jti: id as never } });
  t.equal((await put(b, other)).status, 409);
  t.equal((await close(a, b, other)).status, 409);
  const alarms = logB.lines.filter((line) => line['exchangeConflict'] === true);
  t.match(alarms, [
    { level: 'warn', exchangeId: id, peer: a.url },
    { level: 'warn', exchangeId: id, peer: a.url },
  ]);
  t.equal(alarms.length, 2);

  await put(b, other, { path: 'jeanne' });
  const refused = await lines(logB, { route: pushes, problem: 'envelope.id_mismatch' } as never);
  t.equal(refused.length, 1);
  t.notOk('exchangeId' in (refused[0] as LogLine), 'what is no id is not logged');
  t.notMatch(logA.text() + logB.text(), /jeanne|FR76|facture/i);
  t.notMatch(logA.text() + logB.text(), link, 'nor is the link named');
});
