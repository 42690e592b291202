import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { sha256Bytes } from '../../src/protocol/digest.ts';
import { lockPeer } from '../../src/registry/store.ts';
import { craft, put } from '../support/craft.ts';
import { eventually, peerNodes, seedLink, startTestNode } from '../support/node.ts';

const a = await startTestNode(t);
const b = await startTestNode(t);
await peerNodes(a, b);
const link = await seedLink(a, b);

const THEIR_RECEIPT = 'another.replica.said';

/**
 * Puts these while the peer is locked, so that they have been looked up and wait, and has another replica decide some of
 * them meanwhile.
 */
async function race(
  crafted: readonly Awaited<ReturnType<typeof craft>>[],
  decided: readonly { jti: string; envSha256: Buffer }[],
) {
  let answers: Promise<Awaited<ReturnType<typeof put>>[]> | undefined;
  await b.db.transact(async (tx) => {
    await lockPeer(tx, a.url);
    answers = Promise.all(crafted.map((one) => put(b, one)));
    await eventually(async () => {
      const { rows } = await tx.client.query(
        `select count(*)::int as waiting from pg_locks
         where locktype = 'advisory' and not granted
           and database = (select oid from pg_database where datname = current_database())`,
      );
      return rows[0].waiting > 0;
    });
    // The others of the six are looked up too: none of that waits for the lock.
    await sleep(300);
    for (const { jti, envSha256 } of decided) {
      await tx.client.query(
        `insert into inbound_exchanges (iss, jti, env_sha256, act, envelope, outcome, decided_at)
         values ($1, $2, $3, 'document.push', 'theirs', 'accepted', now())`,
        [a.url, jti, envSha256],
      );
      await tx.client.query(
        `insert into evidence_records (exchange_jti, exchange_iss, event, issuer, event_at, jws)
         values ($1, $2, 'RelayAcceptance', $3, now(), $4)`,
        [jti, a.url, b.url, THEIR_RECEIPT],
      );
    }
  });
  return (await answers) ?? [];
}

async function records(jti: string): Promise<number> {
  const { rows } = await b.db.withClient((client) =>
    client.query('select count(*)::int as n from evidence_records where exchange_jti = $1', [jti]),
  );
  return rows[0].n;
}

t.test(
  'what another replica decided meanwhile is answered as it decided, and spoils none beside it',
  async (t) => {
    const [raced, conflicting, ...others] = await Promise.all(
      Array.from({ length: 6 }, () => craft(a, b, { link })),
    );
    if (raced === undefined || conflicting === undefined) throw new Error('nothing was crafted');
    const answers = await race(
      [raced, conflicting, ...others],
      [
        { jti: raced.jti, envSha256: sha256Bytes(raced.envelope) },
        { jti: conflicting.jti, envSha256: randomBytes(32) },
      ],
    );
    t.equal(answers[0]?.status, 200);
    t.equal(answers[0]?.body.toString(), THEIR_RECEIPT, 'the receipt that was stored');
    t.equal(answers[1]?.status, 409);
    t.match(answers[1]?.json(), { code: 'exchange.conflict' });
    for (const [at, other] of others.entries()) {
      t.equal(answers[at + 2]?.status, 201);
      t.equal(await records(other.jti), 1);
    }
    t.equal(await records(raced.jti), 1, 'and no second record of ours');
  },
);
