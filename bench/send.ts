import { type BenchNode, peerWithLoad, startBenchNode } from './bench-node.ts';
import type { Child } from './child.ts';
import type { Bench } from './context.ts';
import { eventually } from './eventually.ts';
import { cpuUs } from './procfs.ts';
import { CONNECTIONS, countOf } from './receiver.ts';
import type { Result } from './report.ts';
import { describeRound, detailOf, type Rounds, ratioOf } from './rounds.ts';
import type { SendCeilingCommands } from './send-ceiling.ts';

const CONTENT_BYTES = 1024;
const BODY_BYTES = 1024 + 350;
const FIRST_COUNT = 2_000;
const QUICK_COUNT = 200;

/**
 * Deliveries of documents that wait in the outbox, to a peer whose receipts were signed beforehand, beside a sender that
 * only signs and sends.
 */
export async function benchSend(bench: Bench): Promise<Result> {
  const { options, load, say } = bench;
  const node = await startBenchNode(bench, 'sender');
  const links = await peerWithLoad(bench, node);
  const ceiling = await bench.start<SendCeilingCommands>('send-ceiling.ts');
  const ours: Rounds = [];
  const ceilings: Rounds = [];

  let count = options.quick ? QUICK_COUNT : FIRST_COUNT;
  say(`warming up the sender with ${count} deliveries`);
  const warm = await deliver(bench, node, links, count);
  for (let round = 0; round < options.rounds; round++) {
    say(`send, round ${round + 1} of ${options.rounds}`);
    if (!options.quick) count = Math.ceil(((ours.at(-1) ?? warm).perS + 1) * options.seconds);
    const delivered = await deliver(bench, node, links, count);
    ours.push(delivered);
    say(describeRound('node', delivered));
    const most = await sendMost(bench, node, ceiling, load);
    ceilings.push(most);
    say(describeRound('send_ceiling', most));
  }
  return {
    figures: { send: ratioOf(ours, ceilings) },
    details: { send: { node: detailOf(ours), send_ceiling: detailOf(ceilings) } },
  };
}

/** Suspending a peer is told to it as well; the synthetic peer has no receipt for that, and it isn't measured. */
const DOCUMENTS = 'deliveries where jti in (select id from sent_documents)';

/** Fills the outbox while the peer is suspended, then releases it all and waits until every receipt is stored. */
async function deliver(
  bench: Bench,
  node: BenchNode,
  links: string[],
  count: number,
): Promise<Rounds[number]> {
  const { load, peer, store } = bench;
  const { pool } = node;
  const storedBefore = await receiptsStored(node);
  await node.child().ask('suspendPeer', peer.entityId);
  await node.child().ask('submit', { links, count, contentBytes: CONTENT_BYTES, concurrency: CONNECTIONS });
  await eventually(async () => (await countOf(pool, `${DOCUMENTS} and lease_owner is not null`)) === 0);
  await load.ask('expect', { iss: node.url, exchanges: await pending(node) });
  await load.ask('takeAnswered');
  await store.checkpoint();

  const nodeBefore = cpuUs(node.child().pid);
  const storeBefore = store.cpuUs();
  await node.child().ask('releasePeer', peer.entityId);
  // Seldom: counting is work for the server, and the time runs from the first answer to the last.
  await eventually(async () => (await countOf(pool, DOCUMENTS)) === 0, 250);
  const nodeUsed = cpuUs(node.child().pid) - nodeBefore;
  const storeUsed = store.cpuUs() - storeBefore;
  const answered = await load.ask('takeAnswered');
  const stored = (await receiptsStored(node)) - storedBefore;
  const open = await countOf(pool, `sent_documents where state <> 'accepted'`);
  if (answered.count !== count || stored !== count || open !== 0) {
    throw new Error(
      `${count} submitted, ${answered.count} answered, ${stored} receipts stored, ${open} open`,
    );
  }
  return {
    perS: ((count - 1) * 1000) / (answered.lastAtMs - answered.firstAtMs),
    nodeUs: nodeUsed / count,
    postgresUs: storeUsed / count,
  };
}

async function sendMost(
  bench: Bench,
  node: BenchNode,
  ceiling: Child<SendCeilingCommands>,
  load: Bench['load'],
): Promise<Rounds[number]> {
  const { rows } = await node.pool.query('select jti from outbound_exchanges order by jti desc limit 100');
  const jtis = rows.map((row) => row.jti as string);
  const before = cpuUs(ceiling.pid);
  const sent = await ceiling.ask('send', {
    origin: bench.peer.entityId,
    jtis,
    bodyBytes: BODY_BYTES,
    connections: CONNECTIONS,
    seconds: bench.options.seconds,
  });
  const nodeUs = (cpuUs(ceiling.pid) - before) / sent.answered;
  const answered = await load.ask('takeAnswered');
  if (answered.count !== sent.answered) throw new Error('the peer and the send ceiling count differently');
  return { perS: (sent.answered * 1000) / sent.elapsedMs, nodeUs, postgresUs: 0 };
}

function receiptsStored(node: BenchNode): Promise<number> {
  return countOf(node.pool, `evidence_records where event = 'ReceiptStored'`);
}

async function pending(node: BenchNode): Promise<{ jti: string; envelopeSha256: string }[]> {
  const { rows } = await node.pool.query(
    `select jti, env_sha256 from outbound_exchanges where state = 'pending' and act = 'document.push'`,
  );
  return rows.map((row) => ({ jti: row.jti, envelopeSha256: row.env_sha256.toString('base64url') }));
}
