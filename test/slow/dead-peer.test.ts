import type { Socket } from 'node:net';
import t from 'tap';
import { PDF } from '../support/craft.ts';
import { startHop } from '../support/hop.ts';
import { eventually, peerNodes, seedLink, startTestNode, submit, type TestNode } from '../support/node.ts';
import { largeFile } from '../support/steady-load.ts';

const TO_DEAD = 100;
const TO_HEALTHY = 20;
const ENDLESS = 3;
const ENDLESS_BYTES = 6_000_000;
/** A peer that takes a request and says nothing is given up after a minute (HEADERS_TIMEOUT_MS). */
const FAR_BELOW_MS = 15_000;
/** Where only the machine's own slowness counts. */
const PATIENCE_MS = 45_000;

async function count(node: TestNode, text: string, peer: string): Promise<number> {
  const { rows } = await node.db.withClient((client) =>
    client.query(`select count(*)::int as n ${text}`, [peer]),
  );
  return rows[0].n;
}

t.test('a peer that takes connections and never answers slows nobody else', async (t) => {
  const hop = await startHop(t);
  const a = await startTestNode(t, {
    env: { INTERVAULT_RETRY_CAP_MS: '500', INTERVAULT_SHUTDOWN_GRACE_MS: '500' },
  });
  const dead = await startTestNode(t, { hop });
  const healthy = await startTestNode(t);
  await peerNodes(a, dead);
  await peerNodes(a, healthy);
  const toDead = await seedLink(a, dead);
  const toHealthy = await seedLink(a, healthy);
  const received = (node: TestNode) => count(node, 'from inbound_exchanges where iss = $1', a.url);
  const settledAs = (node: TestNode, state: string) =>
    count(
      a,
      `from outbound_exchanges where aud = $1 and state = '${state}' and act = 'document.push'`,
      node.url,
    );
  await eventually(async () => (await count(a, 'from deliveries where peer <> $1', '')) === 0, PATIENCE_MS);

  // Nothing is read of them, and nothing is said.
  const hanging: Socket[] = [];
  hop.onPut = (incoming) => void hanging.push(incoming.socket);
  const atOnce = a.config.outboxPerPeerConcurrency;
  t.ok(TO_DEAD > atOnce, 'some wait behind those that hang');
  // First some that stop half way, being more than sockets hold: they are read from the database as they leave.
  for (let n = 0; n < ENDLESS; n++) await submit(a, toDead, largeFile(ENDLESS_BYTES));
  await Promise.all(Array.from({ length: TO_DEAD - ENDLESS }, () => submit(a, toDead, PDF)));
  await eventually(async () => hanging.length === atOnce, PATIENCE_MS);

  await submit(a, toHealthy, largeFile());
  await Promise.all(Array.from({ length: TO_HEALTHY - 1 }, () => submit(a, toHealthy, PDF)));
  await eventually(async () => (await settledAs(healthy, 'accepted')) === TO_HEALTHY, FAR_BELOW_MS);
  t.equal(await received(healthy), TO_HEALTHY);

  // It was no pause between two tries: the first ones hang all the time, and none was given up.
  t.equal(hanging.length, atOnce);
  t.ok(hanging.every((socket) => !socket.destroyed));
  t.equal(await settledAs(dead, 'pending'), TO_DEAD);
  t.equal(
    await count(
      a,
      `from deliveries where peer = $1 and task = 'send' and attempts = 0 and last_code is null`,
      dead.url,
    ),
    TO_DEAD,
  );
  t.equal(await received(dead), 0);

  hop.onPut = undefined;
  for (const socket of hanging) socket.destroy();
  await eventually(async () => (await settledAs(dead, 'accepted')) === TO_DEAD, PATIENCE_MS);
  t.equal(await received(dead), TO_DEAD, 'and all of it arrives once the peer is well');
});
