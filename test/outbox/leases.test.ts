import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { systemClock } from '../../src/clock.ts';
import { createDatabase, createPools } from '../../src/db/index.ts';
import { createOutbox } from '../../src/outbox/index.ts';
import {
  extendLeases,
  insertDeliveries,
  leaseDue,
  readDuePeers,
  readQueue,
  reschedule,
} from '../../src/outbox/store.ts';
import { newUuidV7 } from '../../src/random.ts';
import { createTestDatabase } from '../support/database.ts';

const db = createDatabase(
  createPools({ connection: { connectionString: (await createTestDatabase(t)).url }, size: 4 }),
);
t.teardown(() => db.close());

const [ONE, OTHER] = [newUuidV7(), newUuidV7()];
const LEASE_MS = 60_000;
let peers = 0;

async function queued(count: number): Promise<{ peer: string; jtis: string[] }> {
  const peer = `https://peer-${++peers}.example`;
  const jtis = Array.from({ length: count }, newUuidV7);
  const expiresAt = new Date(Date.now() + 86_400_000);
  await db.transact((tx) =>
    insertDeliveries(
      tx,
      jtis.map((jti) => ({ jti, peer, expiresAt })),
    ),
  );
  return { peer, jtis };
}

const lease = async (peer: string, owner: string, limit: number) =>
  (await leaseDue(db, { peer, limit, owner, leaseMs: LEASE_MS })).map(({ jti }) => jti).sort();

const lapse = (peer: string) =>
  db.withClient((client) =>
    client.query(`update deliveries set leased_until = now() - interval '1 second' where peer = $1`, [peer]),
  );

const returned = (jti: string) => ({
  jti,
  delayMs: 0,
  task: 'send' as const,
  giveUpReason: null,
  code: 'peer.timeout',
  status: null,
  attempt: 1 as const,
  mismatch: 0 as const,
});

t.test('each is leased once, the rest to whoever asks next', async (t) => {
  const { peer, jtis } = await queued(10);
  const first = await lease(peer, ONE, 6);
  const second = await lease(peer, OTHER, 6);
  t.equal(first.length, 6);
  t.same([...first, ...second].sort(), [...jtis].sort());
  t.same(await lease(peer, ONE, 6), []);
  t.notOk((await readDuePeers(db)).includes(peer), 'nothing is due while all are leased');
});

t.test('what its owner held is taken once the lease is over, unless it was extended', async (t) => {
  const { peer, jtis } = await queued(2);
  t.equal((await lease(peer, ONE, 2)).length, 2);
  await lapse(peer);
  t.ok((await readDuePeers(db)).includes(peer));
  await extendLeases(db, { owner: ONE, jtis: [jtis[0] as string], leaseMs: LEASE_MS });
  t.same(await lease(peer, OTHER, 2), [jtis[1]]);
});

t.test('who lost a lease gives nothing back', async (t) => {
  const { peer, jtis } = await queued(1);
  const jti = jtis[0] as string;
  await lease(peer, ONE, 1);
  await lapse(peer);
  t.same(await lease(peer, OTHER, 1), [jti]);
  await reschedule(db, ONE, [returned(jti)]);
  await extendLeases(db, { owner: ONE, jtis: [jti], leaseMs: 1 });
  t.same(await lease(peer, ONE, 1), [], 'it is still the one’s that took it');
  await reschedule(db, OTHER, [returned(jti)]);
  t.same(await lease(peer, ONE, 1), [jti]);
});

t.test('a queue is counted, and told when its next try is due', async (t) => {
  const { peer } = await queued(3);
  t.equal((await readQueue(db, peer, 2)).queued, 2, 'no further than asked');
  await lease(peer, ONE, 3);
  const { queued: length, nextAttemptAt } = await readQueue(db, peer, 100);
  t.equal(length, 3);
  t.ok(Number(nextAttemptAt) > Date.now() + LEASE_MS / 2, 'not before the leases are over');
  t.same(await readQueue(db, 'https://nobody.example', 100), { queued: 0, nextAttemptAt: null });
});

t.test('what drains is held until it is through', async (t) => {
  const { peer } = await queued(1);
  let begun = false;
  let done = false;
  const outbox = createOutbox({
    db,
    clock: systemClock,
    options: { perPeerConcurrency: 4, retry: { baseMs: 50, capMs: 100 }, leaseMs: 300, pollMs: 20 },
    onError: (error) => t.fail(String(error)),
  });
  outbox.start(async (batch) =>
    batch.map((leased) => ({
      leased,
      run: async () => {
        if (leased.peer === peer) {
          begun = true;
          await sleep(1_500);
          done = true;
        }
        return { kind: 'hold', code: 'peer.suspended', delayMs: 3_600_000 };
      },
    })),
  );
  while (!begun) await sleep(10);
  const stopped = outbox.stop();
  await sleep(1_000);
  t.notOk(done, 'it is still being tried, long after its first lease');
  t.same(await lease(peer, OTHER, 1), [], 'and nobody else takes it');
  await stopped;
  t.ok(done);
  t.same(await lease(peer, OTHER, 1), [], 'given back for an hour');
});
