import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { TEST_CERT, TEST_KEY } from '../http/tls-fixture.ts';
import { PDF, put } from '../support/craft.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { eventually, submit, untilState } from '../support/node.ts';
import { ACCEPTED, type Bench, checkLog, NOTHING, startBench } from './bench.ts';

const QUICK = { INTERVAULT_RETRY_BASE_MS: '20', INTERVAULT_RETRY_CAP_MS: '200' };

async function startBehindHop(t: Test): Promise<Bench & { hop: Hop }> {
  const hop = await startHop(t);
  return { hop, ...(await startBench(t, { sender: { env: QUICK }, recipient: { hop } })) };
}

t.test('the state of a peer stops what is new, both ways, and loses nothing', async (t) => {
  const bench = await startBench(t, { sender: { env: QUICK } });
  const { a, b, craft, kept } = bench;
  const before = await craft();
  const accepted = await put(b, before);
  t.equal(accepted.status, 201);

  await b.registry.peerAdmin.suspend(a.url, 'a test');
  const crafted = await craft();
  const refused = await put(b, crafted);
  t.equal(refused.status, 403);
  t.match(refused.json(), { code: 'peer.suspended', retryable: true });
  t.same(await kept(crafted.jti), NOTHING);
  const replay = await put(b, before);
  t.equal(replay.status, 200, 'a replay is still answered');
  t.same(replay.body, accepted.body);

  await b.registry.peerAdmin.resume(a.url);
  t.equal((await put(b, crafted)).status, 201);
  t.same(await kept(crafted.jti), ACCEPTED);

  await a.registry.peerAdmin.suspend(b.url, 'a test');
  const { id } = await submit(a, bench.link, PDF);
  await sleep(300);
  t.equal((await a.documents.sent(id))?.state, 'submitted', 'held unsent');
  t.same(await kept(id), NOTHING);
  await a.registry.peerAdmin.resume(b.url);
  await untilState(a, id, 'accepted');
  checkLog(t, bench, [crafted]);
});

t.test('links that stop a document', async (t) => {
  const bench = await startBench(t);
  const { b, link, craft, kept } = bench;
  const set = (state: string, restorable: string) =>
    b.db.withClient((client) =>
      client.query(
        `update link_halves set state = $2, rev = rev + 1, restorable_until = ${restorable}
         where link_id = $1 and owner = 'self'`,
        [link, state],
      ),
    );
  const crafted = await craft();
  await set('paused', 'null');
  t.match((await put(b, crafted)).json(), { code: 'link.paused', status: 409, retryable: true });
  await set('revoked', `now() + interval '1 day'`);
  t.match((await put(b, crafted)).json(), { code: 'link.restorable', status: 409, retryable: true });
  t.same(await kept(crafted.jti), NOTHING, 'none of them consumed the id');
  await set('active', 'null');
  t.equal((await put(b, crafted)).status, 201);

  await set('revoked', `now() - interval '1 day'`);
  const late = await craft();
  t.equal((await put(b, late)).status, 422, 'for good once it cannot come back');
  await set('active', 'null');
  t.equal((await put(b, late)).status, 200, 'a decision stays');
  const stranger = await craft({ link: late.jti as unknown as typeof link });
  t.match((await put(b, stranger)).json(), { code: 'link.unknown', status: 404, retryable: true });
  t.same(await kept(stranger.jti), NOTHING);
});

t.test(
  'a peer that answers 500 for long is asked now and then, and gets it all once it is well',
  async (t) => {
    const { a, b, link, hop, kept } = await startBehindHop(t);
    hop.onPut = (incoming, outgoing) => {
      incoming.resume();
      outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('no');
    };
    const ids = await Promise.all(Array.from({ length: 10 }, async () => (await submit(a, link, PDF)).id));
    await eventually(async () => a.outbox.breaker(b.url).state !== 'closed');
    const puts = hop.puts;
    await sleep(1_500);
    t.ok(hop.puts - puts < 60, `${hop.puts - puts} tries in 1.5 s, for ten documents`);
    hop.onPut = undefined;
    for (const id of ids) await untilState(a, id, 'accepted');
    for (const id of ids) t.same(await kept(id), ACCEPTED);
  },
);

t.test('a peer whose certificate fails is sent nothing', async (t) => {
  const { a, b, link, kept } = await startBench(t, { sender: { env: QUICK } });
  const seen: string[] = [];
  const impostor = createServer({ cert: TEST_CERT, key: TEST_KEY }, (incoming, outgoing) => {
    seen.push(incoming.url ?? '');
    outgoing.end();
  });
  await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
  t.teardown(() => impostor.close());
  const moveTo = async (endpoint: string) => {
    await a.db.withClient((client) =>
      client.query('update peers set federation_endpoint = $1 where entity_id = $2', [endpoint, b.url]),
    );
    await a.db.withClient((client) =>
      client.query('update node set registry_version = registry_version + 1'),
    );
    await eventually(async () => a.registry.peer(b.url)?.federationEndpoint === endpoint);
  };
  const right = a.registry.peer(b.url)?.federationEndpoint ?? '';
  await moveTo(`https://127.0.0.1:${(impostor.address() as AddressInfo).port}/federation/v1`);
  const { id } = await submit(a, link, PDF);
  await eventually(async () => (await a.documents.sent(id))?.last_code === 'peer.certificate');
  t.same(seen, [], 'not even a header');
  await eventually(
    async () => (await a.registry.peerAdmin.show(b.url)).outboundProblem === 'peer.certificate',
  );
  await moveTo(right);
  await untilState(a, id, 'accepted');
  t.same(await kept(id), ACCEPTED);
});
